// Package mailer sends mail over SMTP, one message to one recipient in one session, so that
// the outcome of each is known. [Open] reads the server from the configuration,
// [Server.Send] sends, and [Message.WriteTo] writes the same bytes as a file.
package mailer

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/netip"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"bucketproof/internal/config"
)

// patience is how long one session may take.
const patience = 90 * time.Second

// checkPatience is the same where someone waits for the answer.
const checkPatience = 20 * time.Second

// Message is one mail to one person. Its bytes depend only on its fields.
type Message struct {
	ID         string // without angle brackets
	From       string // an address, with or without a name
	To, ToName string
	ReplyTo    string // "" for the sender
	Subject    string
	Text, HTML string // HTML "" sends the text alone
	Date       time.Time
}

// ErrRefused means that the server refused a message or its recipient permanently (5xx, RFC
// 5321 section 4.2.1).
var ErrRefused = errors.New("refused for good")

// ErrUnknown means that the connection broke after the message was sent and before the
// server said whether it accepted it. Sent again, it may arrive twice, with the same
// Message-ID.
var ErrUnknown = errors.New("it is not known whether the server has taken the mail over")

// Server is an SMTP server.
type Server struct {
	host, user, password string
	port                 int
	security             gomail.TLSPolicy
	implicit             bool // TLS from the first byte
}

// Open reads the server of a configuration. The URL smtp:// requires STARTTLS, except on a
// loopback address; smtps:// uses TLS from the start. The password comes from the
// environment.
func Open(c config.Mail) (*Server, error) {
	u, err := url.Parse(c.SMTP)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("mail.smtp is no SMTP server")
	}
	s := &Server{host: u.Hostname(), user: u.User.Username(), security: gomail.TLSMandatory, implicit: u.Scheme == "smtps", port: 587}
	if s.implicit {
		s.port, s.security = 465, gomail.TLSOpportunistic // see dial
	}
	if text := u.Port(); text != "" {
		if s.port, err = strconv.Atoi(text); err != nil {
			return nil, fmt.Errorf("mail.smtp: port %q is no number", text)
		}
	}
	if ip, err := netip.ParseAddr(s.host); s.host == "localhost" || err == nil && ip.IsLoopback() {
		s.security = gomail.TLSOpportunistic
	}
	if s.user != "" {
		if c.PasswordEnv == "" {
			return nil, errors.New("mail.smtp names a user, and mail.password_env no variable with the password; set it")
		}
		if s.password, err = config.Secret("mail.password_env", c.PasswordEnv); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Name is the server as people read it, host and port.
func (s *Server) Name() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// Send sends one message. It returns nil once the server has accepted the message, whatever
// happens to the connection afterwards. An error that wraps [ErrRefused] is permanent; any
// other may go away.
func (s *Server) Send(ctx context.Context, m Message) error {
	msg, err := m.build()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if msg.IsDelivered() { // the final 250 counts, not how the session ended
		return nil
	}
	return s.explain(ctx, "send mail to "+m.To, err)
}

// Check opens a session, with TLS and authentication, and ends it.
func (s *Server) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	if err := client.DialWithContext(ctx); err != nil {
		return s.explain(ctx, "open a session", err)
	}
	return client.Close()
}

func (s *Server) explain(ctx context.Context, doing string, err error) error {
	if err == nil {
		err = errors.New("the server did not take it over")
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	err = fmt.Errorf("%s by %s: %w", doing, s.Name(), err)
	code := 0
	var sent *gomail.SendError
	var answer *textproto.Error
	if errors.As(err, &sent) {
		code = sent.ErrorCode()
	} else if errors.As(err, &answer) {
		code = answer.Code
	}
	switch {
	case sent != nil && sent.Reason == gomail.ErrSMTPDataClose && code == 0:
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	case code == 535 || code == 534: // the account, not the recipient
		return fmt.Errorf("%w; check the user in mail.smtp and the password", err)
	case code >= 500 && code < 600 && sent != nil:
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

func (s *Server) client(ctx context.Context) (*gomail.Client, error) {
	settings := &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}
	opts := []gomail.Option{
		gomail.WithPort(s.port), gomail.WithTimeout(patience), gomail.WithTLSConfig(settings), gomail.WithTLSPolicy(s.security),
		gomail.WithoutNoop(), gomail.WithoutRset(), // their failure would hide that a message was taken over
		gomail.WithDialContextFunc(func(dial context.Context, network, address string) (net.Conn, error) {
			raw, err := (&net.Dialer{}).DialContext(dial, network, address)
			if err != nil {
				return nil, err
			}
			context.AfterFunc(ctx, func() { raw.Close() }) // go-mail forgets the context after the dial
			if !s.implicit {
				return raw, nil
			}
			// go-mail takes a connection that is a *tls.Conn for an encrypted one;
			// with its own WithSSL and a dialer it does not.
			conn := tls.Client(raw, settings)
			if err := conn.HandshakeContext(dial); err != nil {
				return nil, errors.Join(err, raw.Close())
			}
			return conn, nil
		}),
	}
	if s.user != "" {
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.user), gomail.WithPassword(s.password))
	}
	return gomail.NewClient(s.host, opts...)
}

// WriteTo writes the message as a file (.eml).
func (m Message) WriteTo(w io.Writer) (int64, error) {
	msg, err := m.build()
	if err != nil {
		return 0, err
	}
	return msg.WriteTo(w)
}

func (m Message) build() (*gomail.Msg, error) {
	sum := sha256.Sum256([]byte(m.ID))
	msg := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP),
		gomail.WithMIMEVersion(gomail.MIME10),
		gomail.WithNoDefaultUserAgent(), gomail.WithBoundary("bp-"+hex.EncodeToString(sum[:12])))
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(m.Date.UTC())
	from, err := mail.ParseAddress(m.From)
	if err != nil {
		return nil, fmt.Errorf("mail.from: %w", err)
	}
	if err := msg.FromFormat(OneLine(from.Name), from.Address); err != nil {
		return nil, fmt.Errorf("mail.from: %w", err)
	}
	if err := msg.AddToFormat(OneLine(m.ToName), m.To); err != nil {
		return nil, fmt.Errorf("%w: the address %q: %w", ErrRefused, m.To, err)
	}
	if m.ReplyTo != "" {
		if err := msg.ReplyTo(m.ReplyTo); err != nil {
			return nil, fmt.Errorf("the address %q: %w", m.ReplyTo, err)
		}
	}
	msg.Subject(OneLine(m.Subject))
	msg.SetGenHeader(gomail.Header("Auto-Submitted"), "auto-generated") // RFC 3834
	msg.SetGenHeader(gomail.Header("X-Auto-Response-Suppress"), "All")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}

// OneLine is text without control characters, for a header.
func OneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s))
}

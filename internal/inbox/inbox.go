// Package inbox is a mail server for tests: a real one, in the process of the test, that
// keeps the mails that it receives.
package inbox

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/mail"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Inbox is a mail server that keeps the mails that it receives.
type Inbox struct {
	Address string                     // host:port
	Refuse  map[string]*smtp.SMTPError // by recipient

	mu    sync.Mutex
	mails []Mail
}

// Mail is one mail as it was received.
type Mail struct {
	To  string
	Raw []byte
	*mail.Message
}

// New starts a server on a loopback address. With a certificate it offers STARTTLS and
// requires the user reports with a password.
func New(t *testing.T, certificate *tls.Certificate, password string) *Inbox {
	t.Helper()
	in := &Inbox{Refuse: map[string]*smtp.SMTPError{}}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{Inbox: in, password: password, known: password == ""}, nil
	}))
	srv.Domain = "localhost"
	if certificate != nil {
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	in.Address = l.Addr().String()
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Error(err)
		}
	})
	return in
}

// All returns the mails so far.
func (in *Inbox) All() []Mail {
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]Mail(nil), in.mails...)
}

type session struct {
	*Inbox
	password string
	known    bool
	to       string
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "reports" || password != s.password {
			return smtp.ErrAuthFailed
		}
		s.known = true
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error {
	if !s.known {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.Refuse[to]; err != nil {
		return err
	}
	s.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, Mail{To: s.to, Raw: raw, Message: m})
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

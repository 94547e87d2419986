package mailer

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	gomail "github.com/wneessen/go-mail"

	"bucketproof/internal/config"
	"bucketproof/internal/inbox"
)

// certificate makes one for the loopback address that this process trusts from
// then on. It must be made before the first connection.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", path)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func message(to string) Message {
	return Message{ID: "abc@msp.example", From: "Bäckup evidence <evidence@msp.example>", To: to,
		ToName: "Dana\r\nBcc: x@evil.example", Subject: "Ünsafe\r\nBcc: y@evil.example",
		Text: "plain\n.\nend", HTML: "<p>rich</p>", Date: time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC)}
}

func server(t *testing.T, url, env string) *Server {
	t.Helper()
	s, err := Open(config.Mail{SMTP: url, PasswordEnv: env})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSend sends over STARTTLS with a password, as a provider asks for.
func TestSend(t *testing.T) {
	cert := certificate(t)
	in := inbox.New(t, &cert, "pässword")
	t.Setenv("TEST_SMTP_PASSWORD", "pässword")
	s := server(t, "smtp://reports@"+in.Address, "TEST_SMTP_PASSWORD")
	s.security = gomail.TLSMandatory // as for an address that is no loopback one: STARTTLS or nothing
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), message("dana@acme.example")); err != nil {
		t.Fatal(err)
	}
	mails := in.All()
	if len(mails) != 1 || mails[0].To != "dana@acme.example" || mails[0].Header.Get("Message-Id") != "<abc@msp.example>" {
		t.Fatalf("%d mails: %+v", len(mails), mails)
	}
	if got := mails[0].Header.Get("Auto-Submitted"); got != "auto-generated" {
		t.Errorf("Auto-Submitted is %q: vacation notices will answer", got)
	}
	if mails[0].Header.Get("Bcc") != "" || strings.Contains(string(mails[0].Raw), "\nBcc:") {
		t.Errorf("a header was smuggled in:\n%s", mails[0].Raw)
	}
	var file bytes.Buffer
	if _, err := message("dana@acme.example").WriteTo(&file); err != nil ||
		!bytes.Contains(mails[0].Raw, []byte("<p>rich</p>")) || !bytes.Contains(file.Bytes(), []byte("<p>rich</p>")) {
		t.Errorf("the message lost its HTML part (%v)", err)
	}
	t.Setenv("TEST_SMTP_PASSWORD", "wrong")
	wrong := server(t, "smtp://reports@"+in.Address, "TEST_SMTP_PASSWORD")
	if err := wrong.Send(t.Context(), message("dana@acme.example")); err == nil || errors.Is(err, ErrRefused) ||
		strings.Contains(err.Error(), "wrong\n") || !strings.Contains(err.Error(), "check the user") {
		t.Errorf("a wrong password: %v; want an error that may be mended", err)
	}
}

// TestRefusals tells apart what is for good and what may be otherwise later.
func TestRefusals(t *testing.T) {
	in := inbox.New(t, nil, "")
	in.Refuse["gone@acme.example"] = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	in.Refuse["grey@acme.example"] = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "come back later"}
	s := server(t, "smtp://"+in.Address, "")
	if err := s.Send(t.Context(), message("gone@acme.example")); !errors.Is(err, ErrRefused) ||
		!strings.Contains(err.Error(), "no such user") {
		t.Errorf("550: %v", err)
	}
	if err := s.Send(t.Context(), message("grey@acme.example")); err == nil || errors.Is(err, ErrRefused) || errors.Is(err, ErrUnknown) {
		t.Errorf("451: %v", err)
	}
	if err := s.Send(t.Context(), message("dana@acme.example")); err != nil {
		t.Error(err)
	}
	s.security = gomail.TLSMandatory
	if err := s.Send(t.Context(), message("dana@acme.example")); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("without STARTTLS: %v; want an error", err)
	}
	if n := len(in.All()); n != 1 {
		t.Errorf("%d mails arrived; want 1", n)
	}
	closed := server(t, "smtp://127.0.0.1:1", "")
	if err := closed.Send(t.Context(), message("dana@acme.example")); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("no server: %v", err)
	}
}

// cut is a server that breaks the connection at a point of the session.
func cut(t *testing.T, answerData bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		say := func(s string) { _, _ = conn.Write([]byte(s + "\r\n")) }
		say("220 here")
		buf, data, text := make([]byte, 4096), false, ""
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			text += string(buf[:n])
			switch {
			case data && strings.HasSuffix(text, "\r\n.\r\n"):
				if answerData {
					say("250 taken over")
				}
				return
			case data:
			case strings.HasPrefix(text, "DATA"):
				data, text = true, ""
				say("354 go on")
			case strings.HasSuffix(text, "\r\n"):
				text = ""
				say("250 ok")
			}
		}
	}()
	return l.Addr().String()
}

// TestCut: what counts is whether the server has taken the message over, not how
// the session ends.
func TestCut(t *testing.T) {
	if err := server(t, "smtp://"+cut(t, true), "").Send(t.Context(), message("dana@acme.example")); err != nil {
		t.Errorf("cut behind the answer: %v; want nil, it was taken over", err)
	}
	if err := server(t, "smtp://"+cut(t, false), "").Send(t.Context(), message("dana@acme.example")); !errors.Is(err, ErrUnknown) {
		t.Errorf("cut in front of the answer: %v; want that it is not known", err)
	}
}

// TestSilence: a server that says nothing is given up with the context.
func TestSilence(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := server(t, "smtp://"+l.Addr().String(), "").Send(ctx, message("dana@acme.example")); err == nil ||
		time.Since(began) > 10*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

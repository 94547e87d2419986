package page

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Server serves the page until ctx ends, over TLS where a certificate is given. A
// renewed certificate is taken as soon as its files are new.
// It returns once the address is taken; wait returns when the server has ended.
func Server(ctx context.Context, h http.Handler, listen, certificate, key string, log *slog.Logger) (address string,
	wait func() error, err error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return "", nil, fmt.Errorf("the download page: %w; choose another links.listen", err)
	}
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: perRequest,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), // broken handshakes and the like, which anyone can cause
	}
	done := make(chan error, 1)
	go func() {
		if certificate != "" {
			files := &keyPair{certificate: certificate, key: key, log: log}
			srv.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.get}
			done <- srv.ServeTLS(l, "", "")
		} else {
			done <- srv.Serve(l)
		}
	}()
	return l.Addr().String(), func() error {
		select {
		case err := <-done:
			return fmt.Errorf("the download page: %w", err)
		case <-ctx.Done():
		}
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		err := srv.Shutdown(stop)
		if errors.Is(err, context.DeadlineExceeded) { // a download that takes longer is asked for again
			err = srv.Close()
		}
		if end := <-done; !errors.Is(end, http.ErrServerClosed) {
			err = errors.Join(err, end)
		}
		return err
	}, nil
}

// keyPair is a certificate that is read again when its file is another one.
type keyPair struct {
	certificate, key string
	log              *slog.Logger

	mu     sync.Mutex
	read   *tls.Certificate
	of     time.Time // when the file that was read last had been changed
	looked time.Time
}

// betweenLooks is how long a certificate is used without looking at its file.
const betweenLooks = time.Minute

// get returns the certificate. One that can't be read leaves the last one in use.
func (p *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.read != nil && time.Since(p.looked) < betweenLooks {
		return p.read, nil
	}
	p.looked = time.Now()
	st, err := os.Stat(p.certificate)
	if err == nil && p.read != nil && st.ModTime().Equal(p.of) {
		return p.read, nil
	}
	var c tls.Certificate
	if err == nil {
		c, err = tls.LoadX509KeyPair(p.certificate, p.key)
	}
	if err == nil {
		p.read, p.of = &c, st.ModTime()
		return p.read, nil
	}
	if p.read == nil {
		return nil, err
	}
	p.log.Warn("the certificate of the download page can't be read; the last one stays in use", "certificate", p.certificate, "error", err)
	return p.read, nil
}

package page

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Server serves the page until ctx ends, over TLS where a certificate is given.
// It returns once the address is taken; wait returns when the server has ended.
func Server(ctx context.Context, h http.Handler, listen, certificate, key string, log *slog.Logger) (address string, wait func() error, err error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return "", nil, fmt.Errorf("the download page: %w; choose another links.listen", err)
	}
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: perRequest, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), // broken handshakes and the like, which anyone can cause
	}
	done := make(chan error, 1)
	go func() {
		if certificate != "" {
			done <- srv.ServeTLS(l, certificate, key)
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

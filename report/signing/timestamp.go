package signing

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/digitorus/timestamp"
)

const (
	tsaPatience = 30 * time.Second
	maxToken    = 1 << 20 // bytes
)

// timestamp asks the authority to confirm that a signature was there at a time
// (RFC 3161), and returns its token.
func (s *Signer) timestamp(ctx context.Context, signature []byte) ([]byte, error) {
	fail := func(err error) ([]byte, error) {
		return nil, fmt.Errorf("time-stamp from %s: %w", s.tsa, err)
	}
	request, err := timestamp.CreateRequest(bytes.NewReader(signature), &timestamp.RequestOptions{Hash: crypto.SHA256, Certificates: true})
	if err != nil {
		return fail(err)
	}
	ctx, cancel := context.WithTimeout(ctx, tsaPatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.tsa, bytes.NewReader(request))
	if err != nil {
		return fail(err)
	}
	r.Header.Set("Content-Type", "application/timestamp-query")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return fail(err)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxToken))
	if err := response.Body.Close(); err != nil {
		return fail(err)
	}
	switch {
	case err != nil:
		return fail(err)
	case response.StatusCode != http.StatusOK:
		return fail(fmt.Errorf("it answers %s", response.Status))
	}
	token, err := timestamp.ParseResponse(body)
	if err != nil {
		return fail(err)
	}
	if sum := sha256.Sum256(signature); token.HashAlgorithm != crypto.SHA256 || !bytes.Equal(token.HashedMessage, sum[:]) {
		return fail(fmt.Errorf("it confirms something else than was asked"))
	}
	return token.RawToken, nil
}

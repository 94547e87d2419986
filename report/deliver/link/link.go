// Package link makes the links by which contacts reach a packet: presigned ones
// of S3, or those of the service's own download page, whichever lives long
// enough. [Maker.Make] decides and makes one.
package link

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
	"bucketproof/report"
	"bucketproof/report/deliver"
)

// Kinds of links.
const (
	Presigned = "presigned"
	Page      = "page"
)

// Link opens one packet for one contact.
type Link struct {
	Kind      string
	URL       string
	Ends      time.Time
	Unsure    bool   // it may end before, because the end of the credentials is not known
	Downloads int    // at most; of a page
	ID        string // of a page: what `links` names it by
	// Warning is set where the link lives shorter than was wished and no other
	// way is configured.
	Warning string
}

// ErrNone means that no kind of link can be made.
var ErrNone = errors.New("no link to the packet can be made")

// Maker makes links.
type Maker struct {
	Store *state.Links // of links to the download page
	Links config.Links
	Now   func() time.Time
}

// slack is how much shorter than the wish a link may live.
const slack = 10 * time.Minute

// Make makes a link to a packet for a contact that lives for the wish, or for as
// long as can be.
func (m Maker) Make(ctx context.Context, o *deliver.Opened, name, email string, wish time.Duration) (Link, error) {
	if m.Links.Kind == Page {
		return m.page(ctx, o, name, email, wish)
	}
	signed, err := objects.Presign(ctx, o.URL, m.Links.AWS, report.PDFName, o.Name(report.PDFName), "application/pdf", wish, m.Now())
	long := err == nil && !signed.Unsure && signed.Ends.Sub(m.Now()) >= min(wish, objects.LongestPresign)-slack
	switch {
	case long:
	case m.Links.Kind != Presigned && m.Links.Page():
		return m.page(ctx, o, name, email, wish)
	case errors.Is(err, objects.ErrNoPresign):
		return Link{},
			fmt.Errorf("%w: evidence.url is a folder, which has no presigned links, and links.public_url names no download page; set it",
				ErrNone)
	case err != nil:
		return Link{}, err
	}
	l := Link{Kind: Presigned, URL: signed.URL, Ends: signed.Ends, Unsure: signed.Unsure}
	if !long {
		l.Warning = "the presigned link ends with the credentials that signed it; set links.public_url, or links.aws to an IAM user"
	}
	if !signed.Ends.After(m.Now()) {
		return Link{}, fmt.Errorf("%w: the credentials that sign it have ended", ErrNone)
	}
	return l, nil
}

func (m Maker) page(ctx context.Context, o *deliver.Opened, name, email string, wish time.Duration) (Link, error) {
	var token [32]byte
	rand.Read(token[:]) // it never fails; a system without randomness ends the program
	mf := o.Manifest
	l := state.Link{ID: strings.ToLower(rand.Text()[:10]), Tenant: mf.Tenant.ID, Month: mf.Period.Month,
		Revision: mf.Revision, Email: email, Name: name,
		Created: m.Now(), Ends: m.Now().Add(wish).Truncate(time.Second), MaxDownloads: m.Links.MaxDownloads}
	if err := m.Store.Put(ctx, token, l); err != nil {
		return Link{}, err
	}
	return Link{Kind: Page, URL: m.Links.PublicURL + Path + Encode(token), Ends: l.Ends, Downloads: l.MaxDownloads, ID: l.ID}, nil
}

// Path is the beginning of the path of a link to the download page; the token
// follows.
const Path = "/p/"

// Encode is a token as it stands in a link.
func Encode(token [32]byte) string { return base64.RawURLEncoding.EncodeToString(token[:]) }

// Decode reads it back.
func Decode(text string) (token [32]byte, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != len(token) {
		return token, false
	}
	return [32]byte(b), true
}

// Foresee tells which kind of link a mail would get now, without making one, and
// why it is not a presigned one that lives for the wish; reason is "" where it is.
func (m Maker) Foresee(ctx context.Context, evidence objects.URL, wish time.Duration) (kind, reason string, err error) {
	if m.Links.Kind == Page {
		return Page, "", nil
	}
	if evidence.Scheme != "s3" {
		reason = "a folder has no presigned links"
	} else {
		ends, unsure, err := objects.SignerEnds(ctx, evidence, m.Links.AWS)
		switch {
		case err != nil:
			return "", "", err
		case unsure:
			reason = "the credentials that would sign a link are temporary and don't tell their end"
		case !ends.IsZero() && ends.Before(m.Now().Add(wish-slack)):
			reason = "the credentials that would sign a link end on " +
				ends.UTC().Format("2 January 2006 at 15:04 MST") + ", before the link should"
		}
	}
	switch {
	case reason != "" && m.Links.Kind != Presigned && m.Links.Page():
		return Page, reason, nil
	case evidence.Scheme != "s3":
		return "", reason, nil
	}
	return Presigned, reason, nil
}

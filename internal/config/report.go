package config

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"image"
	_ "image/jpeg" // a logo can be one
	_ "image/png"  // a logo can be one
	"math"
	"os"
	"slices"
	"strings"

	"golang.org/x/image/font/sfnt"

	"bucketproof/templates"
)

// Report is how a packet looks.
type Report struct {
	MSP      string // the name in its head; "" for none
	Logo     string // a PNG or JPEG file, resolved against Dir; "" for none
	Accent   [3]uint8
	Paper    string   // A4 or Letter
	Language string   // one of templates.Languages
	Fonts    []string // TrueType files for scripts that the embedded fonts lack, resolved against Dir
}

// Signing is how a packet is signed. Of Key, PKCS12 and KMSKey one is set, or
// none for packets without a signature. Paths are resolved against Dir.
type Signing struct {
	Certificate string // PEM: the certificate of the signer, then those above it
	Key         string // PEM
	PKCS12      string
	PasswordEnv string // the variable with the password of Key or PKCS12
	KMSKey      string // ARN, ID or alias of an AWS KMS key that signs
	TSAURL      string // a time-stamping authority (RFC 3161); "" for none
}

// Signs tells whether packets are signed.
func (s Signing) Signs() bool { return s.Key != "" || s.PKCS12 != "" || s.KMSKey != "" }

// DefaultAccent is the colour of a packet whose configuration names none.
var DefaultAccent = [3]uint8{0x2F, 0x6F, 0x8F}

const (
	maxLogo  = 5 << 20  // bytes
	maxFont  = 64 << 20 // bytes
	maxWidth = 8000     // of a logo, in pixels; as its height
	// minContrast is the least that WCAG 2.1 asks of text on its ground (1.4.3).
	minContrast = 4.5
)

func (c *Config) readReport(t *table) Report {
	r := Report{MSP: t.str("msp", ""), Accent: readColor(t, "accent", DefaultAccent), Paper: readPaper(t, "A4"),
		Language: readLanguage(t, "en")}
	if logo := t.str("logo", ""); logo != "" {
		r.Logo = c.resolve(logo)
		if err := checkLogo(r.Logo); err != nil {
			t.problem("logo", "%s", err)
		}
	}
	fonts, _ := t.stringList("fonts")
	for _, f := range fonts {
		path := c.resolve(f)
		if err := checkFont(path); err != nil {
			t.problem("fonts", "%s", err)
		}
		r.Fonts = append(r.Fonts, path)
	}
	t.done()
	return r
}

func readPaper(t *table, def string) string { return t.oneOf("paper", def, "A4", "Letter") }

func readLanguage(t *table, def string) string {
	return t.oneOf("language", def, templates.Languages...)
}

// checkLogo refuses what would only fail a month later.
func checkLogo(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() > maxLogo {
		return fmt.Errorf("%s has %d bytes; a logo has %d at most", path, info.Size(), maxLogo)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	size, kind, err := image.DecodeConfig(bytes.NewReader(body))
	if err != nil || kind != "png" && kind != "jpeg" {
		return fmt.Errorf("%s is no PNG or JPEG image; save it as one", path)
	}
	if size.Width > maxWidth || size.Height > maxWidth || size.Width == 0 || size.Height == 0 {
		return fmt.Errorf("%s has %d by %d pixels; save it with %d at most", path, size.Width, size.Height, maxWidth)
	}
	if _, _, err := image.Decode(bytes.NewReader(body)); err != nil {
		return fmt.Errorf("%s can't be read as an image (%w); save it again", path, err)
	}
	return nil
}

// checkFont takes fonts with TrueType outlines, the only ones that the packet
// can embed.
func checkFont(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() > maxFont {
		return fmt.Errorf("%s has %d bytes; a font has %d at most", path, info.Size(), maxFont)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(body, []byte{0, 1, 0, 0}) && !bytes.HasPrefix(body, []byte("true")) {
		return fmt.Errorf("%s is no font with TrueType outlines; name a .ttf file, not an .otf or .ttc one", path)
	}
	if _, err := sfnt.Parse(body); err != nil {
		return fmt.Errorf("%s can't be read as a font (%w)", path, err)
	}
	return nil
}

// readColor reads #RRGGBB, dark enough to be read on white.
func readColor(t *table, key string, def [3]uint8) [3]uint8 {
	text := t.str(key, "")
	if text == "" {
		return def
	}
	b, err := hex.DecodeString(strings.TrimPrefix(text, "#"))
	if err != nil || len(b) != 3 || !strings.HasPrefix(text, "#") {
		t.problem(key, "is %q; write a colour as \"#2F6F8F\"", text)
		return def
	}
	c := [3]uint8(b)
	if ratio := contrast(c); ratio < minContrast {
		t.problem(key, "is %q, which stands out from white by %.1f : 1; take a darker one, of %.1f : 1 at least", text, ratio, minContrast)
	}
	return c
}

// contrast is that of a colour on white (WCAG 2.1, relative luminance).
func contrast(c [3]uint8) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.03928 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 1.05 / (0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2]) + 0.05)
}

func (c *Config) readSigning(t *table) Signing {
	s := Signing{PasswordEnv: t.str("password_env", ""), KMSKey: t.str("kms_key", ""), TSAURL: t.str("tsa_url", "")}
	for key, to := range map[string]*string{"certificate": &s.Certificate, "key": &s.Key, "pkcs12": &s.PKCS12} {
		text := t.str(key, "")
		if text == "" {
			continue
		}
		*to = c.resolve(text)
	}
	for _, f := range []struct{ key, path string }{{"certificate", s.Certificate}, {"key", s.Key}, {"pkcs12", s.PKCS12}} {
		if f.path == "" {
			continue
		}
		if _, err := os.Stat(f.path); err != nil {
			t.problem(f.key, "%s", err)
		}
	}
	set := slices.DeleteFunc([]string{s.Key, s.PKCS12, s.KMSKey}, func(x string) bool { return x == "" })
	switch {
	case len(set) > 1:
		t.problem("key", "stands beside pkcs12 or kms_key; keep one of the three")
	case (s.Key != "" || s.KMSKey != "") && s.Certificate == "":
		t.problem("certificate", "is missing; name the PEM file with the certificate of the key")
	case s.PKCS12 != "" && s.Certificate != "":
		t.problem("certificate", "is set beside pkcs12, which holds its own; remove one of the two")
	case len(set) == 0 && (s.Certificate != "" || s.TSAURL != "" || s.PasswordEnv != ""):
		t.problem("key", "is missing; name the key with key, pkcs12 or kms_key, or leave the whole block out")
	}
	if s.TSAURL != "" && !isHTTP(s.TSAURL) {
		t.problem("tsa_url", "is %q; write a URL like http://timestamp.example.com, without credentials", s.TSAURL)
	}
	t.done()
	return s
}

package config

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"eliasnaur.com/font/roboto/robotoregular"
)

func TestReportAndSigning(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, body []byte) string {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	var logo bytes.Buffer
	if err := png.Encode(&logo, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	write("logo.png", logo.Bytes())
	write("broken.png", logo.Bytes()[:logo.Len()-20])
	write("text.png", []byte("no image"))
	write("font.ttf", robotoregular.TTF)
	write("font.otf", append([]byte("OTTO"), robotoregular.TTF[4:]...))
	write("key.pem", nil)
	good := `
[report]
msp = "Northwind"
logo = "logo.png"
accent = "#114477"
paper = "Letter"
language = "de"
fonts = ["font.ttf"]
[signing]
key = "key.pem"
certificate = "key.pem"
tsa_url = "http://timestamp.example.com"
`
	c, err := Parse(filepath.Join(dir, "c.toml"), []byte(minimal+good))
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Report; r.Accent != [3]uint8{0x11, 0x44, 0x77} || r.Logo != filepath.Join(dir, "logo.png") ||
		len(r.Fonts) != 1 || !c.Signing.Signs() || c.Tenants[0].Paper != "Letter" || c.Tenants[0].Language != "de" {
		t.Errorf("it came out as %+v, %+v", r, c.Signing)
	}
	own := strings.Replace(minimal, `name = "Acme"`, "name = \"Acme\"\nlanguage = \"en\"\npaper = \"A4\"", 1)
	if c, err := Parse(filepath.Join(dir, "c.toml"), []byte(own+good)); err != nil || c.Tenants[0].Paper != "A4" ||
		c.Tenants[0].Language != "en" {
		t.Errorf("a tenant's own are not taken: %v", err)
	}
	for text, want := range map[string]string{
		`logo = "none.png"`:    "no such file",
		`logo = "text.png"`:    "no PNG or JPEG",
		`logo = "broken.png"`:  "can't be read as an image",
		`accent = "#FFCC00"`:   "4.5 : 1",
		`accent = "blue"`:      "#2F6F8F",
		`paper = "A5"`:         `"Letter"`,
		`language = "fr"`:      `"de"`,
		`fonts = ["font.otf"]`: "TrueType",
		`fonts = ["none.ttf"]`: "no such file",
		`fonts = ["logo.png"]`: "TrueType",
		`colour = "#000000"`:   "colour",
		`logo = "logo.png"` + "\n[signing]\nkey = \"key.pem\"": "certificate",
		`msp = "x"` + "\n[signing]\ncertificate = \"key.pem\"": "signing.key",
		`msp = "x"` +
			"\n[signing]\nkey = \"key.pem\"\nkms_key = \"a\"\ncertificate = \"key.pem\"": "one of the three",
		`msp = "x"` + "\n[signing]\npkcs12 = \"key.pem\"\ncertificate = \"key.pem\"": "remove one",
		`msp = "x"` +
			"\n[signing]\nkey = \"key.pem\"\ncertificate = \"key.pem\"\ntsa_url = \"http://u:p@t.example.com\"": "without credentials",
		`msp = "x"` + "\n[signing]\nkey = \"none.pem\"\ncertificate = \"key.pem\"": "no such file",
	} {
		var fault *Error
		if _, err := Parse(filepath.Join(dir, "c.toml"), []byte(minimal+"[report]\n"+text)); !errors.As(err,
			&fault) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

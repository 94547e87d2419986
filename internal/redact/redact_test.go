package redact

import (
	"net/url"
	"strings"
	"testing"
)

const secret = "5f0c1d2e%2Bsecret"

func TestEveryParameterInEveryForm(t *testing.T) {
	for _, name := range []string{"X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-Credential", "Signature", "AWSAccessKeyId",
		"x-amz-server-side-encryption-customer-key", "token", "password", "client_secret"} {
		plain := "GET /b/k?a=1&" + name + "=" + secret + "&z=2 HTTP/1.1"
		forms := map[string]string{
			"plain": plain, "upper": strings.ToUpper(plain), "lower": strings.ToLower(plain),
			"once": url.QueryEscape(plain), "twice": url.QueryEscape(url.QueryEscape(plain)),
			"three times": url.QueryEscape(url.QueryEscape(url.QueryEscape(plain))),
			"dashes too":  strings.ReplaceAll(url.QueryEscape(plain), "-", "%2D"),
			"last":        "k?" + name + "=" + secret,
		}
		for form, text := range forms {
			got := Text(text)
			if strings.Contains(strings.ToLower(got), "5f0c1d2e") || strings.Contains(strings.ToLower(got), "secret&") {
				t.Errorf("%s, %s: %q keeps the secret", name, form, got)
			}
			if form == "plain" && !strings.HasSuffix(got, "&z=2 HTTP/1.1") {
				t.Errorf("%s: %q lost what stands behind", name, got)
			}
		}
	}
}

func TestOtherWaysToWriteASecret(t *testing.T) {
	for _, text := range []string{`curl X-Amz-Signature="S3CRET"`, `{"X-Amz-Signature":"S3CRET"}`,
		`{\"token\": \"S3CRET\"}`, "X-Amz-Signature:S3CRET", "X-Amz-Signature%3AS3CRET",
		"X-Amz-Signature= S3CRET", "X-Amz-Signature[]=S3CRET", `X-Amz-Signature\u003dS3CRET`,
		"X-Amz-Signature=<S3CRET", "Signature=ab%26S3CRET", "X-Amz-Signature%5B%5D%3DS3CRET",
		"aws_secret_access_key = S3CRET", "x%22X-Amz-Security-Token%22%3A%22S3CRET%22"} {
		if got := Text(text); strings.Contains(got, "S3CRET") {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestAccessKeyIDs(t *testing.T) {
	// Those of people and those of roles, which are temporary.
	for _, id := range []string{"AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"} {
		if got := Text("user " + id + " did"); got != "user [redacted] did" {
			t.Errorf("got %q", got)
		}
	}
}

func TestACredentialIsMarkedOnce(t *testing.T) {
	if got := Text("k?X-Amz-Credential%3DAKIAIOSFODNN7EXAMPLE%252F20261018&z"); got != "k?X-Amz-Credential%3D[redacted]&z" {
		t.Errorf("got %q", got)
	}
}

func TestOrdinaryTextStays(t *testing.T) {
	for _, s := range []string{"", "veeam/Z%C3%BCrich%20Caf%C3%A9/x",
		"aws-cli/2.17.0 md/Botocore#1 cfg/retry-mode=standard", "arn:aws:sts::111122223333:assumed-role/BackupRole",
		"Signature of the client"} {
		if got := Text(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a&X-Amz-Signature=", "v")
	f.Fuzz(func(t *testing.T, before, after string) {
		const needle = "0123456789abcdef0123456789abcdef"
		if got := Text(before + "&X-Amz-Signature=" + needle + "&" + after); strings.Contains(got, needle) {
			t.Fatalf("%q", got)
		}
	})
}

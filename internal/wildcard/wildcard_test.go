package wildcard

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"**", "", true},
		{"?", "", false},
		{"a*", "", false},
		{"arn:aws:iam::*:role/Backup*", "arn:aws:iam::111122223333:role/Backup-2", true},
		{"arn:aws:iam::*:role/Backup*", "arn:aws:iam::111122223333:role/backup-2", false},
		{"Veeam?", "Veeam1", true},
		{"Veeam?", "Veeam", false},
		{"Veeam?", "Veeam12", false},
		{"*.vbk", "a.vbk.vbk", true},
		{"*.vbk", "a.vbk.tmp", false},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c-b", false},
		{"a.c", "abc", false},
		{"[ab]", "a", false},
	} {
		if got := Match(c.pattern, c.text); got != c.want {
			t.Errorf("%q matches %q: %t, want %t", c.pattern, c.text, got, c.want)
		}
	}
}

// TestMatchAsRegexp: patterns and texts at random match as the same regular expressions do.
func TestMatchAsRegexp(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	word := func(letters string) string {
		b := make([]byte, draw.IntN(7))
		for i := range b {
			b[i] = letters[draw.IntN(len(letters))]
		}
		return string(b)
	}
	for range 5000 {
		pattern, text := word("ab*?"), word("ab")
		re := regexp.MustCompile("^" + strings.NewReplacer("*", ".*", "?", ".").Replace(pattern) + "$")
		if got := Match(pattern, text); got != re.MatchString(text) {
			t.Errorf("%q matches %q: %t", pattern, text, got)
		}
	}
}

// TestMatchIsBounded: a pattern that backtracking would take years for takes no time.
func TestMatchIsBounded(t *testing.T) {
	begun := time.Now()
	if Match(strings.Repeat("a*", 50)+"b", strings.Repeat("a", 5000)) {
		t.Error("it matches")
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

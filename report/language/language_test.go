package language

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketproof/analyze"
	"bucketproof/internal/reason"
	"bucketproof/templates"
)

func load(t *testing.T, name string) *Text {
	t.Helper()
	text, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var places = regexp.MustCompile(`\{([a-z0-9-]+)[:}]`)

func placesOf(message string) []string {
	var out []string
	for _, m := range places.FindAllStringSubmatch(message, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	slices.Sort(out)
	return out
}

// Every language has every message of English, with the same places.
func TestLanguagesAreComplete(t *testing.T) {
	english := load(t, "en")
	for _, name := range templates.Languages[1:] {
		other := load(t, name)
		for _, key := range english.Keys() {
			if !other.Has(key) {
				t.Errorf("%s lacks %s", name, key)
				continue
			}
			for _, place := range placesOf(other.messages[key]) {
				if !slices.Contains(placesOf(english.messages[key]), place) && place != "n" && place != "bucket" && place != "subject" {
					t.Errorf("%s: %s has {%s}, which English has not", name, key, place)
				}
			}
		}
	}
}

// Every query and every check is there in every other language, with the places
// of the English one.
func TestStatementsAreTranslated(t *testing.T) {
	catalog, err := analyze.LoadCatalog(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range templates.Languages[1:] {
		text := load(t, name)
		same := func(key, english string) {
			if english == "" {
				return
			}
			if !text.Has(key) {
				t.Errorf("%s lacks %s", name, key)
			} else if got, want := placesOf(text.messages[key]), placesOf(english); !slices.Equal(got, want) {
				t.Errorf("%s: %s has the places %v, English %v", name, key, got, want)
			}
		}
		for _, q := range catalog.Queries {
			same("query."+q.Name+".title", q.Title)
			same("query."+q.Name+".question", q.Question)
			for column, note := range q.Notes {
				same("query."+q.Name+".column."+column, note)
			}
		}
		for _, c := range catalog.Checks {
			same("check."+c.Name+".title", c.Title)
			same("check."+c.Name+".sentence", c.Sentence)
			same("check."+c.Name+".draft", c.Draft)
			if !text.Has("check." + c.Name + ".action") {
				t.Errorf("%s lacks check.%s.action", name, c.Name)
			}
		}
	}
	for _, c := range catalog.Checks {
		if !load(t, "en").Has("check." + c.Name + ".action") {
			t.Errorf("en lacks check.%s.action", c.Name)
		}
	}
}

// Every language has words for every reason, which say all that it knows.
func TestReasonsHaveWords(t *testing.T) {
	for _, name := range templates.Languages {
		text := load(t, name)
		for _, code := range reason.Codes() {
			key := "why." + string(code)
			if !text.Has(key) {
				t.Errorf("%s lacks %s", name, key)
				continue
			}
			if got, want := placesOf(text.messages[key]), slices.Sorted(slices.Values(code.Places())); !slices.Equal(got, want) {
				t.Errorf("%s: %s has the places %v, the code %v", name, key, got, want)
			}
		}
		for _, key := range text.Keys() {
			if code, ok := strings.CutPrefix(key, "why."); ok && !slices.Contains(reason.Codes(), reason.Code(code)) {
				t.Errorf("%s has words for %s, which is no code", name, key)
			}
		}
	}
}

func TestReasons(t *testing.T) {
	en, de := load(t, "en"), load(t, "de")
	from, to := time.Date(2026, 10, 3, 10, 0, 59, 0, time.UTC), time.Date(2026, 12, 5, 11, 30, 0, 0, time.UTC)
	for _, tt := range []struct {
		why              reason.Reason
		english, deutsch string
	}{
		{reason.Reason{}, "", ""},
		{reason.Silence{}.Ever(), "no log record at all", "kein Protokolleintrag"},
		{reason.Silence{}.Between(from, to), "no log record from 3 Oct 2026 10:00 to 5 Dec 2026 11:30",
			"kein Protokolleintrag vom 3. Okt. 2026 10:00 bis zum 5. Dez. 2026 11:30"},
		{reason.Silence{Account: "111122223333"}.InHours(5, 24),
			"no CloudTrail event of account 111122223333 in 5 of the 24 hours that always have one",
			"kein CloudTrail-Ereignis des Kontos 111122223333 in 5 der 24 Stunden, die sonst immer eines haben"},
		{reason.Unreadable(1234, 5000), "1234 of 5000 lines can't be read", "1.234 von 5.000 Zeilen nicht lesbar"},
		{reason.NotKnown("{detail}", "{what}"), "not known: {detail}: {what}", "nicht bekannt: {detail}: {what}"},
		{reason.Sentence("no log record at all"), "no log record at all", "no log record at all"}, // of an earlier version
		{reason.Sentence("3 deletes a day, the median of 27 days"), "3 deletes a day, the median of 27 days",
			"3 Löschungen je Tag, der Median aus 27 Tagen"},
	} {
		if got := en.Reason(tt.why); got != tt.english || tt.why.String() != got {
			t.Errorf("%v is %q in English, and alone %q; want %q", tt.why, got, tt.why, tt.english)
		}
		if got := de.Reason(tt.why); got != tt.deutsch {
			t.Errorf("%v is %q, want %q", tt.why, got, tt.deutsch)
		}
	}
}

func TestNumbersAndDates(t *testing.T) {
	en, de := load(t, "en"), load(t, "de")
	at := time.Date(2026, 10, 3, 14, 5, 0, 0, time.UTC)
	for _, tt := range []struct{ got, want string }{
		{en.Integer(1379204), "1,379,204"}, {de.Integer(1379204), "1.379.204"}, {en.Integer(-12), "-12"},
		{en.Integer(math.MaxInt64), "9,223,372,036,854,775,807"},
		{en.Bytes(0), "0 B"}, {en.Bytes(999), "999 B"}, {en.Bytes(-1_200_000_000), "-1.2 GB"}, {en.Bytes(-5), "-5 B"},
		{en.Bytes(1000), "1.0 KB"}, {de.Bytes(12_400_000_000_000), "12,4 TB"}, {en.Bytes(999_999), "1.0 MB"},
		{en.Bytes(math.MaxInt64), "9.2 EB"},
		{en.Round(30_000_000_000), "30 GB"}, {en.Round(2_500_000), "2.5 MB"},
		{en.Percent(0, 0), "–"}, {en.Percent(0, 5), "0.00 %"}, {en.Percent(5, 5), "100 %"},
		{en.Percent(999_999, 1_000_000), "> 99.99 %"}, {en.Percent(1, 1_000_000), "< 0.01 %"}, {de.Percent(1, 3), "33,33 %"},
		{en.Change(100, 103), "+3 %"}, {en.Change(100, 40), "−60 %"}, {en.Change(0, 5), "–"}, {en.Change(1000, 1001), "± 0 %"},
		{en.Date(at), "3 Oct"}, {de.Date(at), "3. Okt."}, {en.Time(at), "3 Oct 14:05"},
		{de.Month(at), "Oktober 2026"}, {en.Day("2026-10-03"), "3 Oct"}, {en.Day("nonsense"), "nonsense"},
		{en.List([]string{"a", "b", "c"}, 2), "a, b and 1 more"},
	} {
		if tt.got != tt.want {
			t.Errorf("it is %q, want %q", tt.got, tt.want)
		}
	}
}

func TestSay(t *testing.T) {
	text := &Text{messages: map[string]string{"a": "{n} {n:night|nights}", "b": "{n:the only one|all {n} of {x}}",
		"c": "{unknown} and {", "d": "{x}"}, tag: load(t, "en").tag, printer: load(t, "en").printer}
	for _, tt := range []struct{ got, want string }{
		{text.Say("a", "n", 1), "1 night"}, {text.Say("a", "n", 2), "2 nights"},
		{text.Say("a", "n", int64(1_000_001)), "1,000,001 nights"}, {text.Say("a", "n", 0), "0 nights"},
		{text.Say("b", "n", 1, "x", "y"), "the only one"}, {text.Say("b", "n", 3, "x", "y"), "all 3 of y"},
		{text.Say("c"), "{unknown} and {"}, {text.Say("missing"), "[missing]"}, {text.Say("d", "x", "{n} {x}"), "{n} {x}"},
	} {
		if tt.got != tt.want {
			t.Errorf("it is %q, want %q", tt.got, tt.want)
		}
	}
}

func TestPhrases(t *testing.T) {
	de, en := load(t, "de"), load(t, "en")
	for english, want := range map[string]string{
		"not evaluated": "nicht bewertet",
		"1234 deletes a day, the median of 27 days": "1.234 Löschungen je Tag, der Median aus 27 Tagen",
		"something else": "something else",
	} {
		if got := de.Phrase(english); got != want {
			t.Errorf("%q became %q, want %q", english, got, want)
		}
		if got := en.Phrase(english); got != english {
			t.Errorf("English changed %q to %q", english, got)
		}
	}
	if strings.Contains(de.Phrase("REST.{2} by {1}"), "\x00") {
		t.Error("a place inside of a value is filled")
	}
}

// TestBytesOfEverySize: numbers of bytes in the unit that a person would use, up to the largest.
func TestBytesOfEverySize(t *testing.T) {
	text := load(t, "en")
	for n, want := range map[int64][2]string{
		0: {"0 B", "0 B"}, 999: {"999 B", "999 B"}, 1000: {"1.0 KB", "1 KB"}, 1500: {"1.5 KB", "1.5 KB"}, 99_949: {"99.9 KB", "99.9 KB"},
		99_950: {"100 KB", "100 KB"}, 999_499: {"999 KB", "999 KB"}, 999_500: {"1.0 MB", "1.0 MB"}, 1e9: {"1.0 GB", "1 GB"},
		1e12: {"1.0 TB", "1 TB"}, 1e15: {"1.0 PB", "1 PB"}, 1e18: {"1.0 EB", "1 EB"}, math.MaxInt64: {"9.2 EB", "9.2 EB"},
		-1500: {"-1.5 KB", "-1.5 KB"},
	} {
		if got := [2]string{text.Bytes(n), text.Round(n)}; got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

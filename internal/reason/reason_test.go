package reason

import (
	"fmt"
	"testing"
	"time"
)

var at = time.Date(2026, 10, 3, 10, 5, 59, 999, time.FixedZone("", 7200))

// every reason that the constructors make, with its English words.
var every = []struct {
	why   Reason
	words string
	cause Cause
}{
	{Silence{}.Ever(), "no log record at all", LogGap},
	{Silence{}.Before(at), "no log record before 3 Oct 2026 10:05", LogGap},
	{Silence{}.After(at), "no log record after 3 Oct 2026 10:05", LogGap},
	{Silence{}.Between(at, at.AddDate(0, 0, 20)), "no log record from 3 Oct 2026 10:05 to 23 Oct 2026 10:05", LogGap},
	{Silence{}.InHours(5, 24), "no log record in 5 of the 24 hours that always have one", LogGap},
	{Silence{}.Little(7), "no log record in most of 7 hours that always have many", LogGap},
	{NoLogInObject(at), "no log record in an object that has no bytes, delivered 3 Oct 2026 10:05", LogGap},
	{NoLogInWindow(), "no log record in the window", LogGap},
	{Unreadable(1234, 50000), "1234 of 50000 lines can't be read", LogGap},
	{Silence{"111122223333"}.Ever(), "no CloudTrail event of account 111122223333 at all", TrailGap},
	{Silence{"111122223333"}.Before(at), "no CloudTrail event of account 111122223333 before 3 Oct 2026 10:05", TrailGap},
	{Silence{"111122223333"}.After(at), "no CloudTrail event of account 111122223333 after 3 Oct 2026 10:05", TrailGap},
	{Silence{"111122223333"}.Between(at, at.Add(time.Hour)),
		"no CloudTrail event of account 111122223333 from 3 Oct 2026 10:05 to 3 Oct 2026 11:05", TrailGap},
	{Silence{"111122223333"}.InHours(5, 24),
		"no CloudTrail event of account 111122223333 in 5 of the 24 hours that always have one", TrailGap},
	{Silence{"111122223333"}.Little(7), "no CloudTrail event of account 111122223333 in most of 7 hours that always have many", TrailGap},
	{MayStillCome(), "log objects of the day may still come", Unsettled},
	{CouldNotAsk("list s3://trail/: access denied"), "not asked: list s3://trail/: access denied", NotAsked},
	{NoDigests(), "not asked: the digests of the day were not looked at", NotAsked},
	{NoMetrics(), "not asked: CloudWatch was not asked for the day", NotAsked},
	{NoLook(), "not known: it was not looked at how logging is set up", Other},
	{NotKnown("target policy", `it says "{what}"`), `not known: target policy: it says "{what}"`, Other},
	{NoDataPoint(), "not measurable: CloudWatch has no data point of the day, so request metrics with the ID of " +
		"metrics_filter are not on, or there was no request", Other},
	{NoSize(), "not measurable: CloudWatch does not tell the size of the bucket on the day", Other},
	{NoDataEvent(12), "no data event of the bucket, though the log has 12 requests that wrote or deleted objects", Other},
	{NoReport(), "no report of the night", Other},
	{SessionsRunning(), "only sessions that have not told their end", Other},
	{ReportUnreadable("file:reports/x.json:7: no time"), "file:reports/x.json:7: no time", Other},
	{NoAccounts(), "tenant.accounts is not configured", NotConfigured},
	{NoPrincipals(), "no tenant.principal is configured", NotConfigured},
	{NoBackupRole(), "no principal with the role backup is configured", NotConfigured},
	{TooFewDays(3, 7), "3 of 7 days of history, still learning", Learning},
	{TooFewMonths(), "fewer than two months with seven evaluated nights, still learning", Learning},
}

// TestEveryReason: the words and the cause of each code, also of the sentence that an
// earlier version stored in its place, and what the state keeps of it.
func TestEveryReason(t *testing.T) {
	codes := map[Code]bool{}
	for _, tt := range every {
		codes[tt.why.Code] = true
		if got := tt.why.String(); got != tt.words {
			t.Errorf("%s is %q, want %q", tt.why.Code, got, tt.words)
		}
		if got := tt.why.Cause(); got != tt.cause || tt.why.None() {
			t.Errorf("the cause of %s is %d, want %d", tt.why.Code, got, tt.cause)
		}
		old := scan(t, tt.words)
		if got := old.Cause(); got != tt.cause || old.String() != tt.words {
			t.Errorf("the cause of the sentence %q is %d, want %d", old, got, tt.cause)
		}
		if got := scan(t, store(t, tt.why)); got != tt.why {
			t.Errorf("%#v came back as %#v", tt.why, got)
		}
	}
	for _, c := range Codes() {
		if !codes[c] {
			t.Errorf("nothing makes a reason %s", c)
		}
	}
}

// TestStored: what the state holds is part of its format.
func TestStored(t *testing.T) {
	for want, why := range map[string]Reason{
		"": {},
		`{"code":"no-log-between","args":{"from":{"minute":"2026-10-03T10:05"},"to":{"minute":"2026-10-04T10:05"}}}`: Silence{}.
			Between(at, at.AddDate(0, 0, 1)),
		`{"code":"little-trail","args":{"account":"111122223333","hours":7}}`: Silence{"111122223333"}.Little(7),
		`{"code":"unsettled"}`:                                           MayStillCome(),
		"0 deletes a day, the median of 27 days":                         Sentence("0 deletes a day, the median of 27 days"),
		`{"code":"sentence","args":{"text":"{\"code\":\"unsettled\"}"}}`: Sentence(`{"code":"unsettled"}`),
	} {
		if got := store(t, why); got != want {
			t.Errorf("%v is stored as %s, want %s", why, got, want)
		}
		if got := scan(t, want); got != why {
			t.Errorf("%s is read as %#v", want, got)
		}
	}
}

// TestStrangeTexts: nothing that is stored keeps a state from being read, and what is no
// reason is shown as it is.
func TestStrangeTexts(t *testing.T) {
	for _, text := range []string{"something else", "{", `{"code":`, `{"code":"unsettled"`, `{"code":"unsettled"} and more`,
		`{"code":"of-a-later-version","args":{}}`, `{"code":"no-log-before"}`, `{"code":"no-log-before","args":{"first":"3 Oct"}}`,
		`{"code":"no-log-before","args":{"first":{"minute":"3 Oct"}}}`, `{"code":"learning","args":{"days":1.5,"needed":7}}`,
		`{"code":"learning","args":{"days":1,"needed":7,"more":1}}`, `{"code":"no-trail","args":{"account":7}}`,
		`{"code":"no-trail","args":{"name":"7"}}`, `{"code":7}`} {
		if why := scan(t, text); why.String() != text || why.None() {
			t.Errorf("%s is shown as %q", text, why)
		}
	}
	if err := new(Reason).Scan(7); err == nil {
		t.Error("a number is read as a reason")
	}
}

func store(t *testing.T, why Reason) string {
	t.Helper()
	value, err := why.Value()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(value)
}

func scan(t *testing.T, text string) Reason {
	t.Helper()
	var why, same Reason
	if err := why.Scan(text); err != nil {
		t.Fatal(err)
	}
	if err := same.Scan([]byte(text)); err != nil || same != why {
		t.Fatalf("%q as bytes: %v, %v", text, same, err)
	}
	return why
}

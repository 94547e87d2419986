package analyze

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/dataset"
	"bucketproof/internal/reason"
	"bucketproof/internal/state"
)

// TestTrailIntegrity: what the digests do not prove is a finding, high where someone may
// have changed what was delivered; what could not be looked at is not evaluated.
func TestTrailIntegrity(t *testing.T) {
	f := trailFixture(t, noneApproved)
	f.store("s3://acme-logs/acme-backups/")
	at := func(day, hour int) time.Time { return time.Date(2026, 10, day, hour, 0, 0, 0, time.UTC) }
	day := func(n int, proven time.Duration, problems ...state.TrailProblem) state.TrailDay {
		for i := range problems {
			problems[i].Account, problems[i].Region, problems[i].Trail = "111122223333", "eu-west-1", "main"
		}
		return state.TrailDay{Date: fmt.Sprintf("2026-10-%02d", n), Zone: "Europe/Paris", Looked: at(n+2, 0), Problems: problems,
			Chains: []state.TrailChain{{Account: "111122223333", Region: "eu-west-1", Trail: "main",
				Whole: 24 * time.Hour, Proven: proven, Digests: 24, DigestsValid: 23, Logs: 30, LogsValid: 29}}}
	}
	days := []state.TrailDay{
		day(5, 24*time.Hour),
		day(6, 23*time.Hour, state.TrailProblem{Kind: "log-modified", Key: "AWSLogs/x.json.gz", From: at(6, 4),
			To: at(6, 5), Text: "other SHA-256", Tampering: true}),
		day(7, 20*time.Hour, state.TrailProblem{Kind: "gap", From: at(7, 4), To: at(7, 8), Text: "CloudTrail began a new chain"}),
		day(8, 23*time.Hour, state.TrailProblem{Kind: "unread", Key: "AWSLogs/y.json.gz", From: at(8, 4),
			To: at(8, 5), Text: "access denied"}),
		{Date: "2026-10-09", Zone: "Europe/Paris", Looked: at(10, 0), Failure: "list s3://acme-trail/: access denied"},
		day(10, 24*time.Hour),
		day(11, 10*time.Hour, state.TrailProblem{Kind: "elsewhere", From: at(10, 22), To: at(11, 12),
			Text: "up to noon the trail delivered to s3://old/"},
			state.TrailProblem{Kind: "chain-ended", From: at(11, 20), To: at(11, 22), Text: "no digest", Tampering: true}),
	}
	days[5].Zone = "UTC" // of a zone that was configured before
	if err := f.data.State.Witnesses.PutTrailDays(t.Context(), "acme", days); err != nil {
		t.Fatal(err)
	}
	v := f.open("acme", "2026-10-05", "2026-10-11")
	same(t, "the findings", f.foundBy(v, "trail-integrity"), []string{
		"trail-integrity high : chain-ended, 111122223333 eu-west-1 main (1)",
		"trail-integrity high : log-modified, AWSLogs/x.json.gz (1)",
		"trail-integrity medium : gap, 111122223333 eu-west-1 main (1)",
	})
	same(t, "the days", v.answer(t, "trail-days"), []string{
		"2026-10-05|111122223333|eu-west-1|main|24|23|30|29|100|0|ok",
		"2026-10-06|111122223333|eu-west-1|main|24|23|30|29|95.83|1|attention",
		"2026-10-07|111122223333|eu-west-1|main|24|23|30|29|83.33|1|attention",
		"2026-10-08|111122223333|eu-west-1|main|24|23|30|29|95.83|0|not evaluated",
		"2026-10-09||||0|0|0|0|0|0|not evaluated",
		"2026-10-10||||0|0|0|0|0|0|not evaluated",
		"2026-10-11|111122223333|eu-west-1|main|24|23|30|29|41.67|1|attention",
	})
	same(t, "not evaluated", f.silences(t, "trail-integrity"), []string{
		"2026-10-08 not asked: access denied",
		"2026-10-09 not asked: list s3://acme-trail/: access denied",
		"2026-10-10 " + reason.NoDigests().String(),
		"2026-10-11 not asked: up to noon the trail delivered to s3://old/",
	})
	// A failure takes nothing from what was found out.
	if err := f.data.State.Witnesses.PutTrailDays(t.Context(), "acme",
		[]state.TrailDay{{Date: "2026-10-05", Zone: "Europe/Paris", Looked: at(20, 0), Failure: "gone"}}); err != nil {
		t.Fatal(err)
	}
	if known, err := f.data.State.Witnesses.TrailDays(t.Context(), "acme", "Europe/Paris", "2026-10-05",
		"2026-10-05"); err != nil || known["2026-10-05"].Failure != "" {
		t.Errorf("%+v, %v", known, err)
	}
}

// silences are the days on which a check could not look, with why.
func (f *fixture) silences(t *testing.T, check string) (out []string) {
	t.Helper()
	list, err := f.data.State.CheckDays.NotEvaluated(t.Context(), "acme", "2026-01-01", "2026-12-31")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list {
		if n.Check == check {
			out = append(out, strings.TrimSpace(n.Bucket+" "+n.Date)+" "+n.Reason.String())
		}
	}
	return out
}

// TestMetrics: a day on which CloudWatch counts more or fewer requests than the log
// holds is a finding; one without a data point is not measurable, and never clean.
func TestMetrics(t *testing.T) {
	f := newFixture(t, strings.Replace(oneTenant, `large_put = "1GiB"`, "large_put = \"1GiB\"\ncloudwatch = true", 1))
	var days []state.MetricDay
	put := func(n int, values map[string]float64) {
		days = append(days, state.MetricDay{Bucket: "acme-backups", Date: fmt.Sprintf("2026-10-%02d", n),
			Zone: "Europe/Paris", Looked: noon, Values: values})
	}
	for n := 1; n <= 31; n++ { // of each day 24 requests
		put(n, map[string]float64{"AllRequests": 24, "4xxErrors": 0, "BytesDownloaded": 7, "NumberOfObjects": 100,
			"BucketSizeBytes": 1000 + float64(n%7)})
	}
	days[4].Values["AllRequests"] = 25 // 4 in 100
	days[5].Values["AllRequests"] = 26 // 8 in 100
	days[6].Values["AllRequests"] = 20 // the log has more
	days[7].Values = map[string]float64{"NumberOfObjects": 90, "BucketSizeBytes": 899}
	days[8].Values, days[8].Failure = nil, "ask CloudWatch: access denied"
	days = append(days[:9], days[10:]...) // the 10th was not asked
	if err := f.data.State.Witnesses.PutMetricDays(t.Context(), "acme", days); err != nil {
		t.Fatal(err)
	}
	f.hum("2026-09-29T00:00:00Z", "2026-11-03T00:00:00Z")
	// What CloudWatch does not count.
	f.at("2026-10-20T12:00:00Z", "AmazonS3", "S3.EXPIRE.OBJECT", "veeam/a")
	f.at("2026-10-20T12:00:00Z", backup, "BATCH.DELETE.OBJECT", "veeam/a")
	f.at("2026-10-20T12:00:00Z", backup, "REST.COPY.OBJECT_GET", "veeam/a")
	f.store("file:logs")
	f.listed(time.Date(2026, 11, 2, 10, 59, 0, 0, time.UTC)) // a minute too early for the 31st
	v := f.open("acme", "2026-10-01", "2026-10-31")
	same(t, "the findings", f.foundBy(v, "metrics-differ", "bucket-shrunk"), []string{
		"metrics-differ medium acme-backups: the log has fewer requests (2)",
		"metrics-differ medium acme-backups: the log has more requests (4)",
		"bucket-shrunk low acme-backups: fewer bytes (1)",
	})
	rows := v.answer(t, "log-and-metrics")
	same(t, "the days", rows[3:11], []string{
		"acme-backups|2026-10-04|24|24|0|0|0|0|7|ok",
		"acme-backups|2026-10-05|24|25|-4|0|0|0|7|ok",
		"acme-backups|2026-10-06|24|26|-7.69|0|0|0|7|attention",
		"acme-backups|2026-10-07|24|20|20|0|0|0|7|attention",
		"acme-backups|2026-10-08|24|||0||0||not evaluated",
		"acme-backups|2026-10-09|24|||0||0||not evaluated",
		"acme-backups|2026-10-10|24|||0||0||not evaluated",
		"acme-backups|2026-10-11|24|24|0|0|0|0|7|ok",
	})
	if !strings.HasPrefix(rows[24], "acme-backups|2026-10-25|25|") || !strings.HasPrefix(rows[19], "acme-backups|2026-10-20|24|") {
		t.Errorf("%s\n%s", rows[24], rows[19])
	}
	same(t, "not evaluated", f.silences(t, "metrics-differ"), []string{
		"acme-backups 2026-10-08 " + reason.NoDataPoint().String(), "acme-backups 2026-10-09 not asked: ask CloudWatch: access denied",
		"acme-backups 2026-10-10 " + reason.NoMetrics().String(), "acme-backups 2026-10-31 " + reason.MayStillCome().String(),
	})
	same(t, "sizes", v.answer(t, "bucket-size")[6:9],
		[]string{"acme-backups|2026-10-07|100|1000|-6", "acme-backups|2026-10-08|90|899|-101", "acme-backups|2026-10-11|100|1004|105"})
}

// TestLoggingSetup: a fault in how logging is set up is a finding that ends when it is
// mended; what may not be asked is not evaluated.
func TestLoggingSetup(t *testing.T) {
	f := trailFixture(t, noneApproved)
	f.store("s3://acme-logs/acme-backups/")
	look := func(at time.Time, found ...state.LoggingFound) {
		t.Helper()
		if err := f.data.State.Witnesses.PutLoggingLook(t.Context(), "acme",
			state.LoggingLook{Bucket: "acme-backups", Looked: at, Found: found}); err != nil {
			t.Fatal(err)
		}
	}
	ok := state.LoggingFound{What: "logging", Outcome: "ok", Detail: "on"}
	// seen for the 5th
	look(time.Date(2026, 10, 6, 4, 30, 0, 0, time.UTC), state.LoggingFound{What: "logging", Outcome: "FAULT", Detail: "it is off"})
	look(time.Date(2026, 10, 8, 4, 30, 0, 0, time.UTC), ok, state.LoggingFound{What: "retention", Outcome: "warning", Detail: "none"})
	look(time.Date(2026, 10, 10, 4, 30, 0, 0, time.UTC), ok,
		state.LoggingFound{What: "target policy", Outcome: "not known", Detail: "AccessDenied"})
	v := f.open("acme", "2026-10-05", "2026-10-05")
	same(t, "the findings", f.foundBy(v, "logging-setup"), []string{"logging-setup medium acme-backups: logging: it is off (1)"})
	v = f.open("acme", "2026-10-05", "2026-10-10")
	f.foundBy(v)
	same(t, "not evaluated", f.silences(t, "logging-setup"), []string{
		"acme-backups 2026-10-08 not known: target policy: AccessDenied",
		"acme-backups 2026-10-09 not known: target policy: AccessDenied",
		"acme-backups 2026-10-10 not known: target policy: AccessDenied",
	})
	list, err := f.data.State.Findings.Of(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if x.Check == "logging-setup" && x.Status != state.StatusResolved {
			t.Errorf("it was mended, and is %s", x.Status)
		}
	}
	same(t, "the last look", v.answer(t, "logging-setup"),
		[]string{"acme-backups|2026-10-10T04:30:00Z|logging|ok|on",
			"acme-backups|2026-10-10T04:30:00Z|target policy|not known|AccessDenied"})
}

// TestTrailFiles: what can't be read of a trail, and files that changed, are findings.
func TestTrailFiles(t *testing.T) {
	f := trailFixture(t, noneApproved)
	f.store("s3://acme-logs/acme-backups/")
	ctx := t.Context()
	at := time.Date(2026, 10, 6, 12, 0, 0, 0, time.UTC)
	object := func(key string, n int64) state.LogObject {
		return state.LogObject{Location: "s3://acme-trail/", Key: key, Source: "s3://acme-trail/" + key,
			Kind: state.KindLog, Delivered: at, Modified: at,
			Buckets: map[string]state.ObjectCount{dataset.TrailOwner("111122223333"): {Records: 5, Rejected: n, First: at, Last: at}}}
	}
	incident := state.Incident{Location: "s3://acme-trail/", Key: "c", Kind: state.IncidentChanged, ETag: "e",
		Source: "s3://acme-trail/c", Noticed: at, Buckets: []string{dataset.TrailOwner("111122223333")}}
	if err := f.data.State.Ledger.Commit(ctx, []state.LogObject{object("a", 2), object("b", 1), object("whole", 0)}, nil,
		[]state.Incident{incident}, at); err != nil {
		t.Fatal(err)
	}
	v := f.open("acme", "2026-10-05", "2026-10-07")
	same(t, "the findings", f.foundBy(v, "trail-files"),
		[]string{"trail-files high : changed, s3://acme-trail/c (1)", "trail-files low : unreadable records (3)"})
}

package collect

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bucketproof/internal/config"
	"bucketproof/internal/dataset"
	"bucketproof/internal/objects"
)

// event is a CloudTrail record.
func event(account, id, at string) string {
	return fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::%[1]s:user/ops","accountId":"%[1]s"},"eventTime":%[3]q,"eventSource":"s3.amazonaws.com","eventName":"PutBucketPolicy","awsRegion":"us-east-1","requestParameters":{"bucketName":"b"},"requestID":"R%[2]s","eventID":%[2]q,"recipientAccountId":"%[1]s"}`, account, id, at)
}

// trailSite is a site whose log folder is a trail of two accounts, of which one is
// configured.
func trailSite(t *testing.T) *site {
	s := newSite(t, dataset.TrailOwner("111122223333"))
	s.srcs[0].Trail = true
	return s
}

func (s *site) deliver(account, date, name, content string) {
	s.t.Helper()
	dir := filepath.Join("CloudTrail", "us-east-1", filepath.FromSlash(date))
	if err := os.MkdirAll(filepath.Join(s.dir, "logs", dir), 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.put(filepath.Join(dir, account+"_CloudTrail_us-east-1_"+name+".json.gz"), content)
}

func (s *site) events(account string) (n int64) {
	s.t.Helper()
	files, err := s.c.State.Files.Of(s.t.Context(), dataset.Trail, dataset.TrailOwner(account), "2026-01-01", "2026-12-31")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasPrefix(f.Path, "trail/account="+account+"/date=2026-1") {
			s.t.Errorf("an event lies in %s", f.Path)
		}
		n += f.Rows
	}
	return n
}

// TestTrail: each event once, of the configured accounts, whatever else lies there.
func TestTrail(t *testing.T) {
	s := trailSite(t)
	file := func(records ...string) string { return gzipped(t, `{"Records":[`+strings.Join(records, ",")+`]}`) }
	s.deliver("111122223333", "2026/11/01", "20261101T2355Z_AAAAAAAAAAAAAAAA",
		file(event("111122223333", "1", "2026-11-01T23:59:59Z"), event("111122223333", "2", "2026-11-02T00:00:00Z")))
	s.deliver("111122223333", "2026/11/02", "20261102T0005Z_BBBBBBBBBBBBBBBB",
		file(event("111122223333", "2", "2026-11-02T00:00:00Z"), event("111122223333", "3", "2026-11-02T00:01:00Z"), `{"eventID":"x"}`))
	s.deliver("444455556666", "2026/11/02", "20261102T0005Z_CCCCCCCCCCCCCCCC", file(event("444455556666", "4", "2026-11-02T00:00:00Z")))
	s.deliver("111122223333", "2026/11/02", "20261102T0010Z_DDDDDDDDDDDDDDDD",
		gzipped(t, `{"Records":[`+event("111122223333", "5", "2026-11-02T00:02:00Z")+`,{"eventID":`))
	s.deliver("111122223333", "2026/11/02", "20261102T0015Z_EEEEEEEEEEEEEEEE",
		file(event("111122223333", "6", "2026-11-02T00:03:00Z"))[:60])
	s.deliver("111122223333", "2026/11/02", "20261102T0020Z_FFFFFFFFFFFFFFFF", "rubbish")
	s.put("readme.txt", "no log")
	s.put("111122223333_CloudTrail-Digest_us-east-1_t_us-east-1_20261102T000000Z.json.gz", file())
	sum := s.collect()
	wantSummary(t, sum, 5, 4, 1, 4)
	if sum.OtherRecords != 0 || sum.Foreign != 0 || s.events("111122223333") != 4 || s.events("444455556666") != 0 {
		t.Errorf("%+v, %d events", sum, s.events("111122223333"))
	}
	if !strings.Contains(sum.FirstRejected, "eventTime is missing") || !strings.Contains(sum.FirstRejected, ":3: ") {
		t.Errorf("the first that was rejected: %s", sum.FirstRejected)
	}
	wantSummary(t, s.collect(), 0, 0, 0, 0)

	// An account that is configured later gets what lies there.
	s.srcs[0].Buckets = append(s.srcs[0].Buckets, dataset.TrailOwner("444455556666"))
	s.c.Full = true
	wantSummary(t, s.collect(), 1, 1, 0, 0)
	// A log file that was changed is left alone, and noticed.
	s.deliver("111122223333", "2026/11/01", "20261101T2355Z_AAAAAAAAAAAAAAAA", file(event("111122223333", "7", "2026-11-01T23:59:59Z")))
	if sum := s.collect(); sum.Changed != 1 || s.events("111122223333") != 4 {
		t.Errorf("a changed log file: %+v", sum)
	}
}

// TestTrailCompaction: small files of events are put together like those of records.
func TestTrailCompaction(t *testing.T) {
	s := trailSite(t)
	for i := range smallFiles + 1 {
		s.deliver("111122223333", "2026/10/01", fmt.Sprintf("20261001T%02d00Z_AAAAAAAAAAAAAAAA", i),
			gzipped(t, `{"Records":[`+event("111122223333", fmt.Sprint(i), fmt.Sprintf("2026-10-01T%02d:00:00Z", i))+`]}`))
		s.c.Full = true
		if sum := s.collect(); sum.Records != 1 {
			t.Fatalf("%d: %+v", i, sum)
		}
	}
	files, err := s.c.State.Files.Of(t.Context(), dataset.Trail, dataset.TrailOwner("111122223333"), "2026-10-01", "2026-10-01")
	if err != nil || len(files) > 2 || s.events("111122223333") != smallFiles+1 {
		t.Errorf("%d files with %d events, %v", len(files), s.events("111122223333"), err)
	}
}

// TestTrailSources: a trail is a source of its own, with the accounts of all that use
// it, and no access log is looked for in it.
func TestTrailSources(t *testing.T) {
	url := func(text string) objects.URL {
		u, err := objects.ParseURL(text)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	trail := url("s3://logs/AWSLogs/")
	c := &config.Config{Tenants: []config.Tenant{
		{ID: "acme", CloudTrail: trail, Accounts: []string{"222222222222"}, Buckets: []config.Bucket{{Name: "a", Logs: url("s3://logs/")}}},
		{ID: "lodz", CloudTrail: trail, Accounts: []string{"111111111111"},
			Buckets: []config.Bucket{{Name: "b", Logs: url("s3://other/")}}},
		{ID: "none", Buckets: []config.Bucket{{Name: "c", Logs: url("s3://third/")}}},
	}}
	all := Sources(c, "")
	if len(all) != 4 || !all[3].Trail || fmt.Sprint(all[3].Buckets) != "[trail=111111111111 trail=222222222222]" ||
		fmt.Sprint(all[0].Except) != "[AWSLogs/]" {
		t.Errorf("%+v", all)
	}
	c.Tenants[0].CloudTrailBefore = []objects.URL{url("s3://old/"), url("file:///copy/")}
	all = Sources(c, "acme")
	if len(all) != 4 || !all[2].Trail || !all[3].Trail || all[3].Logs.Text != "file:///copy/" ||
		fmt.Sprint(all[3].Buckets) != "[trail=222222222222]" {
		t.Errorf("with places before: %+v", all)
	}
	c.Tenants[0].CloudTrailBefore = nil
	for tenant, want := range map[string]int{"acme": 2, "lodz": 2, "none": 1} {
		if got := Sources(c, tenant); len(got) != want {
			t.Errorf("%s: %+v", tenant, got)
		}
	}
}

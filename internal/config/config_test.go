package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bucketproof/internal/objects"
	"bucketproof/templates"
)

func TestExampleIsValidAndShipped(t *testing.T) {
	c, err := Parse("config.toml", templates.Config)
	if err != nil {
		t.Fatal(err)
	}
	tenant, ok := c.Tenant("acme")
	if !ok || len(tenant.Buckets) != 1 || len(tenant.Principals) != 2 || tenant.Location.String() != "America/Chicago" {
		t.Fatalf("the example came out as %+v", tenant)
	}
	want := objects.Access{Region: "us-east-1", RoleARN: "arn:aws:iam::111122223333:role/Evidence", ExternalID: "msp-7f3a"}
	if tenant.AWS != want {
		t.Errorf("access is %+v, want %+v", tenant.AWS, want)
	}
	root, err := os.ReadFile("../../config.toml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(root, templates.Config) {
		t.Error("config.toml and templates/config.toml differ; copy one over the other")
	}
}

const minimal = `[evidence]
url = "s3://msp-evidence/packets"
[[tenant]]
id = "acme"
name = "Acme"
[[tenant.bucket]]
name = "acme-backups"
logs = "s3://acme-logs/x/"
prefixes = ["veeam/"]
`

// The ten lines of the README are a whole configuration.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "```toml\n")
	block, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("the README has no TOML block")
	}
	c, err := Parse("README.md", []byte(block))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Tenants) != 1 || len(c.Tenants[0].Buckets) != 1 || c.Tenants[0].Principals[0].Role != RoleBackup ||
		c.Tenants[0].Accounts[0] != "111122223333" {
		t.Errorf("it came out as %+v", c.Tenants)
	}
	for _, command := range []string{"go run ./cmd/bucketproof demo", "go test ./..."} {
		if !strings.Contains(strings.Join(strings.Split(string(text), "\n")[:15], "\n"), command) {
			t.Errorf("%q is not among the first lines", command)
		}
	}
}

func TestDefaults(t *testing.T) {
	c, err := Parse(filepath.Join("etc", "config.toml"), []byte("\ufeff"+minimal))
	if err != nil {
		t.Fatal(err)
	}
	if c.DataDir != filepath.Join("etc", "data") {
		t.Errorf("data_dir is %q, want it beside the file", c.DataDir)
	}
	b := c.Tenants[0].Buckets[0]
	if b.Window.Start.String() != "22:00" || b.Window.End.String() != "06:00" ||
		b.Window.Days != [7]bool{true, true, true, true, true, true, true} || b.MinObjects != 1 {
		t.Errorf("window is %+v", b.Window)
	}
	if c.Evidence.LockMode != "GOVERNANCE" || c.Evidence.LockDays != 400 || c.Tenants[0].LargePut != 1<<30 {
		t.Errorf("defaults are %+v", c)
	}
}

func TestAllFaultsAtOnceWithLineAndMend(t *testing.T) {
	text := `timezone = "Mars/Olympus"
data_dri = "data"
[schedule]
collect = "every hour"
[evidence]
url = "ftp://x"
lock_days = "many"
[[tenant]]
id = "Acme!"
name = "Acme"
[[tenant.bucket]]
name = "acme-backups"
logs = "s3://acme-backups/logs/"
prefixes = ["veeam/"]
window = { start = "25:00" }
`
	_, err := Parse("c.toml", []byte(text))
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	want := []string{
		`c.toml:1: timezone: is "Mars/Olympus", which is no IANA time zone; write one`,
		`c.toml:2: data_dri: is not a key here; did you mean "data_dir"?`,
		`c.toml:4: schedule.collect: is "every hour", which is no cron line`,
		`c.toml:6: evidence.url: "ftp://x" is not a place that can be read; write s3://`,
		`c.toml:7: evidence.lock_days: is the string "many"; write a whole number`,
		`c.toml:9: tenant.id: is "Acme!"; write up to 63 lower-case`,
		`c.toml:13: tenant.bucket.logs: lies inside its own source bucket`,
		`c.toml:15: tenant.bucket.window.start: is "25:00"; write a time of day`,
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d problems, want %d:\n%s", len(lines), len(want), err)
	}
	for i, w := range want {
		if !strings.HasPrefix(lines[i], w) {
			t.Errorf("problem %d is\n%s\nwant\n%s…", i+1, lines[i], w)
		}
	}
}

func TestFaults(t *testing.T) {
	second := `[[tenant]]
id = "beta"
name = "Beta"
[[tenant.bucket]]
name = "acme-backups"
logs = "s3://acme-logs/x/"
prefixes = ["veeam/sql/"]
`
	tests := []struct{ name, text, want string }{
		{"empty", " \n# nothing\n", "c.toml: the file is empty; `bucketproof init"},
		{"not TOML", "a = = 1", "c.toml:1: a: not TOML"},
		{"no tenant", "[evidence]\nurl = \"file:///e\"\n", "tenant: is missing; write one [[tenant]] block"},
		{"no evidence", strings.Replace(minimal, "url = \"s3://msp-evidence/packets\"\n", "", 1), "c.toml:1: evidence.url: is missing"},
		{"same id", minimal + strings.Replace(second, "beta", "acme", 1), `c.toml:11: tenant.id: "acme" is taken`},
		{"trail without accounts", strings.Replace(minimal, "[[tenant.bucket]]",
			"cloudtrail = \"s3://acme-trail/AWSLogs/\"\n[[tenant.bucket]]", 1), `name the tenant's accounts`},
		{"trail among access logs", strings.Replace(minimal, "[[tenant.bucket]]",
			"accounts = [\"111122223333\"]\ncloudtrail = \"s3://acme-logs/x/\"\n[[tenant.bucket]]", 1),
			`is also where the access logs of acme-backups are`},
		{"trail among access logs before",
			strings.Replace(minimal, "[[tenant.bucket]]",
				"accounts = [\"111122223333\"]\ncloudtrail = [\"s3://acme-trail/\", \"s3://acme-logs/x/\"]\n[[tenant.bucket]]", 1),
			`is also where the access logs of acme-backups are`},
		{"trail twice", strings.Replace(minimal, "[[tenant.bucket]]",
			"accounts = [\"111122223333\"]\ncloudtrail = [\"s3://acme-trail/\", \"s3://acme-trail/\"]\n[[tenant.bucket]]", 1),
			`cloudtrail: entry 2 is empty or stands twice`},
		{"trail that is no place", strings.Replace(minimal, "[[tenant.bucket]]",
			"cloudtrail = [1]\n[[tenant.bucket]]", 1), `cloudtrail: entry 1 is the number 1`},
		{"trail in a log group", strings.Replace(minimal, "[[tenant.bucket]]",
			"cloudtrail = [\"s3://acme-trail/\", \"cloudwatch:trail\"]\n[[tenant.bucket]]", 1),
			`a log group can be the place of a bucket's logs alone`},
		{"overlapping prefixes", minimal + second, `c.toml:16: tenant.bucket.prefixes: "veeam/sql/" overlaps "veeam/" of tenant acme`},
		{"whole bucket overlaps", minimal + strings.Replace(second, "veeam/sql/", "", 1), `overlaps "veeam/"`},
		{"mutual logging", minimal + strings.ReplaceAll(strings.ReplaceAll(second, `"acme-backups"`, `"acme-logs"`),
			`"s3://acme-logs/x/"`, `"s3://acme-backups/x/"`), "logs about logs without end"},
		{"a cycle of three", minimal +
			strings.ReplaceAll(strings.ReplaceAll(second, `"acme-backups"`, `"acme-logs"`), `"s3://acme-logs/x/"`,
				`"s3://third-logs/x/"`) +
			"[[tenant.bucket]]\nname = \"third-logs\"\nlogs = \"s3://acme-backups/x/\"\nprefixes = [\"x/\"]\n",
			"acme-backups logs into acme-logs logs into third-logs logs into acme-backups: logs about logs without end"},
		{"logs in data folder", strings.Replace(minimal, "s3://acme-logs/x/", "file:data/logs", 1),
			"and data_dir (data) are one inside the other"},
		{"one name on two servers", minimal +
			strings.Replace(strings.Replace(second, "veeam/sql/", "other/", 1), "name = \"Beta\"",
				"name = \"Beta\"\naws = { endpoint = \"http://x\" }", 1), "is also a bucket of tenant acme on another server"},
		{"evidence in log bucket", strings.Replace(minimal, "msp-evidence/packets", "acme-logs/packets", 1),
			"a log bucket can't have Object Lock"},
		{"evidence in source bucket", strings.Replace(minimal, "msp-evidence/packets", "acme-backups/packets", 1),
			"is also the evidence bucket"},
		{"evidence in data folder", strings.Replace(minimal, "s3://msp-evidence/packets", "file:data/packets", 1),
			"lies inside data_dir (data)"},
		{"password in smtp", minimal + "[mail]\nsmtp = \"smtp://u:hunter2@h:25\"\nfrom = \"a@b.example\"\n",
			"mail.smtp: holds a password; remove it"},
		{"approves anyone", minimal + "[[tenant.principal]]\nmatch = \"*\"\nname = \"x\"\nrole = \"backup\"\n",
			"would approve anonymous or any requester"},
		{"bad role", minimal + "[[tenant.principal]]\nmatch = \"svc:x\"\nname = \"x\"\nrole = \"boss\"\n",
			`tenant.principal.role: is "boss"; write one of "backup"`},
		{"account as number", minimal + "[[tenant]]\nid = \"b\"\naccounts = [111122223333]\n",
			"tenant.accounts: entry 1 is the number 111122223333; write a string"},
		{"table where a string is", "[evidence.url]\nx = 1\n", "evidence.url: is a table; write a string"},
		{"engine of a later version", minimal + "[engine]\nkind = \"trino\"\n", "this version has no engine for"},
		{"engine without memory", minimal + "[engine]\nmemory_limit = \"99MB\"\n", "engine.memory_limit: is less than 100MB"},
		{"collector without memory", minimal + "[collect]\nmemory_limit = \"127MB\"\n", "collect.memory_limit: is less than 128MB"},
		{"slash first", strings.Replace(minimal, `"veeam/"`, `"/veeam/"`, 1), `an S3 key has no / at its start, write "veeam/"`},
		{"control character", strings.Replace(minimal, `"Acme"`, `"Ac\u0007me"`, 1), "holds a control character at position 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("c.toml", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant … %s …", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("the message repeats the secret")
			}
		})
	}
}

// TestTrailPlaces: a tenant's trail is in one place, or delivered to others before.
func TestTrailPlaces(t *testing.T) {
	for text, want := range map[string]string{
		`""`: "[]", `[]`: "[]", `"s3://new/"`: "[s3://new/]", `["s3://new/"]`: "[s3://new/]",
		`["s3://new/", "s3://old/ct/", "file:copy/"]`: "[s3://new/ s3://old/ct/ file:copy/]",
	} {
		path := filepath.Join(t.TempDir(), "c.toml")
		text := strings.Replace(minimal, "[[tenant.bucket]]", "accounts = [\"111122223333\"]\ncloudtrail = "+text+"\n[[tenant.bucket]]", 1)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, u := range c.Tenants[0].Trails() {
			got = append(got, u.Text)
			if u.Scheme == "file" && !filepath.IsAbs(u.Path) {
				t.Errorf("%s is not resolved", u.Path)
			}
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestMissingFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.toml"))
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "bucketproof init") {
		t.Errorf("got %v", err)
	}
}

func TestLinesOfNestedKeys(t *testing.T) {
	idx := indexLines("a = [\n \"x = 1\", # ]\n]\n[[t]]\nk = \"\"\"\nz = 2\n\"\"\"\n[[t.b]]\n\"q.r\".s = 1\n[[t]]\n[[t.b]]\nn = 1\n")
	for path, want := range map[string]int{"a": 1, "t[0]": 4, "t[0].k": 5, "t[0].b[0].q.r": 9, "t[1]": 10,
		"t[1].b[0].n": 12, "t[1].b[0].missing": 11} {
		if got := idx.of(path); got != want {
			t.Errorf("%s is on line %d, want %d", path, got, want)
		}
	}
	if n, ok := idx["z"]; ok {
		t.Errorf("text inside a string was taken for a key on line %d", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(string(templates.Config))
	f.Add(minimal)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("c.toml", []byte(text))
		if (c == nil) == (err == nil) {
			t.Fatalf("got %v and %v", c, err)
		}
	})
}

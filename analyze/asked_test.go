package analyze

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// mmdb writes a MaxMind-format file.
func mmdb(t *testing.T, kind string, entries map[string]mmdbtype.Map) string {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for cidr, value := range entries {
		_, network, err := net.ParseCIDR(cidr)
		if err == nil {
			err = tree.Insert(network, value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), kind+".mmdb")
	f, err := os.Create(path)
	if err == nil {
		_, err = tree.WriteTo(f)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Country and network come from MaxMind files, names from the configuration, of
// which the narrowest holds.
func TestSourceAddresses(t *testing.T) {
	city := mmdb(t, "City", map[string]mmdbtype.Map{"203.0.113.0/24": {"country": mmdbtype.Map{"iso_code": mmdbtype.String("PL")}}})
	asn := mmdb(t, "ASN", map[string]mmdbtype.Map{
		"203.0.113.0/24": {"autonomous_system_number": mmdbtype.Uint32(64500),
			"autonomous_system_organization": mmdbtype.String("Example Net")},
		"2001:db8::/32": {"autonomous_system_number": mmdbtype.Uint32(64501)},
	})
	f := newFixture(t, `geoip = ["`+city+`", "`+asn+`"]
[[network]]
name = "all of it"
cidr = ["203.0.0.0/16", "2001:db8::/32"]
[[network]]
name = "office"
cidr = ["203.0.113.7"]
`+oneTenant)
	for _, ip := range []string{"203.0.113.7", "203.0.113.8", "2001:db8::1", "198.51.100.1"} {
		f.at("2026-10-07T10:00:00Z", backup, "REST.GET.BUCKET", "-", "ip="+ip)
	}
	f.store("file:logs")
	var got []string
	for _, line := range f.open("acme", "2026-10-07", "2026-10-07").answer(t, "source-ips") {
		got = append(got, strings.Join(strings.Split(line, "|")[1:6], "|"))
	}
	same(t, "addresses", got, []string{
		"198.51.100.1||||",
		"2001:db8::1|all of it||AS64501|",
		"203.0.113.7|office|PL|AS64500|Example Net",
		"203.0.113.8|all of it|PL|AS64500|Example Net",
	})
}

func TestUserAgents(t *testing.T) {
	line := regexp.MustCompile(`(?m)^\s*user_agents = .*$`)
	if !line.MatchString(oneTenant) {
		t.Fatal("the tenant has no user_agents")
	}
	const patterns = `user_agents = ["*veeam/?.*", "100%_\\x*"]`
	for text, expected := range map[string]map[string]string{
		"":       {"APN/1.0 Veeam/1.0": "", "-": ""},
		patterns: {"x veeam/1.0": "true", "veeam/12.0": "false", "curl/8": "false", `100%_\xyz`: "true", `100 _\xyz`: "false", "-": ""},
	} {
		text = line.ReplaceAllLiteralString(oneTenant, text)
		f := newFixture(t, text)
		kinds := map[string]string{
			"-": "none", "S3Console/0.4, aws-internal/3": "browser", "Mozilla/5.0 (X11)": "browser", "[S3Console/0.4]": "browser",
			"aws-cli/2.17.0 Python/3.11": "command line", "curl/8": "command line",
			"APN/1.0 Veeam/1.0": "program", "Boto3/1.34": "program", "rclone/v1.68": "program", "aws-sdk-go-v2/1.47": "program",
		}
		for agent := range expected {
			if kinds[agent] == "" {
				kinds[agent] = "program"
			}
		}
		for agent := range kinds {
			f.at("2026-10-07T10:00:00Z", backup, "REST.GET.OBJECT", "veeam/a", "agent="+agent)
		}
		f.store("file:logs")
		v := f.open("acme", "2026-10-07", "2026-10-07")
		if err := v.ready(t.Context(), &Statement{SQL: "user_agents"}); err != nil {
			t.Fatal(err)
		}
		result, err := v.engine.Query(t.Context(),
			"SELECT user_agent, kind, coalesce(cast(expected AS VARCHAR), ''), family FROM user_agents")
		if err != nil || len(result.Rows) != len(kinds) {
			t.Fatalf("%d agents, %v", len(result.Rows), err)
		}
		for _, row := range result.Rows {
			agent := row[0].(string)
			if want, ok := expected[agent]; row[1] != kinds[agent] || ok && row[2] != want {
				t.Errorf("%q is %q, expected %q; want %q, %q", agent, row[1], row[2], kinds[agent], want)
			}
			if agent == "APN/1.0 Veeam/1.0" && row[3] != "APN/#.# Veeam/#.#" {
				t.Errorf("the family of %s is %s", agent, row[3])
			}
		}
	}
}

// What happens in the windows, by hand: a window over the end of the month and
// midnight, the minute in front of it and the one behind.
func TestWindowOperations(t *testing.T) {
	f := newFixture(t, oneTenant)
	f.at("2026-10-31T20:59:59Z", backup, "REST.PUT.OBJECT", "veeam/a", "size=1") // 21:59:59 in Paris
	f.at("2026-10-31T21:00:00Z", backup, "REST.PUT.OBJECT", "veeam/a", "size=10")
	f.at("2026-10-31T23:30:00Z", backup, "REST.PUT.PART", "veeam/b", "size=20")
	f.at("2026-11-01T04:59:59Z", backup, "REST.POST.UPLOAD", "veeam/b", "size=20")
	f.at("2026-11-01T05:00:00Z", backup, "REST.PUT.OBJECT", "veeam/a", "size=100")
	f.at("2026-10-31T23:31:00Z", "arn:aws:iam::111122223333:user/eve", "REST.GET.OBJECT", "veeam/b", "status=403")
	f.at("2026-10-31T23:32:00Z", backup, "BATCH.DELETE.OBJECT", "veeam/c", "status=204")
	f.store("file:logs")
	same(t, "window-operations", f.open("acme", "2026-10-31", "2026-10-31").answer(t, "window-operations"), []string{
		"acme-backups|2026-10-31|Nightly backup role|true|4|3|0|1|0|2|30",
		"acme-backups|2026-10-31|arn:aws:iam::111122223333:user/eve|false|1|0|1|0|1|0|0",
	})
}

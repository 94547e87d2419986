package analyze

import (
	"net"
	"os"
	"path/filepath"
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
		"203.0.113.0/24": {"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": mmdbtype.String("Example Net")},
		"2001:db8::/32":  {"autonomous_system_number": mmdbtype.Uint32(64501)},
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

func TestAgentKinds(t *testing.T) {
	for agent, want := range map[string]string{
		"-": agentNone, "S3Console/0.4, aws-internal/3": agentBrowser, "Mozilla/5.0 (X11)": agentBrowser, "[S3Console/0.4]": agentBrowser,
		"aws-cli/2.17.0 Python/3.11": agentCommandLine, "curl/8": agentCommandLine,
		"APN/1.0 Veeam/1.0": agentProgram, "Boto3/1.34": agentProgram, "rclone/v1.68": agentProgram, "aws-sdk-go-v2/1.47": agentProgram,
	} {
		if got := agentKind(agent); got != want {
			t.Errorf("%s is %s, want %s", agent, got, want)
		}
	}
	if agentFamily("Veeam/12.1.2") != agentFamily("Veeam/12.2.10") {
		t.Error("another version is another family")
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

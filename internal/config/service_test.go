package config

import (
	"errors"
	"strings"
	"testing"
)

// TestServiceFaults names what is wrong with the settings of a service, and the
// mend.
func TestServiceFaults(t *testing.T) {
	for _, tt := range []struct{ name, more, want string }{
		{"a distance", "[schedule]\ncollect = \"@every 1h\"", "schedule.collect: is \"@every 1h\", a distance"},
		{"never", "[schedule]\nreport = \"0 0 30 2 *\"", "a time that never comes"},
		{"a month that is not over", "timezone = \"Pacific/Auckland\"\n[schedule]\nreport = \"0 1 1 * *\"", "write a time from the 2nd on"},
		{"metrics for everyone", "[service]\nlisten = \"0.0.0.0:9464\"", "health and metrics stay on the machine"},
		{"runs forgotten too early", "[retention]\nruns_days = 10", "write 36 or more"},
		{"records forgotten too early", "[retention]\ndataset_days = 30", "or 0 to keep records for ever"},
		{"a secret in the file", "[alerts]\nwebhook_env = \"https://hooks.example/T0/secret\"", "write the name, not the secret"},
		{"a webhook that nobody can trust", "[alerts]\nwebhook_env = \"HOOK\"", "alerts.secret_env: is missing"},
		{"alerts by no mail", "[alerts]\nmail = [\"ops@msp.example\"]", "is set without mail.smtp"},
		{"a link in clear", "[links]\npublic_url = \"http://evidence.example\"", "goes by https"},
		{"a page without an address", "[links]\nkind = \"page\"", "links.public_url: is missing"},
		{"no proxy", "[links]\nproxies = [\"everyone\"]", "no address or network"},
		{"half a ticket system", "[tickets]\nkind = \"jira\"\nurl = \"https://x.example\"", "tickets.project: is missing for jira"},
		{"a password in the file", "[mail]\npassword_env = \"hunter2!secret\"", "write the name, not the secret"},
		{"a port that is none", "[links]\nlisten = \"127.0.0.1:99999\"", "write an address and a port"},
		{"one address for two", "[links]\npublic_url = \"https://e.example\"\nlisten = \"127.0.0.1:9464\"",
			"give each an address of its own"},
		{"no role", "[mail]\nroles = []", "so nobody would get a packet"},
		{"a role", "[mail]\nroles = [\"boss\"]", "holds \"boss\""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("c.toml", []byte(tt.more+"\n"+
				strings.Replace(minimal, `name = "Acme"`, "name = \"Acme\"\ntimezone = \"America/Chicago\"", 1)))
			var bad *Error
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("%v\nwant %s", err, tt.want)
			}
			for _, p := range bad.Problems {
				if strings.Contains(p.Text, "secret\"") || strings.Contains(p.Text, "hunter2") {
					t.Errorf("the secret is repeated: %s", p.Text)
				}
			}
		})
	}
}

package config

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestTies(t *testing.T) {
	const sts, iam = "arn:aws:sts::111122223333:assumed-role/", "arn:aws:iam::111122223333:role/"
	tests := []struct {
		a, b string
		tie  bool
	}{
		{sts + "Ab*", sts + "*bA", true},
		{sts + "Ab*", sts + "*bAA", false}, // one is longer
		{sts + "Ab*", sts + "Cd*", false},  // nothing matches both
		{sts + "A?c*", sts + "Ab?*", true},
		{iam + "Backup", sts + "Backup/*", true},          // one role, said twice
		{iam + "team/Backup", iam + "other/Backup", true}, // a log shows no path
		{iam + "Backup", sts + "Backu*", false},           // exact comes before
		{sts + "Backup/s-1", sts + "Backup/*", false},     // one session is more specific
		{"111122223333", "arn:aws:iam*", false},           // an account comes last
		{"arn:aws-cn:iam::111122223333:user/a*", "arn:aws:iam::111122223333:user/a*b", false},
	}
	for _, tt := range tests {
		for _, pair := range [][2]string{{tt.a, tt.b}, {tt.b, tt.a}} {
			got := Ties([]Principal{{pair[0], "A", RoleAdmin}, {pair[1], "B", RoleAdmin}})
			if (len(got) > 0) != tt.tie {
				t.Errorf("%s and %s: %v", pair[0], pair[1], got)
			}
			if got := Ties([]Principal{{pair[0], "A", RoleAdmin}, {pair[1], "A", RoleAdmin}}); len(got) > 0 {
				t.Errorf("%s and %s say the same: %v", pair[0], pair[1], got)
			}
		}
	}
	// Very many take no time that grows with their square.
	var many []Principal
	for n := range 100_000 {
		many = append(many, Principal{fmt.Sprintf(sts+"Role%06d/*", n), fmt.Sprint("R", n), RoleBackup},
			Principal{fmt.Sprintf(sts+"Other%06d-*", n), fmt.Sprint("O", n), RoleBackup})
	}
	if got := Ties(many); len(got) > 0 {
		t.Error(got[0])
	}
}

// TestTiesOfMany compares with what asks of every pair.
func TestTiesOfMany(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		var list []Principal
		for range 2 + rng.IntN(6) {
			b := make([]byte, 1+rng.IntN(4))
			for i := range b {
				b[i] = "ab*?"[rng.IntN(4)]
			}
			list = append(list, Principal{string(b), fmt.Sprint(rng.IntN(2)), RoleAdmin})
		}
		got := map[[2]Principal]bool{}
		for _, tie := range Ties(list) {
			got[tie] = true
		}
		for j, q := range list {
			for _, p := range list[:j] {
				wild := strings.ContainsAny(p.Match, "*?")
				tie := p.Name != q.Name && Specific(p.Match) == Specific(q.Match) && meet(p.Match, q.Match)
				if tie != got[[2]Principal{p, q}] && (wild || p.Match != q.Match) {
					t.Fatalf("%v and %v of %v: %t", p, q, list, !tie)
				}
			}
		}
	}
}

func TestMatchesThatApproveTooMuch(t *testing.T) {
	for match, bad := range map[string]bool{
		"-": true, "*": true, "?*": true, "*-*": true, "*-": true, "?": true,
		"arn:aws:iam::111122223333:role/service-role/*":                   true,
		"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*": true,
		"arn:aws:iam::111122223333:role/*":                                false,
		"arn:aws:iam::111122223333:role/service-role/Back*":               false,
		"arn:aws:iam::111122223333:user/a-*":                              false,
		"svc:*":                                                           false, "111122223333": false, "79a59df900b949e5*": false,
	} {
		if got := matchProblem(match); (got != "") != bad {
			t.Errorf("%s: %q", match, got)
		}
	}
}

func TestReadIdentities(t *testing.T) {
	const role = "arn:aws:sts::111122223333:assumed-role/B/*"
	tests := []struct{ name, text, want string }{
		{"good", "match,name,role,tenant\r\n" + role + ",\"B, the role\",Backup,acme\r\n", ""},
		{"byte order mark and quotes", "\ufeff\"match\",\"name\",\"role\",\"tenant\"\n" + role + ",B,backup,acme\n", ""},
		{"semicolons", "match;name;role;tenant\n", "1: separated by semicolons"},
		{"no head", "", "1: no head line"},
		{"a column is missing", "match,name,role\n", `1: the head line has no column "tenant"`},
		{"a column twice", "match,name,role,tenant,Name\n", `1: the head line has the column "name" twice`},
		{"Latin-1", "match,name,role,tenant\n" + role + ",Z\xfcrich,backup,acme\n", "is not UTF-8"},
		{"several faults", "match,name,role,tenant\n,B,backup,acme\n" + role + ",B,boss,acme\n\n*,B,admin,acme\n",
			"2: match is empty|3: role is \"boss\"|5: match is \"*\""},
		{"an open quote", "match,name,role,tenant\n\"" + role + ",B,backup,acme\n", "no CSV"},
	}
	for _, tt := range tests {
		list, err := ReadIdentities("i.csv", strings.NewReader(tt.text))
		if tt.want == "" {
			if err != nil || len(list) != 1 || list[0].Role != RoleBackup || list[0].Line != 2 {
				t.Errorf("%s: %v, %v", tt.name, list, err)
			}
			continue
		}
		for _, want := range strings.Split(tt.want, "|") {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", tt.name, err, want)
			}
		}
	}
}

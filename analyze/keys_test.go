package analyze

import (
	"fmt"
	"strings"
	"testing"
)

// TestObjectKey: a key of the log is decoded as often as it was encoded, which the address
// of its request tells.
func TestObjectKey(t *testing.T) {
	f := newFixture(t, oneTenant)
	f.hum("2026-10-07T00:00:00Z", "2026-10-08T00:00:00Z")
	f.store("file:logs")
	v := f.open("acme", "2026-10-07", "2026-10-07")
	for _, tt := range []struct{ key, uri, want string }{
		{"veeam/a.vbk", "", "veeam/a.vbk"},
		{"job%201/x", "PUT /job%201/x HTTP/1.1", "job 1/x"},
		{"job+1/x", "PUT /job+1/x HTTP/1.1", "job 1/x"},
		{"job%25201/x", "PUT /job%201/x HTTP/1.1", "job 1/x"},                      // twice
		{"job%25201/x", "PUT /acme-backups/job%201/x?uploads HTTP/1.1", "job 1/x"}, // twice, path style
		{"job%25201/x", "PUT /job%25201/x HTTP/1.1", "job%201/x"},                  // its name holds %20
		{"job%25201/x", "", "job%201/x"},                                           // lifecycle, and the objects of a multi-object delete
		{"job%252525201/x", "PUT /job%2525201/x HTTP/1.1", "job%25201/x"},          // twice, its name holds %2520
		{"job%2B1/x", "PUT /job%2B1/x HTTP/1.1", "job+1/x"},                        // a plus
		{"job%252B1/x", "PUT /job%2B1/x HTTP/1.1", "job+1/x"},                      // a plus, twice
		{"job%2B1/x", "PUT /job+1/x HTTP/1.1", "job 1/x"},                          // a space as +, twice
		{"B%C3%BCro/x", "PUT /B%C3%BCro/x HTTP/1.1", "Büro/x"},
		{"B%25C3%25BCro/x", "PUT /B%C3%BCro/x HTTP/1.1", "Büro/x"},
		{"M%25FCller", "", "M%FCller"},
		{"M%FCller", "PUT /M%FCller HTTP/1.1", "M%FCller"}, // no text: stays as it is
		{"%zz%", "PUT /%zz% HTTP/1.1", "%zz%"},
		{"a%2Fb", "PUT /a%2Fb HTTP/1.1", "a/b"}, // the same object for S3
	} {
		var uri any
		if tt.uri != "" {
			uri = tt.uri
		}
		result, err := v.engine.Query(t.Context(),
			"SELECT object_key(k, u) FROM (SELECT CAST(? AS VARCHAR) AS k, CAST(? AS VARCHAR) AS u)", tt.key, uri)
		if err != nil {
			t.Fatal(err)
		}
		if got := result.Rows[0][0]; got != tt.want {
			t.Errorf("%s of %q is %q, want %q", tt.key, tt.uri, got, tt.want)
		}
	}
}

// TestLookAlikePrefixes: an object whose name looks like the encoding of an approved prefix
// stands outside of it.
func TestLookAlikePrefixes(t *testing.T) {
	f := newFixture(t, strings.Replace(oneTenant, `prefixes = ["veeam/", "Zürich Café/"]`, `prefixes = ["job 1/", "bücher:x/"]`, 1))
	f.hum("2026-10-05T00:00:00Z", "2026-10-09T00:00:00Z")
	// By its encoding once, as the records of a multi-object delete have it.
	for _, key := range []string{"job%201/x", "job+1/x", "b%C3%BCcher%3Ax/x"} {
		f.at("2026-10-07T02:00:00Z", backup, "BATCH.DELETE.OBJECT", key, "status=204")
	}
	for _, key := range []string{"job%2B1/x", "job%25201/x", "b%25C3%25BCcher%253Ax/x"} {
		f.at("2026-10-07T02:00:01Z", backup, "BATCH.DELETE.OBJECT", key, "status=204")
	}
	f.store("file:logs")
	same(t, "outside", f.foundBy(f.open("acme", "2026-10-07", "2026-10-07"), "unapproved-prefix"), []string{
		"unapproved-prefix high acme-backups: b%25C3%25BCcher%253Ax/ (1)",
		"unapproved-prefix high acme-backups: job%25201/ (1)",
		"unapproved-prefix high acme-backups: job%2B1/ (1)",
	})
}

// TestEveryRecordHasOneOwner: of the records of a bucket that two tenants share, whose keys
// or lists tell whose they are, each is in the packet of one of them, and of one only, also
// where their prefixes look alike.
func TestEveryRecordHasOneOwner(t *testing.T) {
	for _, prefixes := range [][2]string{{"acme/", "beta/"}, {"a b/", "a+b/"}, {"a%20b/", "a b/"}, {"acme", "acma"},
		{"Büro/", "B%C3%BCro/"}} {
		text := strings.NewReplacer(`["acme/", "acme/sub/", "ac me/"]`, fmt.Sprintf("[%q]", prefixes[0]), `["beta/"]`,
			fmt.Sprintf("[%q]", prefixes[1])).Replace(twoTenants)
		f := newFixture(t, text)
		var told []string
		n := 0
		for _, p := range prefixes {
			once := encode(p, "%20")
			for _, form := range []struct{ key, operation, query string }{
				{once, "BATCH.DELETE.OBJECT", ""}, {encode(p, "+"), "S3.EXPIRE.OBJECT", ""},
				{encode(once, "%20"), "REST.PUT.OBJECT", ""}, {encode(encode(p, "+"), "%20"), "REST.GET.OBJECT", ""},
				{"-", "REST.GET.BUCKET", "GET /?list-type=2&prefix=" + once + "x HTTP/1.1"},
			} {
				for _, who := range []string{backup, "arn:aws:iam::444455556666:user/beta", "arn:aws:iam::999988887777:user/eve"} {
					key := form.key
					if key != "-" {
						key += fmt.Sprint("x", n)
					}
					f.at("2026-10-07T02:00:00Z", who, form.operation, key, "bucket=shared-bucket")
					switch {
					case form.query != "":
						f.recs[len(f.recs)-1].RequestURI = []byte(form.query)
					case form.operation == "REST.GET.OBJECT":
						f.recs[len(f.recs)-1].RequestURI = []byte("GET /" + encode(p, "+") + fmt.Sprint("x", n) + " HTTP/1.1")
					}
					told = append(told, form.operation+" "+key+" by "+who)
					n++
				}
			}
		}
		f.store("file:logs")
		seen := map[string][]string{}
		for _, tenant := range []string{"acme", "beta"} {
			result, err := f.open(tenant, "2026-10-07", "2026-10-07").engine.Query(t.Context(),
				"SELECT request_id, coalesce(key, request_uri) FROM access")
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range result.Rows {
				seen[fmt.Sprint(row[0])] = append(seen[fmt.Sprint(row[0])], tenant)
			}
		}
		half := n / 2
		for i := 1; i <= n; i++ {
			want := "acme"
			if i > half {
				want = "beta"
			}
			if got := seen[fmt.Sprint("R", i)]; len(got) != 1 || got[0] != want {
				t.Errorf("%q: %s is of %v and not of %s", prefixes, told[i-1], got, want)
			}
		}
	}
}

package config

import "testing"

func TestDateOrder(t *testing.T) {
	for layout, want := range map[string]string{"DD/MM/YYYY HH:mm": "dmy", "MM/DD/YYYY hh:mm:ss A": "mdy",
		"YYYY-MM-DDTHH:mm": "ymd", "dd.mm.yy": "dmy", "YYYY-DD-MM": "ydm", "day first": "dmy",
		"Month First": "mdy", "iso": "ymd", "": "", "HH:mm": "", "DD/MM": "", "02/01/2006": "", "DD/MM/MM/YYYY": "dmy", "%d/%m/%Y": "dmy"} {
		if got := dateOrder(layout); got != want {
			t.Errorf("%q: %q, want %q", layout, got, want)
		}
	}
}

package integrity

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// folder is where the files of one account in one Region lie.
type folder struct{ base, account, region string }

func (f folder) digests() string { return f.base + "CloudTrail-Digest/" + f.region + "/" }
func (f folder) logs() string    { return f.base + "CloudTrail/" + f.region + "/" }

var (
	// accountFolder is what a key in a bucket for AWS logs begins with: the O-ID is
	// that of an organization trail.
	accountFolder = regexp.MustCompile(`^((?:.*/)?AWSLogs/(?:o-[a-z0-9]{10,32}/)?(\d{12})/)([^/]+)/(?:([^/]+)/)?`)
	digestName    = regexp.MustCompile(`^(\d{12})_CloudTrail-Digest_([a-z0-9-]+?)_(.+)_([a-z0-9-]+)_(\d{8}T\d{6}Z)(_backfill)?\.json\.gz$`)
	logName       = regexp.MustCompile(`^\d{12}_CloudTrail_[a-z0-9-]+_(\d{8}T\d{4}Z)_?[A-Za-z0-9]+\.json\.gz$`)
)

const (
	digestTime = "20060102T150405Z"
	logTime    = "20060102T1504Z"
	// beyond sorts after everything that may stand in a folder.
	beyond = "~"
	// mostLooks bounds the looks for folders of digests.
	mostLooks = 20000
)

// findFolders looks for folders of digests without listing the log files: each look
// asks for the first key behind what is known.
func findFolders(ctx context.Context, store Store, prefix string) (out []folder, err error) {
	after := ""
	for range mostLooks {
		key := ""
		for k, err := range store.List(ctx, prefix, after) {
			if err != nil {
				return nil, err
			}
			key = k
			break
		}
		if key == "" {
			return out, nil
		}
		m := accountFolder.FindStringSubmatch(key)
		switch {
		case m == nil: // something else; its folder is passed by
			after = key
			if i := strings.LastIndexByte(key, '/'); i >= 0 && !strings.HasSuffix(key, "/") {
				after = key[:i+1] + beyond
			}
		case m[3] == "CloudTrail-Digest" && m[4] != "":
			out = append(out, folder{m[1], m[2], m[4]})
			after = m[1] + m[3] + "/" + m[4] + "/" + beyond
		default:
			after = m[1] + m[3] + "/" + beyond
		}
		if after <= key {
			after = key
		}
	}
	return nil, fmt.Errorf("no end of folders below %q; name the folder that holds AWSLogs/, or the account's folder in it", prefix)
}

// list finds the digests whose windows meet the period, with those of the day before,
// of which the last is what the first one of the period names.
func (v *verification) list(ctx context.Context) (out []*digest, err error) {
	dir := v.folder.digests()
	from, to := v.Period.From.Add(-24*time.Hour), v.Period.To.Add(24*time.Hour)
	for key, err := range v.store.List(ctx, dir, dir+from.UTC().Format("2006/01/02/")) {
		if err != nil {
			return nil, err
		}
		d, ok := v.digestOf(key)
		if !ok {
			continue
		}
		if d.at.After(to) {
			break
		}
		// A digest covers an hour; behind the period they still name its log files.
		out = append(out, d)
	}
	return out, nil
}

// digestOf reads what the name of a digest tells.
func (v *verification) digestOf(key string) (*digest, bool) {
	name := key[strings.LastIndexByte(key, '/')+1:]
	m := digestName.FindStringSubmatch(name)
	if m == nil || m[1] != v.folder.account || m[2] != v.folder.region {
		return nil, false
	}
	at, err := time.Parse(digestTime, m[5])
	return &digest{key: key, at: at, trail: m[3], home: m[4], backfill: m[6] != ""}, err == nil
}

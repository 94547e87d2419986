package integrity

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// folder is where the files of one account in one Region lie, whether there are digests
// or log files alone.
type folder struct {
	location              *location
	base, account, region string
}

func (f folder) digests() string { return f.base + "CloudTrail-Digest/" + f.region + "/" }
func (f folder) logs() string    { return f.base + "CloudTrail/" + f.region + "/" }

var (
	// accountFolder is what a key in a bucket for AWS logs begins with: the O-ID is
	// that of an organization trail.
	accountFolder = regexp.MustCompile(`^((?:.*/)?AWSLogs/(?:o-[a-z0-9]{1,32}/)?(\d{12})/)([^/]+)/(?:([^/]+)/)?`)
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

// findFolders looks for the folders of accounts, of all where none is named, without
// listing the log files: each look asks for the first key behind what is known.
func findFolders(ctx context.Context, store Store, prefix string, accounts []string) (out []folder, err error) {
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
		case len(accounts) > 0 && !slices.Contains(accounts, m[2]):
			after = m[1] + beyond
		case (m[3] == "CloudTrail-Digest" || m[3] == "CloudTrail") && m[4] != "":
			f := folder{base: m[1], account: m[2], region: m[4]}
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
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

// regions are those of folders, sorted.
func regions(folders []folder) (out []string) {
	for _, f := range folders {
		out = append(out, f.region)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// list finds the digests of a folder whose windows intersect the period, with those of
// the day before, of which the last is what the first one of the period names, and those
// of the day behind it, which still name log files of the period. Where there are none,
// far is the first one behind that.
func (v *verification) list(ctx context.Context, f folder) (out []*digest, far *digest, err error) {
	dir := f.digests()
	from, to := v.Period.From.Add(-24*time.Hour), v.Period.To.Add(24*time.Hour)
	for key, err := range f.location.Store.List(ctx, dir, dir+from.UTC().Format("2006/01/02/")) {
		if err != nil {
			return nil, nil, err
		}
		d, ok := f.digestOf(key)
		if !ok {
			continue
		}
		if d.at.After(to) {
			if len(out) == 0 && !d.backfill {
				far = d
			}
			break
		}
		out = append(out, d)
	}
	return out, far, nil
}

// digestOf reads what the name of a digest tells.
func (f folder) digestOf(key string) (*digest, bool) {
	name := key[strings.LastIndexByte(key, '/')+1:]
	m := digestName.FindStringSubmatch(name)
	if m == nil || m[1] != f.account || m[2] != f.region {
		return nil, false
	}
	at, err := time.Parse(digestTime, m[5])
	return &digest{folder: f, key: key, at: at, trail: m[3], home: m[4], backfill: m[6] != ""}, err == nil
}

// nameOf reads what the key of a digest in whichever place tells of its trail, in the
// form of [digest.name].
func nameOf(key string) (name [4]string, at time.Time, ok bool) {
	folder := accountFolder.FindStringSubmatch(key)
	m := digestName.FindStringSubmatch(key[strings.LastIndexByte(key, '/')+1:])
	if folder == nil || m == nil {
		return name, at, false
	}
	at, err := time.Parse(digestTime, m[5])
	return [4]string{folder[1] + "CloudTrail-Digest/" + m[2] + "/", m[2], m[3], m[4]}, at, err == nil
}

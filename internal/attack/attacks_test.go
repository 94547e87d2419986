package attack

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// attack is one case: a month, what is done to it, and what the packet must say.
type attack struct {
	name string
	says string        // what a careful auditor objects to, or why he does not
	on   func() *month // a clean month
	do   func(*month)  // what is changed; nil for nothing
	run  func(*world)  // what the user does; nil for collect, check and report
	ok   bool          // the month must be ok
	// shows names what is to be seen in the packet or the findings, any one of it: a check,
	// "check: part of its subject", or "night 21 missed". It stands where it is sure.
	shows []string
	// hides names what must not be seen.
	hides []string
}

// asked says how many of the cases run: "" a few, else as the package comment tells.
var asked = os.Getenv("BUCKETPROOF_TEST_ATTACKS")

// few are the cases that run without being asked for.
var few = []string{"clean-trail", "no-backup-day-21", "deletes-by-admin-day-16"}

// sample has one of each kind besides.
var sample = append([]string{"clean-plain", "clean-berlin-march", "clean-restic", "harmless-late-log-objects",
	"harmless-restore-of-a-night", "gap-12h-day-14", "removed-at-03", "uploads-begun-day-21",
	"report-unreadable-day-21"}, few...)

// variants are cases of a kind of which others are tried, too: they run when every case is
// asked for, or one by its name.
var variants = regexp.MustCompile(`^(` + strings.Join([]string{
	`gap-(12h-day-1|17h-day-14|17h-busy|16h-every-day-busy|every-second-hour-busy|office-workhours)`,
	`empty-log-objects-day-2`, `window-without-a-line-day-(1|31)`,
	`log-ends-days-early`, `sparse-three-nights-silent`, `weekdays-(daytime|a-week)`, `second-bucket-without-log`,
	`no-backup-(day-1|all-month|ten-day-21|lord-howe|in-double-hour)`, `uploads-begun-(day-1|day-31|all-month)`,
	`upload-parts-only-all-month`, `uploads-aborted-always`,
	`completions-fail-(400|500)-day-21`, `ok-with-error-(day-1|all-month)`,
	`writes-answered-(307|409|412|500)-day-21`, `empty-objects-(day-1|day-31|all-month)`,
	`tiny-objects-(day-1|day-31)`, `one-object-of-ten-(day-1|day-21)`, `lock-only-all-month`,
	`only-(lck|tmp|lock)-files-day-21`, `other-prefix-(day-1|all-month)`,
	`prefix-other-case-day-21`, `copies-onto-themselves-all-month`, `one-key-again-and-again-(day-1|all-month)`,
	`nine-of-ten-refused-(day-1|all-month)`,
	`nine-of-ten-fail-day-(21|31)`, `written-by-(admin|restore|audit)-day-21`, `written-by-look-alike-all-month`,
	`after-the-window-day-(1|31)`, `one-bucket-(fails-once|too-little)`,
	`removed-(at-03-first|batch|by-admin|by-stranger|second-bucket|multipart|overwritten-by-admin)`,
	`deletes-by-(restore|stranger|other-account|anonymous)-day-16`,
	`deletes-by-admin-(day-1|in-the-window)`, `deletes-45-a-night-batch`, `deletes-all-of-a-small-bucket-batch`,
	`multi-delete-without-keys-admin`,
	`retention-by-(admin|stranger)`, `legal-hold-by-restore`, `overwritten-by-backup-yesterday`,
	`bucket-(policy|acl|object-lock|versioning)-by-backup`,
	`bucket-(policy-deleted|lifecycle|logging|acl|object-lock)-by-admin-trail`, `copied-elsewhere-by-(restore|admin)`,
	`read-at-once-by-(backup|audit)`, `read-slowly-by-admin`,
	`read-by-(cloudfront|cloudfront-svc|canonical-user)`, `read-always-by-datasync-svc`,
	`listed-other-prefix-by-restore`, `read-other-prefix-last-day`,
	`shrinks-(2|5)-percent`, `trail-silent-a-day`, `trail-lacks-ten-writes-first`, `log-lacks-(reads|a-write)`,
	`digests-missing-a-day`, `digest-missing-last-day`, `trail-file-removed`,
	`trail-trail-deleted`, `metrics-(lack-the-end|count-more-first)`, `report-(missing|unreadable)-day-(1|31)`,
	`report-aws-(aborted|expired|partial)`, `report-csv-failed`,
	`noise-refused-every-day`, `noise-principals-foreign`, `approved-afterwards-everything`,
	`agents-widened-afterwards`, `shared-(versioning|lifecycle|logging)`,
	`clean-(tokyo|february|beirut-march|reports-restic|trail|metrics)`,
	`harmless-(later-in-the-window-day-(1|31)|doubled-log-object|a-lock|one-write-retried|half-more|a-fifth-less)`,
	`harmless-(restore-of-one-object-on-the-first|one-probe|other-address|trail-reads|retention-on-fresh-objects|report-twice)`,
	`gap-(12h-day-31|lord-howe|over-month-begin|every-second-hour-month|12h-busy)`, `thinned-90-percent-objects`, `log-begins-late`,
	`weekdays-wednesday`, `no-log-at-all`,
	`no-backup-(always|on-a-workday|beirut-midnight)`, `uploads-begun-always`, `uploads-aborted-day-21`, `writes-answered-503-day-21`,
	`one-object-of-ten-day-31`,
	`empty-objects-day-21`, `prefix-look-alike-day-21`, `written-by-(anonymous|stranger)-day-21`, `before-the-window-day-21`,
	`nine-of-ten-fail-always`, `one-prefix-fails-once`,
	`one-role-stops`, `a-tenth-from-the-tenth-on`,
	`removed-(at-03-last|berlin|by-audit|overwritten-small|all-month|most-of-the-bytes|restic-packs|after-23h)`,
	`deletes-by-((audit|service)-day-16|backup-off-window-chicago)`, `deletes-(ramp|400-at-once|all-on-the-last-day|versions)`,
	`multi-delete-without-keys-every-night`,
	`legal-hold-by-backup`, `overwritten-all`, `bucket-(lifecycle|policy-deleted)-by-backup`, `bucket-versioning-by-admin-trail`,
	`read-by-(anonymous|other-account|datasync-svc)`,
	`read-always-by-cloudfront`, `read-slowly-by-restore`, `written-by-admin-off-window`, `read-other-prefix`, `listed-by-stranger`,
	`old-tls`,
	`trail-(ends-early|begins-late|tells-another-key|lacks-one-write|moved-and-last-removed|selectors-changed|begins-anew-with-a-gap)`,
	`data-events-off-(a-day|from-the-20th)`,
	`digest-(missing|changed)`, `forged-night`, `metrics-count-less`,
	`report-(tells-less|empty|csv-no-result|restic-errors|rclone-critical|and-log-both-missing)`, `reports-end`,
	`noise-agents`, `approved-afterwards-as-backup`, `(min-objects-lowered|accounts-widened)-afterwards`, `shared-reads-ours`,
	`clean-(berlin-october|chicago-march|pruned-singly|two-roles|reports-csv|trail-chicago)`,
	`harmless-(first-minute-of-the-window|two-fifths-less|a-third-more|more-objects|reads-its-index)`,
	`harmless-(admin-looks|an-object-in-parts|lifecycle-aborts-uploads|written-twice)`,
	`harmless-(new-version-of-the-program|trail-other-(home-region|organization)|trail-and-lifecycle)`,
	`harmless-(report-with-bom|later-in-the-window-day-20|quiet-saturday)`,
	`harmless-(one-hour-silent-busy|shared-theirs|metrics-differ-little|sparse-other-hour)`,
}, `|`) + `)$`)

// all are the cases, in groups.
func all() []attack {
	return slices.Concat(cleanMonths(), harmless(), silences(), noBackups(), removedAgain(), removals(), weakened(),
		leaving(), slow(), witnesses(), reported(), noise(),
		vanishing())
}

func TestAttacks(t *testing.T) {
	list, seen := all(), map[string]bool{}
	for _, a := range list {
		if seen[a.name] {
			t.Errorf("two cases are named %s", a.name)
		}
		seen[a.name] = true
		if a.says == "" {
			t.Errorf("%s does not say what it is about", a.name)
		}
	}
	for _, name := range sample {
		if !seen[name] {
			t.Errorf("there is no case %s for the sample", name)
		}
	}
	for i, a := range list {
		switch {
		case asked == "every" || named() || slices.Contains(few, a.name):
		case asked != "" && slices.Contains(sample, a.name):
		case asked == "all" && !variants.MatchString(a.name):
		case asked == "some" && i%7 == 0:
		default:
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			a.try(t)
		})
	}
}

// named tells whether -run asks for cases by name.
func named() bool { return strings.Contains(flag.Lookup("test.run").Value.String(), "TestAttacks/") }

var allNights = regexp.MustCompile(`all (\d+) nights`)

// due is how many windows are due in the month.
func (m *month) due() (n int) {
	for _, b := range m.buckets {
		for _, d := range m.days() {
			if slices.Contains(b.days, strings.ToLower(d.Weekday().String()[:3])) {
				n++
			}
		}
	}
	return n
}

// try runs a case.
func (a attack) try(t *testing.T) {
	m := a.on()
	if a.do != nil {
		a.do(m)
	}
	w := place(t, m)
	if a.run != nil {
		a.run(w)
	} else {
		// The packet runs the checks of its month itself.
		w.run("collect")
		w.report()
	}
	failed := func(what string) {
		t.Errorf("%s\n%s: %s\n%s\ngo test ./internal/attack -run 'TestAttacks/^%s$'", what, a.name, a.says, w.story(), a.name)
	}
	switch {
	case a.ok && w.Verdict != "ok":
		failed("a month to which nobody objects is not ok")
	case !a.ok && w.Verdict == "ok":
		failed("a false ok")
	}
	if a.run == nil && len(w.Nights) != m.due() {
		failed(fmt.Sprintf("%d nights of %d", len(w.Nights), m.due()))
	}
	if w.Verdict == "ok" && slices.ContainsFunc(w.Nights, func(n night) bool { return n.Verdict != "ok" }) {
		failed("an ok month with a night that is not")
	}
	// No month has more nights than days, however many buckets it has.
	if said := allNights.FindStringSubmatch(w.Sentence); said != nil {
		if n, _ := strconv.Atoi(said[1]); n > len(m.days()) {
			failed("more nights than days")
		}
	}
	if len(a.shows) > 0 && !slices.ContainsFunc(a.shows, w.shows) {
		failed("none of these is to be seen: " + strings.Join(a.shows, "; "))
	}
	for _, what := range a.hides {
		if w.shows(what) {
			failed("this must not be seen: " + what)
		}
	}
}

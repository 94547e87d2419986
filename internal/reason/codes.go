package reason

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Code names a reason. The state keeps codes, so one never changes its meaning.
type Code string

// Codes by which SQL tells one reason from another; the others are known by their cause
// alone.
const (
	NoLogBefore     Code = "no-log-before"    // the log begins behind the day
	LinesUnreadable Code = "lines-unreadable" // too many lines can't be read
)

const (
	codeSentence Code = "sentence"

	noLog        Code = "no-log"
	noLogAfter   Code = "no-log-after"
	noLogBetween Code = "no-log-between"
	noLogInHours Code = "no-log-in-hours"
	littleLog    Code = "little-log"
	noLogInside  Code = "no-log-in-object"
	noLogAtNight Code = "no-log-in-window"

	noTrail        Code = "no-trail"
	noTrailBefore  Code = "no-trail-before"
	noTrailAfter   Code = "no-trail-after"
	noTrailBetween Code = "no-trail-between"
	noTrailInHours Code = "no-trail-in-hours"
	littleTrail    Code = "little-trail"

	unsettled          Code = "unsettled"
	notAsked           Code = "not-asked"
	digestsNotAsked    Code = "digests-not-asked"
	cloudWatchNotAsked Code = "cloudwatch-not-asked"

	setupNotLooked Code = "setup-not-looked"
	setupNotKnown  Code = "setup-not-known"
	noDataPoint    Code = "no-data-point"
	noSize         Code = "no-size"
	noDataEvent    Code = "no-data-event"

	noReport         Code = "no-report"
	sessionsRunning  Code = "sessions-running"
	reportUnreadable Code = "report-unreadable"

	noAccounts   Code = "no-accounts"
	noPrincipals Code = "no-principals"
	noBackupRole Code = "no-backup-role"

	learning       Code = "learning"
	learningMonths Code = "learning-months"
)

// Cause is what was wanting, as far as code decides by it.
type Cause int

const (
	Other         Cause = iota // also of no reason
	LogGap                     // log records are missing or can't be read
	TrailGap                   // events of a trail are missing
	Unsettled                  // log objects may still come
	NotAsked                   // digests or metrics were not looked at, or could not be
	NotConfigured              // the configuration lacks what it takes
	Learning                   // there is too little to compare with
)

type definition struct {
	cause  Cause
	params []param
}

// definitions has every code.
var definitions = map[Code]definition{
	codeSentence: {Other, []param{{"text", name}}},

	noLog:           {LogGap, nil},
	NoLogBefore:     {LogGap, []param{{"first", clock}}},
	noLogAfter:      {LogGap, []param{{"last", clock}}},
	noLogBetween:    {LogGap, []param{{"from", clock}, {"to", clock}}},
	noLogInHours:    {LogGap, []param{{"missing", number}, {"hours", number}}},
	littleLog:       {LogGap, []param{{"hours", number}}},
	noLogInside:     {LogGap, []param{{"delivered", clock}}},
	noLogAtNight:    {LogGap, nil},
	LinesUnreadable: {LogGap, []param{{"unreadable", number}, {"lines", number}}},

	noTrail:        {TrailGap, []param{{"account", name}}},
	noTrailBefore:  {TrailGap, []param{{"account", name}, {"first", clock}}},
	noTrailAfter:   {TrailGap, []param{{"account", name}, {"last", clock}}},
	noTrailBetween: {TrailGap, []param{{"account", name}, {"from", clock}, {"to", clock}}},
	noTrailInHours: {TrailGap, []param{{"account", name}, {"missing", number}, {"hours", number}}},
	littleTrail:    {TrailGap, []param{{"account", name}, {"hours", number}}},

	unsettled:          {Unsettled, nil},
	notAsked:           {NotAsked, []param{{"failure", name}}},
	digestsNotAsked:    {NotAsked, nil},
	cloudWatchNotAsked: {NotAsked, nil},

	setupNotLooked: {Other, nil},
	setupNotKnown:  {Other, []param{{"what", name}, {"detail", name}}},
	noDataPoint:    {Other, nil},
	noSize:         {Other, nil},
	noDataEvent:    {Other, []param{{"requests", number}}},

	noReport:         {Other, nil},
	sessionsRunning:  {Other, nil},
	reportUnreadable: {Other, []param{{"problem", name}}},

	noAccounts:   {NotConfigured, nil},
	noPrincipals: {NotConfigured, nil},
	noBackupRole: {NotConfigured, nil},

	learning:       {Learning, []param{{"days", number}, {"needed", number}}},
	learningMonths: {Learning, nil},
}

// fill gives a code its arguments, in the order of its definition.
func fill(code Code, values ...any) Reason {
	r := Reason{Code: code}
	for i, p := range definitions[code].params {
		r.Args[i] = Arg{p.name, values[i]}
	}
	return r
}

// Codes are all that have words, sorted.
func Codes() []Code {
	codes := slices.Sorted(maps.Keys(definitions))
	return slices.DeleteFunc(codes, func(c Code) bool { return c == codeSentence })
}

// Places are the names of the arguments that a code has.
func (c Code) Places() []string {
	var names []string
	for _, p := range definitions[c].params {
		names = append(names, p.name)
	}
	return names
}

// Cause is what was wanting. Of a sentence that an earlier version stored its words tell.
func (r Reason) Cause() Cause {
	text, ok := r.Text()
	if !ok {
		return definitions[r.Code].cause
	}
	switch {
	case text == "log objects of the day may still come":
		return Unsettled
	case strings.HasPrefix(text, "not asked"):
		return NotAsked
	case strings.HasPrefix(text, "no CloudTrail event"):
		return TrailGap
	case strings.HasPrefix(text, "no log record"), strings.HasSuffix(text, "can't be read"):
		return LogGap
	case strings.HasSuffix(text, "is configured"), strings.HasSuffix(text, "is not configured"):
		return NotConfigured
	case strings.HasSuffix(text, "still learning"):
		return Learning
	}
	return Other
}

// Sentence is a text that has no code: of an earlier version, or of SQL that says what is
// usual. It is shown as it is; "" is no reason.
func Sentence(text string) Reason {
	if text == "" {
		return Reason{}
	}
	return fill(codeSentence, text)
}

// Silence says that records are missing: those of a bucket's log, or the events of an
// account's trail. Times are of the tenant's zone.
type Silence struct {
	Account string // "" for the log
}

func (s Silence) of(log, trail Code, values ...any) Reason {
	if s.Account == "" {
		return fill(log, values...)
	}
	return fill(trail, append([]any{s.Account}, values...)...)
}

// Ever is that there is no record at all.
func (s Silence) Ever() Reason { return s.of(noLog, noTrail) }

// Before is that there is none before the first one.
func (s Silence) Before(first time.Time) Reason {
	return s.of(NoLogBefore, noTrailBefore, minute(first))
}

// After is that there is none behind the last one.
func (s Silence) After(last time.Time) Reason { return s.of(noLogAfter, noTrailAfter, minute(last)) }

// Between is that there is none for longer than usual.
func (s Silence) Between(from, to time.Time) Reason {
	return s.of(noLogBetween, noTrailBetween, minute(from), minute(to))
}

// InHours is that there is none in so many of the hours that always have one.
func (s Silence) InHours(missing, hours int) Reason {
	return s.of(noLogInHours, noTrailInHours, int64(missing), int64(hours))
}

// Little is that most records of so many hours are missing.
func (s Silence) Little(hours int) Reason { return s.of(littleLog, littleTrail, int64(hours)) }

// NoLogInObject is that a log object holds no byte. Delivered is of the tenant's zone.
func NoLogInObject(delivered time.Time) Reason { return fill(noLogInside, minute(delivered)) }

// NoLogInWindow is that the log has no record in a backup window.
func NoLogInWindow() Reason { return fill(noLogAtNight) }

// Unreadable is that so many lines of a log can't be read.
func Unreadable(unreadable, lines int64) Reason { return fill(LinesUnreadable, unreadable, lines) }

// MayStillCome is that log objects of the day are still waited for.
func MayStillCome() Reason { return fill(unsettled) }

// CouldNotAsk is that the digests or CloudWatch could not be read. Failure is English.
func CouldNotAsk(failure string) Reason { return fill(notAsked, failure) }

// NoDigests is that nobody looked at the digests of the day.
func NoDigests() Reason { return fill(digestsNotAsked) }

// NoMetrics is that nobody asked CloudWatch for the day.
func NoMetrics() Reason { return fill(cloudWatchNotAsked) }

// NoLook is that nobody looked at how logging is set up.
func NoLook() Reason { return fill(setupNotLooked) }

// NotKnown is that a part of how logging is set up could not be seen.
func NotKnown(what, detail string) Reason { return fill(setupNotKnown, what, detail) }

// NoDataPoint is that CloudWatch has no count of the day's requests.
func NoDataPoint() Reason { return fill(noDataPoint) }

// NoSize is that CloudWatch has no size of the bucket.
func NoSize() Reason { return fill(noSize) }

// NoDataEvent is that the trail has no data event, though the log has so many requests
// that changed objects.
func NoDataEvent(requests int64) Reason { return fill(noDataEvent, requests) }

// NoReport is that no backup report tells of the night.
func NoReport() Reason { return fill(noReport) }

// SessionsRunning is that no session that was reported has told its end.
func SessionsRunning() Reason { return fill(sessionsRunning) }

// ReportUnreadable is that a backup report can't be read; the problem is English.
func ReportUnreadable(problem string) Reason { return fill(reportUnreadable, problem) }

// NoAccounts is that the configuration names no account of the tenant.
func NoAccounts() Reason { return fill(noAccounts) }

// NoPrincipals is that the mapping is empty.
func NoPrincipals() Reason { return fill(noPrincipals) }

// NoBackupRole is that the mapping names nobody who backs up.
func NoBackupRole() Reason { return fill(noBackupRole) }

// TooFewDays is that fewer days than needed can be compared with.
func TooFewDays(days, needed int) Reason { return fill(learning, int64(days), int64(needed)) }

// TooFewMonths is that there are no two months with enough nights.
func TooFewMonths() Reason { return fill(learningMonths) }

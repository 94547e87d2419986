package dataset

import (
	"strings"

	"bucketproof/internal/identity"
)

// TrailOwner is what stands in the place of a bucket in files and in the ledger for the
// CloudTrail events of an account. No bucket has such a name.
func TrailOwner(account string) string { return trailOwner + account }

const trailOwner = "trail="

// KindOf is the kind of the files with the records of a bucket, or of a [TrailOwner].
func KindOf(bucket string) string {
	if strings.HasPrefix(bucket, trailOwner) {
		return Trail
	}
	return Access
}

// folderOf is the partition's folder of a bucket or a [TrailOwner].
func folderOf(bucket string) string {
	if account, ok := strings.CutPrefix(bucket, trailOwner); ok {
		return "account=" + account
	}
	if bucket == "" {
		bucket = "-" // no bucket has this name
	}
	return "bucket=" + bucket
}

// Event adds an event of an account's trail. Its text must be clean (see
// [Event.Clean]); it is copied.
func (b *Batch) Event(owner string, ev *Event, source []byte, record int64) error {
	p := b.last
	if p == nil || ev.TimeMS < p.msFrom || ev.TimeMS >= p.msTo || p.bucket != owner {
		var err error
		if p, err = b.part(Trail, owner, ev.TimeMS, trailTable.schema); err != nil {
			return err
		}
		b.last = p
	}
	if p.group == nil {
		p.group = newGroup(p.schema)
	}
	before := p.group.Bytes()
	trailTable.append(p.group, ev, source, record)
	b.grew(p, before)
	return nil
}

// Clean replaces what a Parquet string can't hold, as [Record.Clean] does.
func (ev *Event) Clean() { trailTable.clean(ev) }

// Detach copies the text of the event to the end of room, which it returns, so that it
// outlives what it was read from.
func (ev *Event) Detach(room []byte) []byte { return trailTable.detach(ev, room) }

// IdentifyEvent gives the ID of an event: a hash of its eventID. CloudTrail may deliver
// an event more than once.
func IdentifyEvent(key identity.Key, eventID []byte) identity.ID {
	var b [64]byte
	return key.Hash(appendField(append(b[:0], "event"...), eventID))
}

// eventRow is the part of an event that identifies it.
type eventRow struct {
	EventID *string `parquet:"event_id,optional"`
}

func (r *eventRow) id(key identity.Key) identity.ID { return IdentifyEvent(key, bytesOf(r.EventID)) }

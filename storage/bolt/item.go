package bolt

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// itemVersion begins the stored form of an item; the first had no group.
const (
	itemVersion      = 2
	itemVersionPlain = 1
)

// itemRow is an item as it is stored. Its reference is its key.
type itemRow struct {
	store.Item
	// rev is another number after every change, so that a lease of what the
	// item was cannot settle what it became.
	rev uint64
	// place is the item's number in its lane.
	place uint64
}

// appendPart appends a string part of a key, as store.Key.String lays it.
func appendPart(k []byte, s string) []byte {
	for i := range len(s) {
		k = append(k, s[i])
		if s[i] == 0 {
			k = append(k, 0xff)
		}
	}
	return append(k, 0, 1)
}

// cutPart takes the first string part off a key.
func cutPart(k []byte) (s string, rest []byte, ok bool) {
	var part []byte
	for {
		i := bytes.IndexByte(k, 0)
		if i < 0 || i+1 == len(k) {
			return "", nil, false
		}
		part = append(part, k[:i]...)
		if k[i+1] == 1 {
			return string(part), k[i+2:], true
		}
		part, k = append(part, 0), k[i+2:]
	}
}

// itemKey is the key of an item: app, queue, shard, id.
func itemKey(ref store.ItemRef) []byte {
	k := make([]byte, 0, len(ref.App)+len(ref.Queue)+len(ref.ID)+7)
	k = appendPart(k, string(ref.App))
	k = appendPart(k, string(ref.Queue))
	k = append(k, byte(ref.Shard))
	return appendPart(k, ref.ID)
}

// cutItemKey is the reverse of itemKey.
func cutItemKey(k []byte) (ref store.ItemRef, ok bool) {
	app, k, ok1 := cutPart(k)
	queue, k, ok2 := cutPart(k)
	if !ok1 || !ok2 || len(k) == 0 {
		return ref, false
	}
	id, rest, ok := cutPart(k[1:])
	return store.ItemRef{
		Queue: store.Queue(queue), App: gateway.AppID(app), Shard: store.Shard(k[0]), ID: id,
	}, ok && len(rest) == 0
}

// duePrefix begins the keys of a shard's schedule.
func duePrefix(q store.Queue, s store.Shard) []byte {
	return append(appendPart(make([]byte, 0, 64), string(q)), byte(s))
}

// partyPrefix begins the keys of a party in a shard's schedule.
func partyPrefix(pl leasePlace, p store.Party) []byte {
	return appendPart(appendPart(duePrefix(pl.queue, pl.shard), string(p.App)), p.Group)
}

// cutParty reads the party out of a key of the schedule, and how long the part
// of the key up to its end is.
func cutParty(k []byte, prefix int) (p store.Party, length int, ok bool) {
	if len(k) < prefix {
		return p, 0, false
	}
	app, rest, ok1 := cutPart(k[prefix:])
	if !ok1 {
		return p, 0, false
	}
	group, rest, ok := cutPart(rest)
	return store.Party{App: gateway.AppID(app), Group: group}, len(k) - len(rest), ok
}

// dueKey is an item's place in the schedule: queue, shard, app, group, due, id.
func dueKey(it *itemRow) []byte {
	k := partyPrefix(leasePlace{it.Queue, it.Shard}, it.Party())
	return appendPart(binary.BigEndian.AppendUint64(k, millis(it.Due)), it.ID)
}

// dueTime reads the time out of a key of the schedule.
func dueTime(k []byte, prefix int) (time.Time, bool) {
	if len(k) < prefix+8 {
		return time.Time{}, false
	}
	return unmillis(binary.BigEndian.Uint64(k[prefix:])), true
}

// lanePrefix begins the keys of a lane: app, queue, shard, lane.
func lanePrefix(it *itemRow) []byte {
	k := appendPart(make([]byte, 0, 96), string(it.App))
	k = append(appendPart(k, string(it.Queue)), byte(it.Shard))
	return appendPart(k, it.Lane)
}

func laneKey(it *itemRow) []byte {
	return binary.BigEndian.AppendUint64(lanePrefix(it), it.place)
}

func millis(t time.Time) uint64 { return uint64(max(0, t.UnixMilli())) }

func unmillis(ms uint64) time.Time { return time.UnixMilli(int64(ms)).UTC() }

// encode returns an item's stored form: version, then numbers as varints, lane,
// group and payload.
func (it *itemRow) encode() []byte {
	b := make([]byte, 0, 48+len(it.Lane)+len(it.Group)+len(it.Payload))
	b = append(b, itemVersion)
	b = binary.AppendUvarint(b, it.rev)
	b = binary.AppendUvarint(b, it.place)
	b = binary.AppendUvarint(b, millis(it.Due))
	b = binary.AppendVarint(b, it.EnqueuedAt.Unix())
	b = binary.AppendUvarint(b, uint64(it.EnqueuedAt.Nanosecond()))
	b = binary.AppendUvarint(b, uint64(it.Attempt))
	b = binary.AppendUvarint(b, uint64(len(it.Lane)))
	b = append(b, it.Lane...)
	b = binary.AppendUvarint(b, uint64(len(it.Group)))
	b = append(b, it.Group...)
	return append(b, it.Payload...)
}

// decodeItem reads an item's row. Nothing of it points into v.
func decodeItem(key, v []byte) (itemRow, error) {
	var it itemRow
	ref, ok := cutItemKey(key)
	if !ok || len(v) == 0 || v[0] != itemVersion && v[0] != itemVersionPlain {
		return it, damaged("an item is of an unknown form")
	}
	d := decoder{b: v[1:]}
	it.ItemRef = ref
	it.rev = d.uint()
	it.place = d.uint()
	it.Due = unmillis(d.uint())
	it.EnqueuedAt = time.Unix(d.int(), int64(d.uint())).UTC()
	it.Attempt = int(d.uint())
	it.Lane = string(d.bytes(d.uint()))
	if v[0] != itemVersionPlain {
		it.Group = string(d.bytes(d.uint()))
	}
	it.Payload = bytes.Clone(d.b)
	if d.bad {
		return itemRow{}, damaged("an item is cut short")
	}
	return it, nil
}

// decoder reads varints and remembers whether one was missing.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) uint() uint64 {
	n, w := binary.Uvarint(d.b)
	return n * d.skip(w)
}

func (d *decoder) int() int64 {
	n, w := binary.Varint(d.b)
	return n * int64(d.skip(w))
}

// skip steps over w bytes and returns 1, or 0 if they are not there.
func (d *decoder) skip(w int) uint64 {
	if w <= 0 || d.bad {
		d.b, d.bad = nil, true
		return 0
	}
	d.b = d.b[w:]
	return 1
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.b, d.bad = nil, true
		return nil
	}
	p := d.b[:n]
	d.b = d.b[n:]
	return p
}

package store

import (
	"bytes"
	"cmp"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
)

func TestKeyLayout(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{string(Key(nil).String("")), "\x00\x01"},
		{string(Key(nil).String("ab")), "ab\x00\x01"},
		{string(Key(nil).String("a\x00b")), "a\x00\xffb\x00\x01"},
		{string(Key(nil).Uint(258)), "\x00\x00\x00\x00\x00\x00\x01\x02"},
		{string(Key(nil).Uint(math.MaxUint64)), "\xff\xff\xff\xff\xff\xff\xff\xff"},
		{string(Key(nil).Time(time.UnixMilli(3))), "\x00\x00\x00\x00\x00\x00\x00\x03"},
		{string(Key(nil).Time(time.Time{})), "\x00\x00\x00\x00\x00\x00\x00\x00"},
		{string(AppKey("a").String("b").Uint(1)), "a\x00\x01b\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01"},
		{string(HandleKey(5)), "\x00\x00\x00\x00\x00\x00\x00\x05"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// TestKeyIsNotShared extends one key twice: neither may write over the other.
func TestKeyIsNotShared(t *testing.T) {
	base := append(make(Key, 0, 100), "base"...)
	a, b := base.String("a"), base.String("b")
	c, d := base.Uint(1), base.Uint(2)
	if bytes.Equal(a, b) || bytes.Equal(c, d) || string(base) != "base" {
		t.Errorf("%q %q %q %q %q", base, a, b, c, d)
	}
}

func TestKeyNext(t *testing.T) {
	for _, c := range []struct{ key, want string }{
		{"a", "b"}, {"ab", "ac"}, {"a\xff", "b"}, {"a\xff\xff", "b"}, {"\x00", "\x01"}, {"a\x00\x01", "a\x00\x02"},
	} {
		if got := Key(c.key).Next(); string(got) != c.want {
			t.Errorf("next of %q: %q, want %q", c.key, got, c.want)
		}
	}
	for _, k := range []Key{nil, {}, {0xff}, {0xff, 0xff}} {
		if got := k.Next(); got != nil {
			t.Errorf("next of %q: %q, want none", k, got)
		}
	}
}

// FuzzKey holds what everything stored relies on: bytewise order is the order of
// the parts, no two lists of parts make one key, and a part begins no other's.
func FuzzKey(f *testing.F) {
	for _, s := range []string{"", "a", "\x00", "\x00\xff", "\x00\x01", "\xff", "a\x00", "a\x00\x01b", "ab", "conversation"} {
		f.Add(s, "a", s+"a", "\xff"+s, uint64(255))
		f.Add("a", s, "a", "", uint64(math.MaxUint64))
	}
	f.Fuzz(func(t *testing.T, a1, a2, b1, b2 string, n uint64) {
		a := Key(nil).String(a1).String(a2).Uint(n)
		b := Key(nil).String(b1).String(b2).Uint(n)
		want := cmp.Or(cmp.Compare(a1, b1), cmp.Compare(a2, b2))
		if got := bytes.Compare(a, b); got != want {
			t.Errorf("%q,%q against %q,%q: %d, want %d", a1, a2, b1, b2, got, want)
		}
		first := Key(nil).String(b1)
		if bytes.HasPrefix(a, first) != (a1 == b1) {
			t.Errorf("%q,%q is taken for a row of %q", a1, a2, b1)
		}
		if next := first.Next(); (bytes.Compare(a, first) >= 0 && bytes.Compare(a, next) < 0) != (a1 == b1) {
			t.Errorf("%q,%q lies between %q and its next", a1, a2, b1)
		}
		if got, want := bytes.Compare(Key(nil).Uint(n), Key(nil).Uint(n/3)), cmp.Compare(n, n/3); got != want {
			t.Errorf("%d against %d: %d", n, n/3, got)
		}
		// A shard is one byte of any value between two strings.
		s := append(Key(nil).String(a1), byte(n)).String(a2)
		if bytes.HasPrefix(s, Key(nil).String(b1)) != (a1 == b1) {
			t.Errorf("%q, shard %d, %q is taken for a row of %q", a1, byte(n), a2, b1)
		}
	})
}

// TestShardOf holds values that are stored: they must never change.
func TestShardOf(t *testing.T) {
	for _, c := range []struct {
		app  gateway.AppID
		name string
		want Shard
	}{
		{"", "", 75}, {"acme", "order-1", 124}, {"acme", "order-2", 13}, {"other", "order-1", 4}, {"a", "cme\x00order-1", 255},
	} {
		if got := ShardOf(c.app, c.name); got != c.want {
			t.Errorf("%q, %q: shard %d, want %d", c.app, c.name, got, c.want)
		}
	}
}

// TestShardsAreEven spreads conversations over the shards.
func TestShardsAreEven(t *testing.T) {
	var n [256]int
	for i := range 256 * 200 {
		n[ShardOf("acme", strings.Repeat("c", i%5)+time.Unix(int64(i), 0).UTC().Format(time.RFC3339))]++
	}
	for s, k := range n {
		if k < 120 || k > 280 {
			t.Errorf("shard %d has %d conversations, about 200 were expected", s, k)
		}
	}
}

// TestRowKeys: every row of a conversation or user begins with its key, and with
// its app's.
func TestRowKeys(t *testing.T) {
	conv, user := ConversationKey("acme", "c"), UserKey("acme", "u")
	sent := gateway.Sent{Conversation: "c", Recipient: "u", Delivery: "dlv_1"}
	for name, c := range map[string]struct{ key, prefix Key }{
		"conversation": {conv, AppKey("acme")}, "user": {user, AppKey("acme")},
		"participant": {ParticipantKey("acme", "c", "u"), conv},
		"message":     {MessageKey("acme", "c", time.UnixMilli(5), 7), conv},
		"sent":        {SentKey("acme", sent), conv},
	} {
		if !bytes.HasPrefix(c.key, c.prefix) {
			t.Errorf("%s: %q does not begin with %q", name, c.key, c.prefix)
		}
	}
	early, late := MessageKey("acme", "c", time.UnixMilli(5), 9), MessageKey("acme", "c", time.UnixMilli(6), 1)
	if bytes.Compare(early, late) >= 0 {
		t.Error("messages are not in the order of their time")
	}
	a, _ := gateway.ParseAddress("Ann@Example.COM")
	b, _ := gateway.ParseAddress("ann@example.com")
	if !bytes.Equal(AddressKey("acme", a), AddressKey("acme", b)) {
		t.Error("an address has a key for every way to write it")
	}
}

func TestItemNames(t *testing.T) {
	n, d := NotificationItem("acme", "c"), DeliveryItem("acme", "c", "dlv_1")
	e := EventItem("acme", "c", "evt_1", "ep_1")
	if n.Shard != d.Shard || n.Shard != e.Shard || n.Shard != ShardOf("acme", "c") {
		t.Error("the work of a conversation is in several shards")
	}
	if n.ID != "c" || d.ID != "dlv_1" || e.ID != "evt_1/ep_1" || n.Queue != Notifications || d.Queue != Deliveries || e.Queue != Events {
		t.Errorf("%+v %+v %+v", n, d, e)
	}
}

package bolt

import (
	"bytes"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// FuzzItem takes keys and rows of items apart, ours and any other bytes.
func FuzzItem(f *testing.F) {
	f.Add("acme", "c\x00\xff", "lane", []byte("payload"), uint8(255), int64(1_700_000_000_000), uint16(3))
	f.Add("", "\xff", "\x00", []byte{}, uint8(0), int64(-5), uint16(0))
	f.Fuzz(func(t *testing.T, app, id, lane string, payload []byte, shard uint8, due int64, attempt uint16) {
		it := itemRow{rev: 7, place: 9, Item: store.Item{
			ItemRef: store.ItemRef{Queue: "q", App: gateway.AppID(app), Shard: store.Shard(shard), ID: id},
			Due:     time.UnixMilli(due % (1 << 50)), Lane: lane, Attempt: int(attempt), Payload: payload, EnqueuedAt: time.Unix(due%(1<<40), 5),
		}}
		key := itemKey(it.ItemRef)
		got, err := decodeItem(key, it.encode())
		if err != nil {
			t.Fatal(err)
		}
		if got.ItemRef != it.ItemRef || millis(got.Due) != millis(it.Due) || got.Lane != lane || got.Attempt != it.Attempt ||
			!bytes.Equal(got.Payload, payload) || got.rev != 7 || got.place != 9 || !got.EnqueuedAt.Equal(it.EnqueuedAt) {
			t.Errorf("%+v became %+v", it, got)
		}
		if want := store.AppKey(it.App).String("q"); !bytes.HasPrefix(key, want) {
			t.Error("the key is not one of the contract's")
		}
		decodeItem(payload, []byte(lane)) // any bytes: an item or an error
		decodeItem(key, append([]byte{itemVersion}, payload...))
		decodeBlob(payload)
		openRecord(1, key, payload)
	})
}

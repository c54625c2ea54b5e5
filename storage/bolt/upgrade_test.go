package bolt

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/replygate/replygate/gateway/store"
)

// toLayout1 turns a database back to what it was before items had groups.
func toLayout1(t *testing.T, dir string) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(dir, fileName), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(btx *bbolt.Tx) error {
		items, due := newBucket(btx.Bucket([]byte(itemBucket)), itemBucket), newBucket(btx.Bucket([]byte(dueBucket)), dueBucket)
		rd := newReader(btx, newMemos())
		type put struct{ key, val []byte }
		var all, schedule []put
		err := due.ForEach(func(k, v []byte) error {
			key, err := due.open(k, v)
			if err != nil {
				return err
			}
			it, err := rd.named(key)
			old := binary.BigEndian.AppendUint64(duePrefix(it.Queue, it.Shard), millis(it.Due))
			schedule = append(schedule, put{appendPart(appendPart(old, string(it.App)), it.ID), append([]byte(nil), key...)})
			return err
		})
		if err != nil {
			return err
		}
		err = items.ForEach(func(k, v []byte) error {
			row, err := items.open(k, v)
			if err != nil {
				return err
			}
			it, err := decodeItem(k, row)
			if err != nil {
				return err
			}
			plain := it.encode()
			cut := len(plain) - len(it.Payload) - 1 // the empty group's length
			plain = append(append([]byte{itemVersionPlain}, plain[1:cut]...), it.Payload...)
			all = append(all, put{append([]byte(nil), k...), plain})
			return nil
		})
		if err != nil {
			return err
		}
		if err := btx.DeleteBucket([]byte(dueBucket)); err != nil {
			return err
		}
		bb, err := btx.CreateBucket([]byte(dueBucket))
		if err != nil {
			return err
		}
		due = newBucket(bb, dueBucket)
		for _, p := range all {
			if err := items.Put(p.key, appendRecord(nil, items.seed, p.key, p.val)); err != nil {
				return err
			}
		}
		for _, p := range schedule {
			if err := due.Put(p.key, appendRecord(nil, due.seed, p.key, p.val)); err != nil {
				return err
			}
		}
		meta := newBucket(btx.Bucket([]byte(metaBucket)), metaBucket)
		return meta.Put(layoutKey, appendRecord(nil, meta.seed, layoutKey, encodeNumber(1)))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestUpgradeFromLayout1: what was queued before is leased as it was due, lanes
// kept, and the upgrade happens once.
func TestUpgradeFromLayout1(t *testing.T) {
	dir, ctx, now := t.TempDir(), context.Background(), time.Now().Truncate(time.Millisecond)
	e, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = e.Update(ctx, store.SystemScope("test"), func(tx store.Tx) error {
		for i := range 300 {
			it := store.Item{
				ItemRef: store.ItemRef{Queue: store.Deliveries, App: "app", Shard: store.Shard(i % 3), ID: fmt.Sprintf("%03d", i)},
				Due:     now.Add(time.Duration(300-i) * time.Second), Payload: fmt.Append(nil, "payload ", i),
			}
			if i%2 == 0 {
				it.Lane = "lane"
			}
			if err := tx.Enqueue(it); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	toLayout1(t, dir)
	for range 2 {
		if e, err = Open(dir, Options{}); err != nil {
			t.Fatal(err)
		}
		ls, err := e.Lease(ctx, store.LeaseRequest{Queue: store.Deliveries, Shard: 1, Now: now.Add(time.Hour), Until: now.Add(2 * time.Hour), Max: 500})
		if err != nil {
			t.Fatal(err)
		}
		// 50 without a lane, the latest put first, and the first of the lane last
		// but for what is due after it.
		if len(ls) != 51 || ls[0].Item.ID != "295" || string(ls[0].Item.Payload) != "payload 295" || ls[50].Item.ID != "001" {
			t.Errorf("leased %d, the first %s with %q, the last %s", len(ls), ls[0].Item.ID, ls[0].Item.Payload, ls[len(ls)-1].Item.ID)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkNextDue asks when work is due with parties that have some in every
// shard.
func BenchmarkNextDue(b *testing.B) {
	for _, parties := range []int{1, 20} {
		b.Run(fmt.Sprint(parties), func(b *testing.B) {
			e, err := Open(b.TempDir(), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			ctx, now := context.Background(), time.Now()
			for p := range parties {
				err := e.Update(ctx, store.SystemScope("bench"), func(tx store.Tx) error {
					for i := range 2560 {
						ref := store.ItemRef{Queue: store.Events, App: "app", Shard: store.Shard(i), ID: fmt.Sprintf("%d/%08d", p, i)}
						if err := tx.Enqueue(store.Item{ItemRef: ref, Due: now, Group: fmt.Sprint(p)}); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if due, err := e.NextDue(ctx, store.Events, nil); err != nil || len(due) != 256 {
					b.Fatal(len(due), err)
				}
			}
		})
	}
}

package bolt

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"
)

// upgrade brings a database of an older layout to this one, in one transaction.
// Layout 1 had the schedule in the order of queue, shard, due; its entries name
// their items, and from those it is laid down anew.
func (e *Engine) upgrade() error {
	e.log.Info("storage: bringing the database to a newer layout", "layout", layout)
	err := e.db.Update(func(btx *bbolt.Tx) error {
		schedule, err := scheduled(btx)
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
		due := newBucket(bb, dueBucket)
		for _, s := range schedule {
			if err := due.Put(s.due, appendRecord(nil, due.seed, s.due, s.item)); err != nil {
				return err
			}
		}
		meta := newBucket(btx.Bucket([]byte(metaBucket)), metaBucket)
		return meta.Put(layoutKey, appendRecord(nil, meta.seed, layoutKey, encodeNumber(layout)))
	})
	if err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	return nil
}

// entry is one of the schedule: where it belongs now, and the key of its item.
type entry struct{ due, item []byte }

// scheduled reads the schedule, whatever its keys are.
func scheduled(btx *bbolt.Tx) (out []entry, err error) {
	bb := btx.Bucket([]byte(dueBucket))
	if bb == nil {
		return nil, damaged("there is no schedule")
	}
	old, rd := newBucket(bb, dueBucket), newReader(btx, newMemos())
	err = old.ForEach(func(k, stored []byte) error {
		key, err := old.open(k, stored)
		if err != nil {
			return err
		}
		it, err := rd.named(key)
		out = append(out, entry{dueKey(&it), bytes.Clone(key)})
		return err
	})
	return out, err
}

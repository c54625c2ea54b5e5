package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

// idsAhead is how far ahead of the clock the mark on the disk is set, so that
// it need not be written with every commit.
const idsAhead = 10 * time.Second

var idsKey = []byte("ids")

// markIDs lets identifiers minted after a restart sort after all of before, the
// clock stepping back or not.
func (b *batch) markIDs() (until time.Time, err error) {
	if !b.minted.After(b.e.idsUntil) {
		return b.e.idsUntil, nil
	}
	until = b.minted.Add(idsAhead)
	bk, err := b.ensure(metaBucket)
	if err != nil {
		return until, err
	}
	v := binary.BigEndian.AppendUint64(nil, millis(until))
	return until, bk.Put(idsKey, appendRecord(nil, bk.seed, idsKey, v))
}

// commit syncs the batch and, when that is done, lets its effects in memory
// follow.
func (b *batch) commit() (err error) {
	if b.writes == 0 && !b.minted.After(b.e.idsUntil) {
		return b.btx.Rollback()
	}
	until, err := b.finish()
	if err != nil {
		return err
	}
	b.e.idsUntil = until
	b.e.wroteRecords.Add(int64(b.writes))
	b.e.wroteBytes.Add(int64(b.bytes))
	b.e.leases.committed(b.settled, b.touched)
	b.e.wake(b.woken)
	b.e.announce(b.topics)
	b.e.blobs.committed(b.kept, b.dropped)
	return nil
}

// finish is the part of commit that touches the disk.
func (b *batch) finish() (until time.Time, err error) {
	defer caught(&err)
	if until, err = b.markIDs(); err != nil {
		return until, err
	}
	return until, b.btx.Commit()
}

// abandon ends a batch that is not committed. Should bbolt panic even in that,
// its lock is lost and nothing can be written any more.
func (b *batch) abandon() {
	var err error
	defer func() {
		if err != nil {
			b.e.fail(err)
		}
	}()
	defer caught(&err)
	b.e.leases.unsettle(b.settled)
	b.btx.Rollback() // its error says only that bbolt has done it already
}

// commitError tells a disk without room, after which all is as before, from
// everything else, after which nothing is sure.
func (e *Engine) commitError(id int, err error) error {
	if errors.Is(err, store.ErrFailed) {
		return err
	}
	if isFull(err) && e.lastCommit() < uint64(id) {
		e.log.Warn("storage: no room for a commit", "err", err)
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	return e.fail(fmt.Errorf("commit: %w", err))
}

// maxSyncedFree is up to how many free pages their list is written with every
// commit. A longer one would cost more than the commits; it is then left out,
// written again by Close, and after a crash found by a scan of the pages.
const maxSyncedFree = 16 << 10

func (e *Engine) tuneFreelist() {
	s := e.db.Stats()
	e.db.NoFreelistSync = s.FreePageN+s.PendingPageN > maxSyncedFree
}

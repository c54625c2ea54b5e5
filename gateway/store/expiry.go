package store

import (
	"context"
	"fmt"
	"time"
)

// ExpireAt has a row deleted at (or soon after) a time, by Sweep. A row that was
// given several times goes at the earliest.
func ExpireAt(tx Tx, t Table, k Key, at time.Time) error {
	return Expiries.Put(tx, Key(nil).Time(at).String(string(t)).String(string(k)), Expiry{t, k})
}

// sweepSlice bounds how many rows one transaction deletes, so that sweeping
// never holds up a message for long.
const sweepSlice = 500

// Sweep deletes every row whose time has come, in slices, and returns how many.
func Sweep(ctx context.Context, s Store, now time.Time) (int, error) {
	total := 0
	for {
		n := 0
		err := s.Update(ctx, SystemScope("sweep"), func(tx Tx) error {
			n = 0
			return Expiries.Scan(tx, Range{To: Key(nil).Time(now.Add(time.Millisecond))}, func(k Key, e Expiry) (bool, error) {
				n++
				if err := tx.Delete(e.Table, e.Key); err != nil {
					return false, err
				}
				return n < sweepSlice, Expiries.Delete(tx, k)
			})
		})
		if err != nil {
			return total, fmt.Errorf("sweep: %w", err)
		}
		if total += n; n < sweepSlice {
			return total, nil
		}
	}
}

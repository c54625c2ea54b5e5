package store

import (
	"context"
	"fmt"
	"time"
)

// Row names a row.
type Row struct {
	Table Table `json:"table"`
	Key   Key   `json:"key"`
}

// ExpireAt has a row deleted at (or soon after) a time, by Sweep. A row that was
// given several times goes at the earliest.
func ExpireAt(tx Tx, t Table, k Key, at time.Time) error {
	return expireTogether(tx, at, []Row{{t, k}})
}

// ExpireNoMore takes back an ExpireAt of that time, of a row that is deleted
// before: what is put in its place is not to go with it.
func ExpireNoMore(tx Tx, t Table, k Key, at time.Time) error {
	return Expiries.Delete(tx, expiryKey(Row{t, k}, at))
}

// expireTogether is ExpireAt of rows that go at the same time, with one entry
// for all, which is named by the first.
func expireTogether(tx Tx, at time.Time, rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	return Expiries.Put(tx, expiryKey(rows[0], at), Expiry{Row: rows[0], Also: rows[1:]})
}

func expiryKey(r Row, at time.Time) Key {
	return Key(nil).Time(at).String(string(r.Table)).String(string(r.Key))
}

// sweepSlice bounds how many entries one transaction works off, so that sweeping
// never holds up a message for long.
const sweepSlice = 500

// Sweep deletes every row whose time has come, in slices, and returns how many.
func Sweep(ctx context.Context, s Store, now time.Time) (int, error) {
	total := 0
	for {
		n, deleted := 0, 0
		err := s.Update(ctx, SystemScope("sweep"), func(tx Tx) error {
			n, deleted = 0, 0
			return Expiries.Scan(tx, Range{To: Key(nil).Time(now.Add(time.Millisecond))}, func(k Key, e Expiry) (bool, error) {
				n++
				for _, r := range append([]Row{e.Row}, e.Also...) {
					deleted++
					if err := tx.Delete(r.Table, r.Key); err != nil {
						return false, err
					}
				}
				return n < sweepSlice, Expiries.Delete(tx, k)
			})
		})
		if err != nil {
			return total, fmt.Errorf("sweep: %w", err)
		}
		if total += deleted; n < sweepSlice {
			return total, nil
		}
	}
}

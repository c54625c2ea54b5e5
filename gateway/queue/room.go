package queue

import (
	"math"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

// partyShare is how many items of a party that has a limit are held at most, and
// fewer as workers get scarce: parties whose handlers all hang at once leave some
// to the others.
const partyShare = 16

// rooms tells how many more items of each party may be held. It is the pump's.
type rooms struct {
	limit   Limit
	workers int
	held    map[store.Party]int
	all     int // of all parties
	// full are parties that were denied: when an item of one ends, there may be
	// more of it to do than the pump knows.
	full map[store.Party]bool
	now  time.Time
	// next is when the first of the parties that may hold nothing may again.
	next time.Time
	// filled tells that a party took the last of its room since the last look.
	filled bool
}

func newRooms(limit Limit, workers int) rooms {
	return rooms{limit: limit, workers: workers, held: map[store.Party]int{}, full: map[store.Party]bool{}}
}

// look sets the time at which rooms are asked for.
func (r *rooms) look(now time.Time) { r.now, r.filled = now, false }

// anew begins asking for the rooms of all parties.
func (r *rooms) anew(now time.Time) {
	r.look(now)
	r.next = time.Time{}
	clear(r.full)
}

// opens tells whether a party that may hold nothing may again.
func (r *rooms) opens(now time.Time) bool { return !r.next.IsZero() && !r.next.After(now) }

// room is a store.Room.
func (r *rooms) room(p store.Party) int {
	if r.limit == nil {
		return math.MaxInt
	}
	n, from := r.limit(p, r.now)
	if n <= 0 && from.After(r.now) && (r.next.IsZero() || from.Before(r.next)) {
		r.next = from
	}
	n = min(n, max(1, partyShare*(r.workers-r.all)/r.workers))
	if n -= r.held[p]; n > 0 {
		return n
	}
	r.full[p] = true
	return 0
}

// take counts a leased item.
func (r *rooms) take(p store.Party) {
	if r.limit == nil {
		return
	}
	r.held[p]++
	r.all++
	r.filled = r.room(p) == 0 || r.filled
}

// leave counts one that has ended, and tells whether others of its party may
// have been kept waiting.
func (r *rooms) leave(p store.Party) bool {
	if r.limit == nil {
		return false
	}
	r.all--
	if r.held[p]--; r.held[p] <= 0 {
		delete(r.held, p)
	}
	full := r.full[p]
	delete(r.full, p)
	return full
}

package queue

import "github.com/replygate/replygate/gateway/store"

// ready holds leased items that wait for a worker, and gives them out one party
// after the other, each party's in the order they came.
type ready struct {
	lines map[store.Party][]*hold
	turns []store.Party // those that have items, the next one first
	n     int
}

func newReady() ready { return ready{lines: map[store.Party][]*hold{}} }

func (r *ready) len() int { return r.n }

func (r *ready) push(h *hold) {
	p := h.leased.Item.Party()
	if len(r.lines[p]) == 0 {
		r.turns = append(r.turns, p)
	}
	r.lines[p] = append(r.lines[p], h)
	r.n++
}

// peek returns the item whose turn it is, or nil.
func (r *ready) peek() *hold {
	if r.n == 0 {
		return nil
	}
	return r.lines[r.turns[0]][0]
}

// pop takes away what peek returned and passes the turn on.
func (r *ready) pop() {
	p := r.turns[0]
	r.turns = r.turns[1:]
	if rest := r.lines[p][1:]; len(rest) > 0 {
		r.lines[p] = rest
		r.turns = append(r.turns, p)
	} else {
		delete(r.lines, p)
	}
	r.n--
}

// all takes every item out.
func (r *ready) all() []*hold {
	var out []*hold
	for h := r.peek(); h != nil; h = r.peek() {
		out = append(out, h)
		r.pop()
	}
	return out
}

package queue

import "github.com/replygate/replygate/gateway"

// ready holds leased items that wait for a worker, and gives them out one app
// after the other, each app's in the order they came.
type ready struct {
	apps  map[gateway.AppID][]*hold
	turns []gateway.AppID // apps that have items, the next one first
	n     int
}

func newReady() ready { return ready{apps: map[gateway.AppID][]*hold{}} }

func (r *ready) len() int { return r.n }

func (r *ready) push(h *hold) {
	app := h.leased.Item.App
	if len(r.apps[app]) == 0 {
		r.turns = append(r.turns, app)
	}
	r.apps[app] = append(r.apps[app], h)
	r.n++
}

// peek returns the item whose turn it is, or nil.
func (r *ready) peek() *hold {
	if r.n == 0 {
		return nil
	}
	return r.apps[r.turns[0]][0]
}

// pop takes away what peek returned and passes the turn on.
func (r *ready) pop() {
	app := r.turns[0]
	r.turns = r.turns[1:]
	if rest := r.apps[app][1:]; len(rest) > 0 {
		r.apps[app] = rest
		r.turns = append(r.turns, app)
	} else {
		delete(r.apps, app)
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

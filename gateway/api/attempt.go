package api

import (
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// shownTell is how far telling an event to an endpoint has come.
type shownTell struct {
	EventID    gateway.EventID    `json:"eventId"`
	EndpointID gateway.EndpointID `json:"endpointId"`
	State      string             `json:"state"` // "waiting", "told", "dead"
	PrevSeq    uint64             `json:"prevSeq"`
	Tries      int                `json:"tries"`
	UpdatedAt  int64              `json:"updatedAt"`
	Attempts   []shownAttempt     `json:"attempts"` // the latest 16, the oldest first
}

// shownAttempt is one try to tell an event.
type shownAttempt struct {
	At     int64   `json:"at"`
	Status *int    `json:"status"` // null: no answer
	Error  *string `json:"error"`
	TookMs int64   `json:"tookMs"`
	// Response begins what was answered; of the latest attempt only.
	Response *string `json:"response"`
}

func showTell(t store.EventTell) shownTell {
	out := shownTell{
		EventID: t.Event, EndpointID: t.Endpoint, State: t.State, PrevSeq: t.PrevSeq, Tries: t.Tries,
		UpdatedAt: t.UpdatedAt.UnixMilli(), Attempts: []shownAttempt{},
	}
	for _, a := range t.Attempts {
		shown := shownAttempt{At: a.At.UnixMilli(), TookMs: a.Took}
		if a.Status != 0 {
			shown.Status = &a.Status
		}
		if a.Error != "" {
			shown.Error = &a.Error
		}
		if a.Response != "" {
			shown.Response = &a.Response
		}
		out.Attempts = append(out.Attempts, shown)
	}
	return out
}

// listAttempts is an endpoint's log, the newest event first.
func listAttempts(c *call, ids []string) (any, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	if _, err := c.endpoint(ids[0]); err != nil {
		return nil, err
	}
	out := struct {
		Data []shownTell      `json:"data"`
		Next *gateway.EventID `json:"next"` // the startingAfter of what follows; null: nothing does
	}{Data: []shownTell{}}
	before := gateway.EventID(c.param("startingAfter"))
	for more := true; more && len(out.Data) < limit; {
		var tells []store.EventTell
		err := c.Store.View(c.ctx, func(rd store.Reader) (err error) {
			tells, before, more, err = event.ReadTells(rd, c.app.ID, gateway.EndpointID(ids[0]), before, limit-len(out.Data))
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, t := range tells {
			out.Data = append(out.Data, showTell(t))
		}
		if out.Next = nil; more {
			next := before
			out.Next = &next
		}
	}
	return out, nil
}

// shownEvent is an event with what became of telling it.
type shownEvent struct {
	wire.Event
	Endpoints []shownTell `json:"endpoints"`
}

func getEvent(c *call, ids []string) (any, error) {
	var out shownEvent
	err := c.Store.View(c.ctx, func(rd store.Reader) error {
		e, tells, err := event.Find(rd, c.app.ID, gateway.EventID(ids[0]))
		out = shownEvent{Event: wire.EventOf(e), Endpoints: []shownTell{}}
		for _, t := range tells {
			out.Endpoints = append(out.Endpoints, showTell(t))
		}
		return err
	})
	return out, err
}

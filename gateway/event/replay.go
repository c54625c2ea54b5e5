package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// Which events a Replay is about.
const (
	ReplayFailed  = "failed"  // those that are dead letters
	ReplayMissing = "missing" // those that were never queued for the endpoint
	ReplayAll     = "all"     // those, and those it was told
)

// Replay has events of a span of time told to an endpoint again, in the
// background and in bounded steps. It is the payload of an item of the queue.
type Replay struct {
	Since  time.Time           `json:"since"`
	Until  time.Time           `json:"until"`
	Types  []gateway.EventType `json:"types,omitempty"` // empty: those the endpoint wants
	Status string              `json:"status"`
	// Next is up to where the log was looked through, Queued how many events
	// were queued so far.
	Next   gateway.EventID `json:"next"`
	Queued int             `json:"queued"`
}

// ReplayPace is how long after a step of a replay the next one comes; a step
// queues at most replayStep events.
const (
	ReplayPace = 100 * time.Millisecond
	replayStep = 100
	// stray bounds by how much the time in an event's id and its own differ.
	stray = time.Hour
)

// ErrReplaying says that a replay to the endpoint is under way.
var ErrReplaying = errors.New("a replay to this endpoint is under way")

const replayPrefix = "replay/"

// ReplayItem names the item of the replay to an endpoint.
func ReplayItem(app gateway.AppID, ep gateway.EndpointID) store.ItemRef {
	return store.ItemRef{Queue: store.Events, App: app, Shard: store.ShardOf(app, ""), ID: replayPrefix + string(ep)}
}

// ReplayOf reads a replay and its endpoint out of an item; ok is false for an
// item that tells an event.
func ReplayOf(it store.Item) (r Replay, ep gateway.EndpointID, ok bool, err error) {
	id, ok := strings.CutPrefix(it.ID, replayPrefix)
	if !ok {
		return r, "", false, nil
	}
	if err := json.Unmarshal(it.Payload, &r); err != nil {
		return r, "", true, fmt.Errorf("read replay: %w", err)
	}
	return r, gateway.EndpointID(id), true, nil
}

// Start queues the replay, or says ErrReplaying.
func (r Replay) Start(tx store.Tx, app gateway.AppID, ep gateway.EndpointID, now time.Time) error {
	ref := ReplayItem(app, ep)
	if _, err := tx.Item(ref); err == nil {
		return ErrReplaying
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	r.Next = gateway.EventIDAt(r.Since.Add(-stray))
	payload, err := r.Payload()
	if err != nil {
		return err
	}
	return tx.Enqueue(store.Item{ItemRef: ref, Due: now, EnqueuedAt: now, Payload: payload})
}

// Payload is the replay as its item carries it.
func (r Replay) Payload() ([]byte, error) { return json.Marshal(r) }

// Step looks through the next part of the log, moves Next, and returns the events
// to tell; done tells that it was the last part.
func (r *Replay) Step(rd store.Reader, app gateway.AppID, ep gateway.Endpoint) (ids []gateway.EventID, done bool, err error) {
	ep.Disabled = false
	p, err := Read(rd, Query{App: app, After: r.Next, Limit: replayStep})
	if err != nil {
		return nil, false, err
	}
	r.Next, done = p.Next, !p.More
	for _, e := range p.Events {
		if e.CreatedAt.After(r.Until.Add(stray)) {
			return ids, true, nil
		}
		if !r.covers(e, ep) {
			continue
		}
		tell, known, err := store.EventTells.Find(rd, TellKey(app, e.ID, ep.ID))
		if err != nil {
			return nil, false, err
		}
		if r.wants(tell.State, known) {
			ids = append(ids, e.ID)
		}
	}
	r.Queued += len(ids)
	return ids, done, nil
}

func (r *Replay) covers(e gateway.Event, ep gateway.Endpoint) bool {
	if e.CreatedAt.Before(r.Since) || e.CreatedAt.After(r.Until) || e.Type == gateway.EventWebhookPing {
		return false
	}
	if len(r.Types) > 0 {
		return slices.Contains(r.Types, e.Type)
	}
	return ep.Wants(e.Type)
}

func (r *Replay) wants(state string, known bool) bool {
	switch r.Status {
	case ReplayFailed:
		return state == Dead
	case ReplayMissing:
		return !known
	}
	return state != Waiting
}

// Package event puts what happened where the backend will hear of it: into the
// log of events, and into the queue of every endpoint that wants it.
//
// It promises that the event is part of the caller's transaction, that events
// of a conversation are numbered without gaps and queued per endpoint in that
// order, and that an endpoint gets only the types it chose. Telling them is
// left to webhook, their data to the caller.
package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// Retention is how long events, and what became of telling them, are kept.
const Retention = 30 * 24 * time.Hour

// States of store.EventTell.
const (
	Waiting = "waiting"
	Told    = "told"
	Dead    = "dead"
)

// Record stores an event of the app and queues it for every endpoint that wants
// its type. For an event of a conversation, conv.EventSeq is counted up in
// memory and the caller puts conv in the same transaction; conv is nil for an
// event of none. data is marshalled at once and not kept.
func Record(tx store.Tx, app *gateway.App, conv *gateway.Conversation, typ gateway.EventType, data any, now time.Time, trace gateway.TraceID) (gateway.EventID, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("record %s: %w", typ, err)
	}
	e := gateway.Event{
		ID: gateway.EventID(tx.NewID(gateway.PrefixEvent)), App: app.ID, Type: typ,
		CreatedAt: now, Data: raw, Trace: trace,
	}
	if conv != nil {
		conv.EventSeq++
		e.Conversation, e.Seq = conv.ID, conv.EventSeq
	}
	k := Key(app.ID, e.ID)
	if err := store.EventLog.Put(tx, k, e); err != nil {
		return "", err
	}
	if err := store.ExpireAt(tx, store.EventLog.Table, k, now.Add(Retention)); err != nil {
		return "", err
	}
	for i := range app.Endpoints {
		if ep := &app.Endpoints[i]; ep.Wants(typ) {
			if err := enqueue(tx, ep.ID, e, now); err != nil {
				return "", fmt.Errorf("record %s for %s: %w", typ, ep.ID, err)
			}
		}
	}
	return e.ID, nil
}

// enqueue has an event told to an endpoint.
func enqueue(tx store.Tx, ep gateway.EndpointID, e gateway.Event, now time.Time) error {
	tell := store.EventTell{Event: e.ID, Endpoint: ep, State: Waiting, UpdatedAt: now}
	if e.Conversation != "" {
		prev, err := advance(tx, ep, e)
		if err != nil {
			return err
		}
		tell.PrevSeq = prev
	}
	k := TellKey(e.App, e.ID, ep)
	if err := store.EventTells.Put(tx, k, tell); err != nil {
		return err
	}
	if err := store.ExpireAt(tx, store.EventTells.Table, k, now.Add(Retention)); err != nil {
		return err
	}
	return tx.Enqueue(store.Item{
		ItemRef: store.EventItem(e.App, e.Conversation, e.ID, ep),
		Due:     now, EnqueuedAt: now, Lane: Lane(ep, e.Conversation),
	})
}

// advance notes that e is the newest event of its conversation put for the
// endpoint and returns the Seq of the one before, 0 if there is none.
func advance(tx store.Tx, ep gateway.EndpointID, e gateway.Event) (uint64, error) {
	k := StreamKey(e.App, e.Conversation, ep)
	prev, err := store.EventStreams.Get(tx, k)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return 0, err
	}
	return prev.Seq, store.EventStreams.Put(tx, k, store.EventStream{Seq: e.Seq})
}

// Key is the key of an event in the log.
func Key(app gateway.AppID, e gateway.EventID) store.Key {
	return store.AppKey(app).String(string(e))
}

// TellKey is the key of how far telling an event to an endpoint has come.
func TellKey(app gateway.AppID, e gateway.EventID, ep gateway.EndpointID) store.Key {
	return Key(app, e).String(string(ep))
}

// StreamKey is the key of an endpoint's stream of a conversation's events.
func StreamKey(app gateway.AppID, c gateway.ConversationID, ep gateway.EndpointID) store.Key {
	return store.ConversationKey(app, c).String(string(ep))
}

// Lane orders the events of one conversation at one endpoint; events of no
// conversation share the endpoint's own lane. Ids are the caller's and may hold
// anything, so both are quoted: no two pairs share a lane, and no lane holds a
// zero octet.
func Lane(ep gateway.EndpointID, c gateway.ConversationID) string {
	return strconv.Quote(string(ep)) + strconv.Quote(string(c))
}

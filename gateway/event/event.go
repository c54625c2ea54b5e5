// Package event puts what happened where the backend will hear of it: into the
// log of events, and into the queue of every endpoint that wants it; and it reads
// the log, and has told again what was told or could not be.
//
// It promises that the event is part of the caller's transaction, that events
// of a conversation are numbered without gaps and queued per endpoint in that
// order, that an endpoint gets only the types it chose, and that the log is read
// in the order of its ids. Telling events is left to webhook, their data to the
// caller.
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

// Topic is what every commit that records events of the app announces.
func Topic(app gateway.AppID) string { return "events/" + string(app) }

// Record stores an event of the app and queues it for every endpoint that wants
// its type. For an event of a conversation, conv.EventSeq is counted up in
// memory and the caller puts conv in the same transaction; conv is nil for an
// event of none. data is marshalled at once and not kept.
func Record(tx store.Tx, app *gateway.App, conv *gateway.Conversation, typ gateway.EventType, data any, now time.Time, trace gateway.TraceID) (gateway.EventID, error) {
	e, err := put(tx, app.ID, conv, typ, data, now, trace)
	if err != nil {
		return "", err
	}
	about := ""
	if s, ok := data.(subject); ok {
		about = s.Subject()
	}
	for i := range app.Endpoints {
		if ep := &app.Endpoints[i]; ep.Wants(typ) {
			if err := enqueue(tx, ep.ID, e, about, now); err != nil {
				return "", fmt.Errorf("record %s for %s: %w", typ, ep.ID, err)
			}
		}
	}
	return e.ID, nil
}

// subject is data that says whom or what it is about.
type subject interface{ Subject() string }

// PingData is the data of webhook.ping.
type PingData struct {
	EndpointID gateway.EndpointID `json:"endpointId"`
	URL        string             `json:"url"`
}

// Ping records a webhook.ping and queues it for one endpoint, whatever types
// that wants and although it may be disabled.
func Ping(tx store.Tx, app gateway.AppID, ep gateway.Endpoint, now time.Time) (gateway.EventID, error) {
	e, err := put(tx, app, nil, gateway.EventWebhookPing, PingData{ep.ID, ep.URL}, now, "")
	if err != nil {
		return "", err
	}
	return e.ID, enqueue(tx, ep.ID, e, "", now)
}

// put stores an event in the log.
func put(tx store.Tx, app gateway.AppID, conv *gateway.Conversation, typ gateway.EventType, data any, now time.Time, trace gateway.TraceID) (gateway.Event, error) {
	raw, err := json.Marshal(data)
	if err == nil && len(raw) > MaxData {
		raw, err = shorten(raw)
	}
	if err != nil {
		return gateway.Event{}, fmt.Errorf("record %s: %w", typ, err)
	}
	e := gateway.Event{
		ID: gateway.EventID(tx.NewID(gateway.PrefixEvent)), App: app, Type: typ,
		CreatedAt: now, Data: raw, Trace: trace,
	}
	if conv != nil {
		conv.EventSeq++
		e.Conversation, e.Seq = conv.ID, conv.EventSeq
	}
	tx.Announce(Topic(app))
	k := Key(app, e.ID)
	if err := store.EventLog.Put(tx, k, e); err != nil {
		return e, err
	}
	return e, store.ExpireAt(tx, store.EventLog.Table, k, now.Add(Retention))
}

// enqueue has an event told to an endpoint, after those about the same.
func enqueue(tx store.Tx, ep gateway.EndpointID, e gateway.Event, about string, now time.Time) error {
	tell := store.EventTell{Event: e.ID, Endpoint: ep, State: Waiting, UpdatedAt: now}
	if e.Conversation != "" {
		prev, err := advance(tx, ep, e)
		if err != nil {
			return err
		}
		tell.PrevSeq = prev
	}
	if err := putTell(tx, e, tell); err != nil {
		return err
	}
	return tx.Enqueue(item(ep, e, now, Lane(ep, e.Conversation, about)))
}

// item tells an event to an endpoint, whose items are a group of their own: it
// takes turns with the other endpoints.
func item(ep gateway.EndpointID, e gateway.Event, now time.Time, lane string) store.Item {
	return store.Item{
		ItemRef: store.EventItem(e.App, e.Conversation, e.ID, ep),
		Due:     now, EnqueuedAt: now, Lane: lane, Group: string(ep),
	}
}

// putTell stores the first row of a telling; it goes with its event.
func putTell(tx store.Tx, e gateway.Event, tell store.EventTell) error {
	k := TellKey(e.App, e.ID, tell.Endpoint)
	if err := store.EventTells.Put(tx, k, tell); err != nil {
		return err
	}
	return store.ExpireAt(tx, store.EventTells.Table, k, e.CreatedAt.Add(Retention))
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

// Lane orders the events of one conversation at one endpoint, and those of no
// conversation that are about the same user or address; others have no lane. Ids
// are the caller's and may hold anything, so they are quoted: no two share a lane,
// and no lane holds a zero octet.
func Lane(ep gateway.EndpointID, c gateway.ConversationID, about string) string {
	switch {
	case c != "":
		return strconv.Quote(string(ep)) + strconv.Quote(string(c))
	case about != "":
		return strconv.Quote(string(ep)) + "/" + strconv.Quote(about)
	}
	return ""
}

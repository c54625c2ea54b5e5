package event

import (
	"errors"
	"slices"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// Query says which part of the log is read.
type Query struct {
	App gateway.AppID
	// After is where reading begins, exclusively; it need not exist (any more).
	After gateway.EventID
	// Types are those wanted; empty means all.
	Types []gateway.EventType
	// Limit is how many events are returned at most.
	Limit int
}

// Page is a part of the log.
type Page struct {
	Events []gateway.Event
	// Next is up to where the log was read: the After of the next query.
	Next gateway.EventID
	// More tells that the log goes on behind Next.
	More bool
}

// maxLooked bounds how many rows one look at the log passes over.
const maxLooked = 2000

// Before sorts before every event.
const Before gateway.EventID = gateway.PrefixEvent

// Read reads events in the order they were recorded. The order of ids is that of
// the commits, so that nothing is ever put before a place that was read: an engine
// whose transactions overlap must keep from Read what may still be preceded.
func Read(rd store.Reader, q Query) (Page, error) {
	p := Page{Next: max(q.After, Before)}
	looked := 0
	err := store.EventLog.Scan(rd, after(store.AppKey(q.App), p.Next), func(_ store.Key, e gateway.Event) (bool, error) {
		if looked == maxLooked || len(p.Events) == q.Limit {
			p.More = true
			return false, nil
		}
		looked++
		p.Next = e.ID
		if len(q.Types) == 0 || slices.Contains(q.Types, e.Type) {
			p.Events = append(p.Events, e)
		}
		return true, nil
	})
	return p, err
}

// after is what follows an event among the rows below prefix.
func after(prefix store.Key, e gateway.EventID) store.Range {
	return store.Range{Prefix: prefix, From: append(prefix.String(string(e)), 0)}
}

// Last is the newest event of an app; Before if there is none.
func Last(rd store.Reader, app gateway.AppID) (gateway.EventID, error) {
	last := Before
	err := store.EventLog.Scan(rd, store.Range{Prefix: store.AppKey(app), Reverse: true}, func(_ store.Key, e gateway.Event) (bool, error) {
		last = e.ID
		return false, nil
	})
	return last, err
}

// Find returns an event with how far telling it has come, by endpoint.
func Find(rd store.Reader, app gateway.AppID, id gateway.EventID) (e gateway.Event, tells []store.EventTell, err error) {
	e, err = store.EventLog.Get(rd, Key(app, id))
	if errors.Is(err, store.ErrNotFound) {
		err = gateway.NotFound{What: "event", ID: string(id)}
	}
	if err != nil {
		return e, nil, err
	}
	err = store.EventTells.Scan(rd, store.Range{Prefix: Key(app, id)}, func(_ store.Key, t store.EventTell) (bool, error) {
		tells = append(tells, t)
		return true, nil
	})
	return e, tells, err
}

// ReadTells reads, the newest event first, how far telling events to an endpoint has
// come. A page may be short, or empty, and yet have More.
func ReadTells(rd store.Reader, app gateway.AppID, ep gateway.EndpointID, before gateway.EventID, limit int) (tells []store.EventTell, next gateway.EventID, more bool, err error) {
	rg := store.Range{Prefix: store.AppKey(app), Reverse: true}
	if before != "" {
		rg.To = store.AppKey(app).String(string(before))
	}
	looked := 0
	err = store.EventTells.Scan(rd, rg, func(_ store.Key, t store.EventTell) (bool, error) {
		if looked == maxLooked || len(tells) == limit {
			more = true
			return false, nil
		}
		looked++
		next = t.Event
		if t.Endpoint == ep {
			tells = append(tells, t)
		}
		return true, nil
	})
	return tells, next, more, err
}

// ReadDead reads the events that endpoints were not told in the end, the oldest first.
func ReadDead(rd store.Reader, q Query, endpoints []gateway.EndpointID) (Page, error) {
	p := Page{Next: max(q.After, Before)}
	ids, err := deadIDs(rd, q, endpoints)
	if err != nil {
		return p, err
	}
	for _, id := range ids {
		if len(p.Events) == q.Limit {
			p.More = true
			break
		}
		p.Next = id
		e, found, err := store.EventLog.Find(rd, Key(q.App, id))
		if err != nil {
			return p, err
		}
		if found && (len(q.Types) == 0 || slices.Contains(q.Types, e.Type)) {
			p.Events = append(p.Events, e)
		}
	}
	p.More = p.More || len(ids) == maxLooked
	return p, nil
}

// deadIDs merges the dead letters of some endpoints, at most maxLooked of them.
func deadIDs(rd store.Reader, q Query, endpoints []gateway.EndpointID) (ids []gateway.EventID, err error) {
	for _, ep := range endpoints {
		n := 0
		prefix := store.AppKey(q.App).String(string(ep))
		err := store.DeadLetters.Scan(rd, after(prefix, max(q.After, Before)), func(_ store.Key, d store.DeadLetter) (bool, error) {
			ids = append(ids, d.Event)
			n++
			return n < maxLooked, nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(ids, func(a, b gateway.EventID) int { return strings.Compare(string(a), string(b)) })
	ids = slices.Compact(ids)
	return ids[:min(len(ids), maxLooked)], nil
}

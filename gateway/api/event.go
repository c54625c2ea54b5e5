package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// shownPage is a part of the log of events.
type shownPage struct {
	Data []wire.Event `json:"data"`
	// Next is the "after" of the next call.
	Next gateway.EventID `json:"next"`
}

func showPage(p event.Page) shownPage {
	out := shownPage{Data: []wire.Event{}, Next: p.Next}
	for _, e := range p.Events {
		out.Data = append(out.Data, wire.EventOf(e))
	}
	return out
}

// listEvents reads the log from a place on: at once, waiting for something to
// come, or without end as server-sent events.
func listEvents(c *call, _ []string) (any, error) {
	q, err := c.eventQuery()
	if err != nil {
		return nil, err
	}
	if c.param("status") != "" || c.param("endpoint") != "" {
		return c.deadEvents(q)
	}
	if q.After == "now" {
		if err := c.Store.View(c.ctx, func(rd store.Reader) (err error) {
			q.After, err = event.Last(rd, c.app.ID)
			return err
		}); err != nil {
			return nil, err
		}
	}
	wait, err := c.wait()
	switch {
	case err != nil:
		return nil, err
	case c.method != http.MethodHead && strings.Contains(c.head.Get("Accept"), "text/event-stream"):
		return &eventStream{call: c, query: q}, nil
	case c.method != http.MethodHead && wait > 0:
		return &longPoll{call: c, query: q, wait: wait}, nil
	}
	p, err := c.readEvents(q)
	return showPage(p), err
}

// readEvents reads a page. What is passed over counts too, so that a call never
// takes long; the page may then be short, or empty, and yet not the last.
func (c *call) readEvents(q event.Query) (p event.Page, err error) {
	err = c.Store.View(c.ctx, func(rd store.Reader) (err error) {
		p, err = event.Read(rd, q)
		return err
	})
	return p, err
}

// deadEvents lists the events that one endpoint, or any, was not told in the end.
func (c *call) deadEvents(q event.Query) (any, error) {
	if s := c.param("status"); s != event.Dead {
		return nil, gateway.Wrong("status", `status is "dead": events an endpoint was not told in the end.`)
	}
	var endpoints []gateway.EndpointID
	for _, e := range c.app.Endpoints {
		endpoints = append(endpoints, e.ID)
	}
	if id := c.param("endpoint"); id != "" {
		if _, err := c.endpoint(id); err != nil {
			return nil, err
		}
		endpoints = []gateway.EndpointID{gateway.EndpointID(id)}
	}
	var p event.Page
	err := c.Store.View(c.ctx, func(rd store.Reader) (err error) {
		p, err = event.ReadDead(rd, q, endpoints)
		return err
	})
	return showPage(p), err
}

// eventQuery reads from where on and which events are asked for. A client that
// comes back to a stream says where it was in a header.
func (c *call) eventQuery() (event.Query, error) {
	limit, err := c.limit()
	if err != nil {
		return event.Query{}, err
	}
	q := event.Query{App: c.app.ID, After: gateway.EventID(c.param("after")), Limit: limit}
	if last := c.head.Get("Last-Event-ID"); last != "" {
		q.After = gateway.EventID(last)
	}
	wrong := gateway.Invalid{}
	if q.After != "" && q.After != "now" && !strings.HasPrefix(string(q.After), gateway.PrefixEvent) {
		wrong.Add("after", `after is the id of an event, the "next" of the last answer, or "now".`)
	}
	for t := range strings.SplitSeq(strings.Join(c.query["types"], ","), ",") {
		switch typ := gateway.EventType(strings.TrimSpace(t)); {
		case typ == "", typ == "undefined", typ == "null":
		case typ.Known():
			q.Types = append(q.Types, typ)
		default:
			wrong.Add("types", "There is no event type %q.", typ)
		}
	}
	return q, wrong.Err()
}

// maxWait bounds for how long a call waits for events.
const maxWait = time.Minute

func (c *call) wait() (time.Duration, error) {
	v := c.param("wait")
	if v == "" {
		return 0, nil
	}
	s, err := strconv.ParseFloat(v, 64)
	if err != nil || !(s >= 0 && s <= maxWait.Seconds()) {
		return 0, gateway.Wrong("wait", "wait is a number of seconds from 0 to %.0f.", maxWait.Seconds())
	}
	return time.Duration(s * float64(time.Second)), nil
}

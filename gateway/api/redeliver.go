package api

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/store"
)

// redeliverEvent has an event told again, to one endpoint or to all that want it
// or were told it: with the same id and the same bytes.
func redeliverEvent(c *call, ids []string) (any, error) {
	return c.once(store.AppScope(c.app.ID), func(c *call) (any, error) { return redeliver(c, ids) })
}

func redeliver(c *call, ids []string) (any, error) {
	var in struct {
		EndpointID string `json:"endpointId"`
	}
	if err := c.into(&in); err != nil {
		return nil, err
	}
	if in.EndpointID != "" {
		e, err := c.endpoint(in.EndpointID)
		if err != nil {
			return nil, err
		}
		if e.Disabled {
			return nil, errDisabled
		}
	}
	out := struct {
		EndpointIDs []gateway.EndpointID `json:"endpointIds"`
	}{}
	err := c.Store.Update(c.ctx, store.AppScope(c.app.ID), func(tx store.Tx) error {
		out.EndpointIDs = []gateway.EndpointID{}
		e, tells, err := event.Find(tx, c.app.ID, gateway.EventID(ids[0]))
		if err != nil {
			return err
		}
		for _, ep := range c.app.Endpoints {
			told := slices.ContainsFunc(tells, func(t store.EventTell) bool { return t.Endpoint == ep.ID })
			meant := string(ep.ID) == in.EndpointID || in.EndpointID == "" && !ep.Disabled && (told || ep.Wants(e.Type))
			if !meant {
				continue
			}
			if err := event.Redeliver(tx, e, ep.ID, time.Now()); err != nil {
				return err
			}
			out.EndpointIDs = append(out.EndpointIDs, ep.ID)
		}
		return nil
	})
	return out, err
}

var errDisabled = fail(http.StatusConflict, "ENDPOINT_DISABLED", "endpointId", "This endpoint is disabled; enable it first.")

// shownReplay is a replay under way.
type shownReplay struct {
	Since  int64               `json:"since"`
	Until  int64               `json:"until"`
	Types  []gateway.EventType `json:"types"`
	Status string              `json:"status"`
	Queued int                 `json:"queued"`
}

func showReplay(r event.Replay) *shownReplay {
	return &shownReplay{
		Since: r.Since.UnixMilli(), Until: r.Until.UnixMilli(), Types: append([]gateway.EventType{}, r.Types...),
		Status: r.Status, Queued: r.Queued,
	}
}

// replayOf reads the replay to an endpoint that is under way, or nil.
func replayOf(rd store.Reader, app gateway.AppID, ep gateway.EndpointID) (*shownReplay, error) {
	it, err := rd.Item(event.ReplayItem(app, ep))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r, _, _, err := event.ReplayOf(it)
	return showReplay(r), err
}

// replayEvents has the events of a span of time told to an endpoint again, in the
// background.
func replayEvents(c *call, ids []string) (any, error) {
	return c.once(store.AppScope(c.app.ID), func(c *call) (any, error) { return replay(c, ids) })
}

func replay(c *call, ids []string) (any, error) {
	r, err := c.replay()
	if err != nil {
		return nil, err
	}
	e, err := c.endpoint(ids[0])
	if err != nil {
		return nil, err
	}
	if e.Disabled {
		return nil, errDisabled
	}
	err = c.Store.Update(c.ctx, store.AppScope(c.app.ID), func(tx store.Tx) error {
		return r.Start(tx, c.app.ID, e.ID, time.Now())
	})
	if errors.Is(err, event.ErrReplaying) {
		return nil, fail(http.StatusConflict, "REPLAY_RUNNING", "endpoint", "A replay to this endpoint is under way; GET it to see how far it has come.")
	}
	return showReplay(r), err
}

// replay reads the body of a replay.
func (c *call) replay() (event.Replay, error) {
	var in struct {
		Since  *int64              `json:"since"`
		Until  *int64              `json:"until"`
		Types  []gateway.EventType `json:"types"`
		Status string              `json:"status"`
	}
	if err := c.into(&in); err != nil {
		return event.Replay{}, err
	}
	r := event.Replay{Since: time.Now().Add(-event.Retention), Until: time.Now(), Types: in.Types, Status: in.Status}
	if in.Since != nil {
		r.Since = time.UnixMilli(max(*in.Since, r.Since.UnixMilli()))
	}
	if in.Until != nil {
		r.Until = time.UnixMilli(min(*in.Until, r.Until.UnixMilli()))
	}
	wrong := gateway.Invalid{}
	if !r.Since.Before(r.Until) {
		wrong.Add("since", "since and until are times in milliseconds since 1970, since the earlier one.")
	}
	for i, t := range in.Types {
		if !t.Known() {
			wrong.Add("types", "types[%d]: there is no event type %q.", i, t)
		}
	}
	switch r.Status {
	case "":
		r.Status = event.ReplayFailed
	case event.ReplayFailed, event.ReplayMissing, event.ReplayAll:
	default:
		wrong.Add("status", `status is "failed", "missing" or "all".`)
	}
	return r, wrong.Err()
}

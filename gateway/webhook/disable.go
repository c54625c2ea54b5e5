package webhook

import (
	"net/http"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/store"
)

const (
	// failTime is for how long every attempt must have failed until an endpoint
	// is disabled.
	failTime = 5 * 24 * time.Hour
	// failGap is how far apart failures may be that count as one row; it is longer
	// than any wait of the schedule.
	failGap = 48 * time.Hour
	// failNote is how often the latest failure is noted.
	failNote = 10 * time.Minute
)

// DisabledData is the data of endpoint.disabled.
type DisabledData struct {
	EndpointID gateway.EndpointID `json:"endpointId"`
	URL        string             `json:"url"`
	// Reason is gateway.DisabledByGone or gateway.DisabledByFailing.
	Reason gateway.DisabledBy `json:"reason"`
	// Status is the HTTP status that led to it, 0 if there was no answer.
	Status int `json:"status"`
	// FailingSince is when the first of the failures was (ms); null for a 410.
	FailingSince *int64 `json:"failingSince"`
}

func troubleKey(app gateway.AppID, ep gateway.EndpointID) store.Key {
	return store.AppKey(app).String(string(ep))
}

// consequence is what an attempt means for its event and its endpoint, and the
// scope in which that is stored.
func (tg *telling) consequence(a attempt) (store.Scope, func(store.Tx) error) {
	switch why := tg.end(a); {
	case a.told() && tg.inTrouble:
		return store.Scope{}, tg.recovered
	case a.told() || tg.ping():
		return store.Scope{}, tg.put
	case why != "":
		data := DisabledData{Reason: why, Status: a.status}
		if why == gateway.DisabledByFailing {
			since := tg.trouble.Since.UnixMilli()
			data.FailingSince = &since
		}
		return store.AppScope(tg.app.ID), func(tx store.Tx) error { return tg.disable(tx, data) }
	}
	return store.Scope{}, func(tx store.Tx) error { return tg.failed(tx, a.at) }
}

// end is why an attempt is the endpoint's last; empty if it is not.
func (tg *telling) end(a attempt) gateway.DisabledBy {
	switch {
	case a.told() || tg.ping():
	case a.status == http.StatusGone:
		return gateway.DisabledByGone
	case tg.inTrouble && a.at.Sub(tg.trouble.Since) >= failTime && a.at.Sub(tg.trouble.Last) <= failGap:
		return gateway.DisabledByFailing
	}
	return ""
}

// recovered ends the row of failures.
func (tg *telling) recovered(tx store.Tx) error {
	if err := store.Troubles.Delete(tx, troubleKey(tg.app.ID, tg.endpoint.ID)); err != nil {
		return err
	}
	return tg.put(tx)
}

// failed begins a row of failures, or goes on with it.
func (tg *telling) failed(tx store.Tx, at time.Time) error {
	k := troubleKey(tg.app.ID, tg.endpoint.ID)
	row, found, err := store.Troubles.Find(tx, k)
	if err != nil {
		return err
	}
	if !found || at.Sub(row.Last) > failGap {
		row = store.Trouble{Since: at}
	}
	if row.Last.IsZero() || at.Sub(row.Last) >= failNote {
		row.Last = at
		if err := store.Troubles.Put(tx, k, row); err != nil {
			return err
		}
	}
	return tg.put(tx)
}

// disable stores that an endpoint gets no more events, and tells the others.
func (tg *telling) disable(tx store.Tx, data DisabledData) error {
	if err := tg.put(tx); err != nil {
		return err
	}
	app, err := store.Apps.Get(tx, store.AppKey(tg.app.ID))
	if err != nil {
		return err
	}
	for i := range app.Endpoints {
		ep := &app.Endpoints[i]
		if ep.ID != tg.endpoint.ID || ep.Disabled {
			continue
		}
		ep.Disabled, ep.DisabledBy = true, data.Reason
		if err := store.Apps.Put(tx, store.AppKey(app.ID), app); err != nil {
			return err
		}
		data.EndpointID, data.URL = ep.ID, ep.URL
		if _, err := event.Record(tx, &app, nil, gateway.EventEndpointDisabled, data, time.Now(), tg.event.Trace); err != nil {
			return err
		}
	}
	return nil
}

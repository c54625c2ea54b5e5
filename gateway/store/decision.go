package store

import (
	"bytes"
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
)

// DecisionAge is how long decisions are kept to be looked up.
const DecisionAge = 90 * 24 * time.Hour

// Facet is something that notifications are looked up by.
type Facet byte

// The facets.
const (
	ByConversation Facet = 'c'
	ByRecipient    Facet = 'u'
	ByState        Facet = 's'
	ByReason       Facet = 'r' // those that have one
)

// DecisionPlace finds a notification by one of its facets.
type DecisionPlace struct {
	Notification gateway.NotificationID `json:"notification"`
}

// DecisionKey begins the keys, which end in the notification's id, of those
// that have a facet in common.
func DecisionKey(app gateway.AppID, f Facet, value string) Key {
	return append(AppKey(app), byte(f)).String(value)
}

// AddDecision stores a new notification where it is found by each facet, for
// DecisionAge.
func AddDecision(tx Tx, app gateway.AppID, n gateway.Notification) error {
	k := AppKey(app).String(string(n.ID))
	if err := Decisions.Put(tx, k, n); err != nil {
		return err
	}
	rows := []Row{{Decisions.Table, k}}
	for _, p := range decisionPlaces(app, n) {
		if err := DecisionsBy.Put(tx, p, DecisionPlace{n.ID}); err != nil {
			return err
		}
		rows = append(rows, Row{DecisionsBy.Table, p})
	}
	return expireTogether(tx, n.CreatedAt.Add(DecisionAge), rows)
}

// ChangeDecision stores what became of a notification that was old, and moves
// it to where it is found now.
func ChangeDecision(tx Tx, app gateway.AppID, old, n gateway.Notification) error {
	if err := Decisions.Put(tx, AppKey(app).String(string(n.ID)), n); err != nil {
		return err
	}
	was, is := decisionPlaces(app, old), decisionPlaces(app, n)
	for _, p := range was {
		if !hasKey(is, p) {
			if err := DecisionsBy.Delete(tx, p); err != nil {
				return err
			}
		}
	}
	var fresh []Row
	for _, p := range is {
		if hasKey(was, p) {
			continue
		}
		if err := DecisionsBy.Put(tx, p, DecisionPlace{n.ID}); err != nil {
			return err
		}
		fresh = append(fresh, Row{DecisionsBy.Table, p})
	}
	return expireTogether(tx, n.CreatedAt.Add(DecisionAge), fresh)
}

// decisionPlaces are where a notification is found.
func decisionPlaces(app gateway.AppID, n gateway.Notification) []Key {
	facets := []struct {
		by    Facet
		value string
	}{
		{ByConversation, string(n.Conversation)}, {ByRecipient, string(n.Recipient)},
		{ByState, string(n.State)}, {ByReason, string(n.Reason)},
	}
	var out []Key
	for _, f := range facets {
		if f.value != "" {
			out = append(out, DecisionKey(app, f.by, f.value).String(string(n.ID)))
		}
	}
	return out
}

func hasKey(keys []Key, k Key) bool {
	return slices.ContainsFunc(keys, func(x Key) bool { return bytes.Equal(x, k) })
}

package store

import (
	"time"

	"github.com/replygate/replygate/gateway"
)

// DecisionAge is how long decisions are kept to be looked up.
const DecisionAge = 90 * 24 * time.Hour

// AddDecision stores a new notification where it is found by each facet, for
// DecisionAge.
func AddDecision(tx Tx, app gateway.AppID, n gateway.Notification) error {
	return putDecision(tx, app, nil, n)
}

// ChangeDecision stores what became of a notification that was old, and moves
// it to where it is found now.
func ChangeDecision(tx Tx, app gateway.AppID, old, n gateway.Notification) error {
	return putDecision(tx, app, decisionPlaces(app, old), n)
}

func putDecision(tx Tx, app gateway.AppID, was []Key, n gateway.Notification) error {
	k := AppKey(app).String(string(n.ID))
	if err := Decisions.Put(tx, k, n); err != nil {
		return err
	}
	is := decisionPlaces(app, n)
	moved, err := movePlaces(tx, DecisionsBy, was, is)
	if err != nil || !moved {
		return err
	}
	return expirePlaced(tx, n.CreatedAt.Add(DecisionAge), Row{Decisions.Table, k}, DecisionsBy, is)
}

// decisionPlaces are where a notification is found.
func decisionPlaces(app gateway.AppID, n gateway.Notification) []Key {
	return placesOf(app, string(n.ID),
		facet{ByConversation, string(n.Conversation)}, facet{ByRecipient, string(n.Recipient)},
		facet{ByState, string(n.State)}, facet{ByReason, string(n.Reason)})
}

package store

import (
	"time"

	"github.com/replygate/replygate/gateway"
)

// DeliveryAge is how long deliveries are kept to be looked up.
const DeliveryAge = 90 * 24 * time.Hour

// AddDelivery stores a new mail where it is found by each facet, for DeliveryAge
// from its CreatedAt on.
func AddDelivery(tx Tx, app gateway.AppID, d gateway.Delivery) error {
	return putDelivery(tx, app, nil, d)
}

// ChangeDelivery stores what became of a mail that was old, and moves it to where
// it is found now. What changes no state may be put into Mails.
func ChangeDelivery(tx Tx, app gateway.AppID, old, d gateway.Delivery) error {
	return putDelivery(tx, app, deliveryPlaces(app, old), d)
}

func putDelivery(tx Tx, app gateway.AppID, was []Key, d gateway.Delivery) error {
	k := AppKey(app).String(string(d.ID))
	if err := Mails.Put(tx, k, d); err != nil {
		return err
	}
	is := deliveryPlaces(app, d)
	moved, err := movePlaces(tx, DeliveriesBy, was, is)
	if err != nil || !moved {
		return err
	}
	return expirePlaced(tx, d.CreatedAt.Add(DeliveryAge), Row{Mails.Table, k}, DeliveriesBy, is)
}

// deliveryPlaces are where a mail is found.
func deliveryPlaces(app gateway.AppID, d gateway.Delivery) []Key {
	return placesOf(app, string(d.ID),
		facet{ByConversation, string(d.Conversation)}, facet{ByRecipient, string(d.Recipient)}, facet{ByState, string(d.State)})
}

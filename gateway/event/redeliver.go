package event

import (
	"errors"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// Conclude stores how far a telling has come. What is dead is found by ReadDead.
func Conclude(tx store.Tx, e gateway.Event, tell store.EventTell) error {
	if err := store.EventTells.Put(tx, TellKey(e.App, e.ID, tell.Endpoint), tell); err != nil {
		return err
	}
	k := deadKey(e.App, tell.Endpoint, e.ID)
	if tell.State != Dead {
		return store.DeadLetters.Delete(tx, k)
	}
	dead := store.DeadLetter{Event: e.ID, Endpoint: tell.Endpoint, At: tell.UpdatedAt}
	if err := store.DeadLetters.Put(tx, k, dead); err != nil {
		return err
	}
	return store.ExpireAt(tx, store.DeadLetters.Table, k, e.CreatedAt.Add(Retention))
}

func deadKey(app gateway.AppID, ep gateway.EndpointID, e gateway.EventID) store.Key {
	return store.AppKey(app).String(string(ep)).String(string(e))
}

// Redeliver has an event told to an endpoint (again): with the same id and bytes,
// at once, and outside its lane, so that nothing waits for it. One that waits
// already comes at once.
func Redeliver(tx store.Tx, e gateway.Event, ep gateway.EndpointID, now time.Time) error {
	ref := store.EventItem(e.App, e.Conversation, e.ID, ep)
	_, err := tx.Item(ref)
	if err == nil {
		return tx.Move(ref, now)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	tell, known, err := store.EventTells.Find(tx, TellKey(e.App, e.ID, ep))
	if err != nil {
		return err
	}
	if !known {
		tell = store.EventTell{Event: e.ID, Endpoint: ep}
		if err := putTell(tx, e, tell); err != nil {
			return err
		}
	}
	tell.State, tell.UpdatedAt = Waiting, now
	if err := Conclude(tx, e, tell); err != nil {
		return err
	}
	return tx.Enqueue(item(ep, e, now, ""))
}

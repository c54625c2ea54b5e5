package store

import (
	"time"

	"github.com/replygate/replygate/gateway"
)

// Queue names a durable queue.
type Queue string

// The three queues.
const (
	// Notifications holds at most one due item per conversation; its ID is the
	// conversation's id. Items with a payload are notices, whose id that is, and
	// DisabledItem.
	Notifications Queue = "notifications"
	// Deliveries holds a mail per item; its ID is the delivery's id.
	Deliveries Queue = "deliveries"
	// Events holds an event for one endpoint per item; its ID is
	// EventItemID(event, endpoint) and its lane the conversation at the endpoint.
	Events Queue = "events"
)

// Shard is one of the 256 parts of the work: hash(app, conversation) mod 256.
type Shard uint8

// ShardOf is the shard of a conversation (or, for what belongs to no
// conversation, of whatever names it). FNV-1a: the value is stored and must
// never change.
func ShardOf(app gateway.AppID, name string) Shard {
	h := uint32(2166136261)
	for _, s := range [...]string{string(app), "\x00", name} {
		for i := range len(s) {
			h = (h ^ uint32(s[i])) * 16777619
		}
	}
	return Shard(h ^ h>>8 ^ h>>16 ^ h>>24)
}

// ItemRef names an item.
type ItemRef struct {
	Queue Queue
	App   gateway.AppID
	Shard Shard
	ID    string
}

// Item is a piece of work that waits for its time.
type Item struct {
	ItemRef
	// Due is when it may be leased; kept to the millisecond.
	Due time.Time
	// Lane orders items that share it within a queue, app and shard; "" is no lane.
	Lane string
	// Group parts an app's items by whom they are for, so that these take turns;
	// it stays when the item is put back.
	Group string
	// Attempt counts the tries that were settled with Again.
	Attempt int
	// Payload is what the handler needs beyond the rows; at most 64 KiB.
	Payload []byte
	// EnqueuedAt is set by the engine's caller and kept.
	EnqueuedAt time.Time
}

// Party is who takes turns at a queue: an app, and within it a group.
type Party struct {
	App   gateway.AppID
	Group string
}

// Party is whose item it is.
func (it Item) Party() Party { return Party{it.App, it.Group} }

// Room says how many items of a party may be leased now; nil means any number.
// It is quick, and does not call the store.
type Room func(Party) int

// LeaseRequest asks for due items of one shard.
type LeaseRequest struct {
	Queue Queue
	Shard Shard
	Now   time.Time
	Until time.Time
	Max   int
	// Room bounds what is taken of each party.
	Room Room
	// Owner names the process, for operators.
	Owner string
}

// Lease is the right to settle an item.
type Lease struct {
	ItemRef
	// Token fences: a later lease of the same item has another one.
	Token uint64
}

// Leased is an item and the right to settle it.
type Leased struct {
	Item  Item
	Lease Lease
}

// EventItemID names the item that tells an event to an endpoint.
func EventItemID(e gateway.EventID, ep gateway.EndpointID) string {
	return string(e) + "/" + string(ep)
}

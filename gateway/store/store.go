// Package store is the storage contract: what every engine under storage/
// promises and what everything above relies on.
//
// The contract is small: ordered rows in named tables, durable queues with
// leases and lanes, and blobs, changed together in one transaction. What the
// rows mean is said once, in rows.go, and is the same for every engine.
//
// Promises of an engine, held by storage/storetest:
//   - An Update is all or nothing, durable when it returns nil, and serialisable
//     with every other Update of the same scope. Updates that share a physical
//     commit do not share a fate: a function that fails, or panics, leaves
//     nothing behind, and its neighbours are committed all the same.
//   - A View sees one consistent state.
//   - A leased item is given to nobody else until its lease ends; settling with
//     a lost lease fails the whole transaction.
//   - Items of one lane are leased one at a time, in the order they were put.
//   - A blob is durable before a transaction that keeps it commits, and is
//     deleted only when nothing keeps it.
//   - The database carries a schema version from its first byte; an engine
//     refuses to open one that is newer than it knows.
//   - After a failed sync nothing more is acknowledged (Failed is closed, every
//     later Update returns ErrFailed): the process must end and start anew.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/replygate/replygate/gateway"
)

// SchemaVersion is the version of the rows this code reads and writes.
const SchemaVersion = 1

// Errors every engine returns, wrapped or bare.
var (
	// ErrNotFound: no such row, blob or item.
	ErrNotFound = errors.New("not found")
	// ErrLeaseLost: the lease ended, or the item was cancelled.
	ErrLeaseLost = errors.New("lease lost")
	// ErrFailed: the engine could not sync and takes no more work.
	ErrFailed = errors.New("storage has failed and takes no more work; see the log, mend the disk, start again")
	// ErrFull: there is no room left on the disk; nothing was written.
	ErrFull = errors.New("storage is full")
	// ErrClosed: the engine was closed.
	ErrClosed = errors.New("storage is closed")
)

// Store is what an engine is. All methods are safe for concurrent use.
type Store interface {
	// View calls fn with one consistent state, and returns its error. Readers
	// do not wait for writers. fn must be quick: a long one holds old pages.
	View(ctx context.Context, fn func(Reader) error) error
	// Update calls fn in a transaction and commits what it wrote; when fn
	// returns an error or panics nothing of it is kept and Update returns the
	// error (a panic becomes one). fn may be called more than once, performs
	// no I/O, starts no goroutine, and must not keep tx.
	// Values that fn hands out must be set anew at every call.
	Update(ctx context.Context, scope Scope, fn func(Tx) error) error

	// Stage makes data durable (or ready to be committed inline) before the
	// transaction that keeps it. What no transaction keeps is cleaned up by
	// the engine after some hours.
	Stage(ctx context.Context, app gateway.AppID, data []byte) (Staged, error)
	// Blob returns a kept blob's bytes, or ErrNotFound.
	Blob(ctx context.Context, app gateway.AppID, ref gateway.BlobRef) ([]byte, error)

	// Lease takes up to r.Max items of the queue's shard that are due at
	// r.Now, and holds them until r.Until: one of each party after the other,
	// as far as there is room for it, and each party's earliest first. The next
	// call goes on with the party whose turn it is.
	Lease(ctx context.Context, r LeaseRequest) ([]Leased, error)
	// Extend holds a leased item until another time, or says ErrLeaseLost.
	Extend(ctx context.Context, l Lease, until time.Time) error
	// Release gives items back untouched, due as before.
	Release(ctx context.Context, ls []Lease) error
	// NextDue tells for every shard that has waiting items of the queue when
	// the earliest is due; leased ones count from the end of their lease.
	// Parties for which there is no room are passed over.
	NextDue(ctx context.Context, queue Queue, room Room) (map[Shard]time.Time, error)
	// Wake returns a channel that receives (without blocking the writer) when
	// a commit put or moved items of the queue. It is a hint over polling.
	Wake(queue Queue) <-chan struct{}
	// Listen returns a channel that is closed by the next commit that announced
	// the topic. Ask for it before reading what the topic is about.
	Listen(topic string) <-chan struct{}

	// Failed is closed when the engine can no longer promise durability.
	Failed() <-chan struct{}
	// Close waits for running transactions and frees the database.
	Close() error
}

// Reader reads rows. It must not be used after the function it was given to
// returns, and is not safe for concurrent use. Byte slices it returns are valid
// until then; copy what is kept.
type Reader interface {
	// Get returns a row's value, or ErrNotFound.
	Get(t Table, k Key) ([]byte, error)
	// Scan calls fn for each row in r, in order, until fn returns false or an
	// error. Within a Tx, fn may write to any table, the scanned one included;
	// rows put behind the scan's position may or may not be seen.
	Scan(t Table, r Range, fn func(k Key, v []byte) (more bool, err error)) error
	// Item returns a waiting or leased item of a queue, or ErrNotFound.
	Item(ref ItemRef) (Item, error)
}

// Tx reads and writes within an Update. When a writing method fails, the Update
// fails with that error, even if fn returns nil.
type Tx interface {
	Reader
	// Put writes a row. Keys are 1 to 4096 bytes.
	Put(t Table, k Key, v []byte) error
	// Delete removes a row; a missing one is no error.
	Delete(t Table, k Key) error
	// NewID mints an identifier that sorts after all that were minted by
	// transactions which committed before this one began.
	NewID(prefix string) string
	// Announce lets those who Listen to a topic know, once this has committed.
	Announce(topic string)

	// Enqueue puts an item; one with the same ItemRef must not exist.
	Enqueue(it Item) error
	// Cancel removes an item, leased or not; a missing one is no error.
	Cancel(ref ItemRef) error
	// Move changes when an item that is waiting is due, or does nothing.
	Move(ref ItemRef, due time.Time) error
	// Done removes a leased item, or fails with ErrLeaseLost. A lease whose time
	// is over may settle its item as long as nobody has leased it since.
	Done(l Lease) error
	// Again puts a leased item back: its Due, Lane, Attempt and Payload are
	// those of it; the rest stays. An item put back into its lane keeps its
	// place; one given another Lane ("" steps aside) lets the next one pass.
	Again(l Lease, it Item) error

	// Keep adds a reference to a staged or already kept blob and returns its name.
	Keep(s Staged) (gateway.BlobRef, error)
	// Drop takes one reference away; the last one deletes the blob.
	Drop(app gateway.AppID, ref gateway.BlobRef) error
}

// Table names a set of rows; see rows.go for all of them.
type Table string

// Range is a span of keys: Prefix alone, or narrowed by From (inclusive) and To
// (exclusive), which are whole keys. Reverse walks it downwards.
type Range struct {
	Prefix   Key
	From, To Key
	Reverse  bool
}

// Staged is a blob that is durable, or goes into the commit that keeps it.
type Staged struct {
	App gateway.AppID
	Ref gateway.BlobRef
	// Inline holds the bytes of a small blob (at most InlineBlob) until the
	// commit; larger ones are already on the disk.
	Inline []byte
	Size   int64
}

// InlineBlob is the size in bytes up to which a blob is kept inside the commit. A
// file of its own costs more than writing as much: it is made, synced, renamed,
// and its directory synced.
const InlineBlob = 64 << 10

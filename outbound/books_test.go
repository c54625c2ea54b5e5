package outbound

import (
	"context"
	"sync"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// books is a store that counts what is kept of stored bytes.
type books struct {
	store.Store
	mu   sync.Mutex
	kept map[string]int
}

type ledger struct {
	store.Tx
	change map[string]int
}

func (l *ledger) Keep(s store.Staged) (gateway.BlobRef, error) {
	l.change[string(s.App)+" "+string(s.Ref)]++
	return l.Tx.Keep(s)
}

func (l *ledger) Drop(a gateway.AppID, ref gateway.BlobRef) error {
	l.change[string(a)+" "+string(ref)]--
	return l.Tx.Drop(a, ref)
}

func (b *books) Update(ctx context.Context, s store.Scope, fn func(store.Tx) error) error {
	var l ledger
	err := b.Store.Update(ctx, s, func(tx store.Tx) error {
		l = ledger{tx, map[string]int{}}
		return fn(&l)
	})
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for ref, n := range l.change {
		if b.kept[ref] += n; b.kept[ref] == 0 {
			delete(b.kept, ref)
		}
	}
	return nil
}

// blobs counts the stored bytes that something keeps.
func (b *books) blobs() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.kept)
}

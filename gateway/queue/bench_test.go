package queue_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/store"
)

// BenchmarkCommitToHandler is the time from the beginning of the commit that
// puts an item to the start of its handler, with nothing else to do.
func BenchmarkCommitToHandler(b *testing.B) {
	f := newFake()
	begun := make(chan struct{})
	ctx, stop := context.WithCancel(b.Context())
	r := queue.New(queue.Config{
		Store: f, Queue: store.Deliveries, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Handler: func(context.Context, store.Leased) queue.Result {
			begun <- struct{}{}
			return queue.Result{}
		},
	})
	end := make(chan error)
	go func() { end <- r.Run(ctx) }()
	it := item("app", "one")
	for b.Loop() {
		it.Due = time.Now()
		err := f.Update(ctx, store.SystemScope("bench"), func(tx store.Tx) error { return tx.Enqueue(it) })
		if err != nil {
			b.Fatal(err)
		}
		<-begun
		for f.left() > 0 { // settled
		}
	}
	stop()
	if err := <-end; err != nil {
		b.Error(err)
	}
}

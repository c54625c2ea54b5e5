package bolt

import (
	"log/slog"
	"testing"

	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/storage/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() store.Store {
		dir := t.TempDir()
		return func() store.Store { return openTest(t, dir) }
	})
}

// openTest opens an engine that the test closes.
func openTest(t *testing.T, dir string) *Engine {
	t.Helper()
	e, err := Open(dir, Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

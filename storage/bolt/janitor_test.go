package bolt

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// sweepAll sweeps all directories as if it were a time from now.
func sweepAll(t *testing.T, e *Engine, later time.Duration) {
	t.Helper()
	now := time.Now().Add(later)
	e.blobs.unpin(now.Add(-orphanAge))
	for dir := range 256 {
		if err := e.sweepDir(dir, now); err != nil {
			t.Error(err)
		}
	}
}

// TestSweepOrphans: what was staged and never kept goes after hours, what was
// kept stays, whoever staged it.
func TestSweepOrphans(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	e := openTest(t, dir)
	stage := func(b byte) store.Staged {
		s, err := e.Stage(ctx, "app", bytes.Repeat([]byte{b}, store.InlineBlob+1))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	kept, orphan, before := stage(1), stage(2), stage(3)
	if err := e.Update(ctx, store.AppScope("app"), func(tx store.Tx) error { _, err := tx.Keep(kept); return err }); err != nil {
		t.Fatal(err)
	}
	unfinished := filepath.Join(filepath.Dir(e.blobs.path(kept.Ref)), tempPrefix+"1")
	if err := os.WriteFile(unfinished, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	there := func(what string, want bool, paths ...string) {
		t.Helper()
		for _, p := range paths {
			if _, err := os.Stat(p); (err == nil) != want {
				t.Errorf("%s: %s: %v", what, p, err)
			}
		}
	}
	path := func(s store.Staged) string { return e.blobs.path(s.Ref) }
	sweepAll(t, e, orphanAge-time.Minute)
	there("too early", true, path(kept), path(orphan), path(before), unfinished)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = openTest(t, dir)
	defer e.Close()
	late := stage(2)
	sweepAll(t, e, orphanAge-time.Minute) // staged again: counts from now
	there("staged again", true, path(late))
	sweepAll(t, e, orphanAge+time.Minute)
	there("after hours", true, path(kept))
	there("after hours", false, path(orphan), path(before), unfinished)
	err := e.Update(ctx, store.AppScope("app"), func(tx store.Tx) error { _, err := tx.Keep(late); return err })
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("keep what was swept: %v", err)
	}
}

// TestDroppedFile: the file goes with the last reference, and not while somebody
// has staged the same and is about to keep it.
func TestDroppedFile(t *testing.T) {
	e := openTest(t, t.TempDir())
	ctx, data := context.Background(), bytes.Repeat([]byte("x"), store.InlineBlob+1)
	update := func(fn func(tx store.Tx) error) {
		t.Helper()
		if err := e.Update(ctx, store.AppScope("app"), fn); err != nil {
			t.Fatal(err)
		}
	}
	keep := func(s store.Staged) {
		t.Helper()
		update(func(tx store.Tx) error { _, err := tx.Keep(s); return err })
	}
	drop := func(ref gateway.BlobRef) { update(func(tx store.Tx) error { return tx.Drop("app", ref) }) }
	a, err := e.Stage(ctx, "app", data)
	if err != nil {
		t.Fatal(err)
	}
	keep(a)
	b, err := e.Stage(ctx, "app", data)
	if err != nil {
		t.Fatal(err)
	}
	drop(a.Ref)
	if err := e.removeDropped(); err != nil {
		t.Fatal(err)
	}
	keep(b)
	if got, err := e.Blob(ctx, "app", b.Ref); err != nil || !bytes.Equal(got, data) {
		t.Errorf("blob staged before another was dropped: %v", err)
	}
	drop(b.Ref)
	if err := e.Close(); err != nil { // waits for the janitor
		t.Fatal(err)
	}
	if _, err := os.Stat(e.blobs.path(b.Ref)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file of a dropped blob: %v", err)
	}
}

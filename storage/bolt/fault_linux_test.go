package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"

	"github.com/replygate/replygate/gateway/store"
)

// faultyDisk puts another file behind the descriptor that bbolt writes to:
// /dev/full takes no byte, /dev/null takes all of them and cannot be synced.
type faultyDisk struct{ fd, saved int }

func (d *faultyDisk) become(t *testing.T, name string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Skipf("needs %s: %v", name, err)
	}
	defer f.Close()
	d.set(t, int(f.Fd()))
}

func (d *faultyDisk) set(t *testing.T, fd int) {
	t.Helper()
	if err := syscall.Dup3(fd, d.fd, syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
}

func (d *faultyDisk) mend(t *testing.T) { d.set(t, d.saved) }

// openFaulty opens an engine with some rows and free pages, and finds the
// descriptor bbolt writes to.
func openFaulty(t *testing.T) (*Engine, *faultyDisk) {
	t.Helper()
	e := openTest(t, t.TempDir())
	for i := range 50 {
		if err := faultUpdate(e, fmt.Sprint("warm", i), nil); err != nil {
			t.Fatal(err)
		}
	}
	d := &faultyDisk{fd: writerFD(t, e)}
	saved, err := syscall.Dup(d.fd)
	if err != nil {
		t.Fatal(err)
	}
	d.saved = saved
	t.Cleanup(func() {
		d.mend(t)
		e.Close() // a failed engine need not close well
		syscall.Close(saved)
	})
	return e, d
}

// writerFD is the descriptor of the database that is open for writing.
func writerFD(t *testing.T, e *Engine) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("needs /proc:", err)
	}
	for _, entry := range entries {
		target, _ := os.Readlink("/proc/self/fd/" + entry.Name())
		var fd int
		fmt.Sscan(entry.Name(), &fd)
		if target == e.file.Name() && fd != int(e.file.Fd()) {
			return fd
		}
	}
	t.Fatal("the database file is not open")
	return 0
}

func faultUpdate(e *Engine, key string, err error) error {
	return e.Update(context.Background(), store.SystemScope("t"), func(tx store.Tx) error {
		return errors.Join(tx.Put("rows", store.Key(key), []byte("value")), err)
	})
}

// TestDiskFull: nothing is acknowledged while there is no room, and all goes on
// as before when there is.
func TestDiskFull(t *testing.T) {
	e, d := openFaulty(t)
	d.become(t, "/dev/full")
	errOwn := errors.New("own")
	for _, own := range []error{nil, errOwn, nil} {
		err := faultUpdate(e, "full", own)
		if own == nil && !errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrFailed) || err == nil {
			t.Errorf("update on a full disk: %v", err)
		}
	}
	d.mend(t)
	if err := faultUpdate(e, "after", nil); err != nil {
		t.Fatalf("update after there was room: %v", err)
	}
	err := e.View(context.Background(), func(r store.Reader) error {
		if _, err := r.Get("rows", store.Key("full")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("what was refused: %v", err)
		}
		_, err := r.Get("rows", store.Key("after"))
		return err
	})
	if err := errors.Join(err, e.Check(context.Background())); err != nil {
		t.Error(err)
	}
}

// TestSyncFails: the engine has failed for good, mended or not, and a new one
// finds what was acknowledged before.
func TestSyncFails(t *testing.T) {
	e, d := openFaulty(t)
	d.become(t, "/dev/null")
	if err := faultUpdate(e, "lost", nil); !errors.Is(err, store.ErrFailed) {
		t.Fatalf("update whose sync fails: %v", err)
	}
	d.mend(t)
	select {
	case <-e.Failed():
	default:
		t.Error("Failed is not closed")
	}
	ctx := context.Background()
	_, stage := e.Stage(ctx, "app", nil)
	_, lease := e.Lease(ctx, store.LeaseRequest{Queue: store.Events, Max: 1})
	for what, err := range map[string]error{
		"update": faultUpdate(e, "later", nil), "stage": stage, "lease": lease,
		"view": e.View(ctx, func(store.Reader) error { return nil }),
	} {
		if !errors.Is(err, store.ErrFailed) {
			t.Errorf("%s after a failure: %v", what, err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = openTest(t, e.dir)
	defer e.Close()
	err := e.View(ctx, func(r store.Reader) error {
		for i := range 50 {
			if _, err := r.Get("rows", store.Key(fmt.Sprint("warm", i))); err != nil {
				return err
			}
		}
		for _, k := range []string{"lost", "later"} {
			if _, err := r.Get("rows", store.Key(k)); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: %v", k, err)
			}
		}
		return nil
	})
	if err := errors.Join(err, e.Check(ctx)); err != nil {
		t.Error(err)
	}
}

// TestLeaseSurvivesFullDisk: settling in a commit that finds no room leaves the
// item leased, and it can be settled when there is.
func TestLeaseSurvivesFullDisk(t *testing.T) {
	e, d := openFaulty(t)
	ctx := context.Background()
	it := store.Item{ItemRef: store.ItemRef{Queue: store.Events, App: "app", ID: "a"}}
	update := func(fn func(tx store.Tx) error) error { return e.Update(ctx, store.AppScope("app"), fn) }
	if err := update(func(tx store.Tx) error { return tx.Enqueue(it) }); err != nil {
		t.Fatal(err)
	}
	r := store.LeaseRequest{Queue: store.Events, Now: it.Due, Until: it.Due.AddDate(3000, 0, 0), Max: 1}
	ls, err := e.Lease(ctx, r)
	if len(ls) != 1 || err != nil {
		t.Fatal(ls, err)
	}
	done := func(tx store.Tx) error { return tx.Done(ls[0].Lease) }
	d.become(t, "/dev/full")
	if err := update(done); !errors.Is(err, store.ErrFull) {
		t.Errorf("settle on a full disk: %v", err)
	}
	d.mend(t)
	if again, err := e.Lease(ctx, r); len(again) != 0 || err != nil {
		t.Errorf("leased to another: %v, %v", again, err)
	}
	if err := update(done); err != nil {
		t.Errorf("settle when there is room: %v", err)
	}
}

// TestDamagedPageInSharedCommit: those whose write meets a damaged page fail,
// those who shared their commit do not.
func TestDamagedPageInSharedCommit(t *testing.T) {
	e := openTest(t, t.TempDir())
	defer e.Close()
	put := func(table store.Table, n int) error {
		return e.Update(context.Background(), store.SystemScope("t"), func(tx store.Tx) error {
			return tx.Put(table, store.Key(nil).Uint(uint64(n)), make([]byte, 1000))
		})
	}
	for i := range 20 {
		if err := errors.Join(put("good", i), put("bad", i)); err != nil {
			t.Fatal(err)
		}
	}
	err := e.read(func(rd *reader) error {
		f, err := os.OpenFile(e.file.Name(), os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.WriteAt(make([]byte, 4096), int64(rd.bucket("bad").RootPage())*4096)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if err := put("good", i); err != nil {
				t.Errorf("a neighbour: %v", err)
			}
		})
		wg.Go(func() {
			if err := put("bad", i); !errors.Is(err, ErrDamaged) {
				t.Errorf("a write to a damaged page: %v", err)
			}
		})
	}
	wg.Wait()
	if err := e.Check(context.Background()); !errors.Is(err, ErrDamaged) {
		t.Errorf("check: %v", err)
	}
}

// TestFileCutWhileOpen takes pages away under a reader that was just given them.
func TestFileCutWhileOpen(t *testing.T) {
	e := openTest(t, t.TempDir())
	defer e.Close()
	key, err := store.Key("k"), error(nil)
	err = e.Update(context.Background(), store.SystemScope("t"), func(tx store.Tx) error {
		return tx.Put("rows", key, make([]byte, 1<<20))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = e.View(context.Background(), func(r store.Reader) error {
		v, err := r.Get("rows", key)
		if err := errors.Join(err, os.Truncate(e.file.Name(), 3*4096)); err != nil {
			return err
		}
		total := 0
		for _, b := range v {
			total += int(b)
		}
		return fmt.Errorf("read %d bytes that are not there: %d", len(v), total)
	})
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("view: %v", err)
	}
	for what, err := range map[string]error{
		"view": e.View(context.Background(), func(r store.Reader) error { _, err := r.Get("rows", key); return err }),
		"update": e.Update(context.Background(), store.SystemScope("t"), func(tx store.Tx) error {
			_, _ = tx.Get("rows", key) // what it makes of it does not matter
			return nil
		}),
		"check": e.Check(context.Background()),
	} {
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

// damageRow is row i of the database that is damaged: its value tells its key.
func damageRow(i int) (store.Key, []byte) {
	k := fmt.Sprintf("row %04d", i)
	return store.Key(k), []byte(k + strings.Repeat("!", i%300))
}

const damageRows = 1500

// soundFile makes a database of some hundred pages and returns its bytes.
func soundFile(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	e := openTest(t, dir)
	for from := 0; from < damageRows; from += 100 {
		err := e.Update(context.Background(), store.SystemScope("t"), func(tx store.Tx) error {
			for i := from; i < from+100; i++ {
				k, v := damageRow(i)
				it := store.Item{ItemRef: store.ItemRef{Queue: store.Events, App: "app", ID: string(k)}, Due: time.Unix(int64(i), 0), Payload: v}
				if err := errors.Join(tx.Put("rows", k, v), tx.Put(store.Table(fmt.Sprint("small", i%7)), k[:6], v), tx.Enqueue(it)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Check(context.Background()); err != nil {
		t.Fatalf("a sound database: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	m := readFrames(bytes.NewReader(data))[0]
	return data[:m.high*m.pageSize] // what follows is room to grow
}

// TestDamage cuts, clears and flips: whatever happens to the file, nothing
// panics, nobody is given what was not stored, and Open leaves a file that it
// refuses as it is.
func TestDamage(t *testing.T) {
	sound := soundFile(t)
	pages := len(sound) / 4096
	rnd := rand.New(rand.NewPCG(9, 9))
	mutations := map[string]func(b []byte) []byte{
		"both roots zeroed": func(b []byte) []byte { clear(b[:8192]); return b },
		"one byte":          func(b []byte) []byte { return b[:1] },
		"text":              func([]byte) []byte { return []byte(strings.Repeat("this is no database\n", 1000)) },
	}
	for i := range 60 {
		at := rnd.IntN(len(sound))
		mutations[fmt.Sprintf("cut at %d", at)] = func(b []byte) []byte { return b[:at] }
		page := rnd.IntN(pages)
		mutations[fmt.Sprintf("zero page %d", page)] = func(b []byte) []byte { clear(b[page*4096:][:4096]); return b }
		bit := rnd.IntN(len(sound) * 8)
		if i%2 == 0 { // in a page's header or its table of records, where it does most harm
			bit = rnd.IntN(pages)*4096*8 + rnd.IntN(200*8)
		}
		mutations[fmt.Sprintf("flip bit %d", bit)] = func(b []byte) []byte { b[bit/8] ^= 1 << (bit % 8); return b }
		other := rnd.IntN(pages)
		mutations[fmt.Sprintf("page %d over page %d", page, other)] = func(b []byte) []byte {
			copy(b[other*4096:][:4096], b[page*4096:][:4096])
			return b
		}
	}
	refused, found := 0, 0
	for name, mutate := range mutations {
		t.Run(name, func(t *testing.T) {
			opened, checked := tryDamaged(t, mutate(bytes.Clone(sound)))
			if !opened {
				refused++
			} else if checked != nil {
				found++
			}
		})
	}
	t.Logf("%d mutations: %d refused by Open, %d found by Check, %d harmless", len(mutations), refused, found, len(mutations)-refused-found)
}

// tryDamaged opens a file and, if it can, reads and writes everything.
func tryDamaged(t *testing.T, data []byte) (opened bool, checked error) {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, fileName)
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := Open(dir, Options{})
	if err != nil {
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("open: %v", err)
		}
		if after, _ := os.ReadFile(name); !bytes.Equal(after, data) {
			t.Error("open changed a file that it refused")
		}
		return false, nil
	}
	checked = e.Check(context.Background())
	lost := readDamaged(t, e)
	if lost > 0 && checked == nil {
		t.Errorf("%d rows are lost and Check finds nothing", lost)
	}
	for range 20 { // writing to it must not bring the process down
		err := e.Update(context.Background(), store.SystemScope("t"), func(tx store.Tx) error {
			k, v := damageRow(rand.IntN(damageRows))
			return errors.Join(tx.Put("rows", k, v), tx.Delete("rows", k), tx.Put("rows", k, v))
		})
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, store.ErrFailed) {
			t.Errorf("update: %v", err)
		}
	}
	e.Close() // may well complain
	return true, checked
}

// readDamaged reads every row by key, by scans and by the queue, and returns how
// many are neither right nor an error.
func readDamaged(t *testing.T, e *Engine) (lost int) {
	t.Helper()
	errView := e.View(context.Background(), func(r store.Reader) error {
		for i := range damageRows {
			k, want := damageRow(i)
			v, err := r.Get("rows", k)
			switch {
			case err == nil && !bytes.Equal(v, want):
				t.Errorf("row %d holds %.30q", i, v)
			case errors.Is(err, store.ErrNotFound):
				lost++
			}
		}
		for _, reverse := range []bool{false, true} {
			n := 0
			err := r.Scan("rows", store.Range{Reverse: reverse}, func(k store.Key, v []byte) (bool, error) {
				n++
				if !bytes.HasPrefix(v, k) {
					t.Errorf("a scan finds %.30q at %q", v, k)
				}
				return true, nil
			})
			if err == nil {
				lost += damageRows - n
			}
		}
		return nil
	})
	ls, err := e.Lease(context.Background(), store.LeaseRequest{Queue: store.Events, Now: time.Unix(damageRows, 0), Max: damageRows})
	for _, l := range ls {
		if string(l.Item.Payload[:8]) != l.Item.ID {
			t.Errorf("item %q holds %.30q", l.Item.ID, l.Item.Payload)
		}
	}
	for _, err := range []error{errView, err} {
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("read: %v", err)
		}
	}
	return lost
}

// TestDamagedBlob damages a blob's file.
func TestDamagedBlob(t *testing.T) {
	e := openTest(t, t.TempDir())
	defer e.Close()
	ctx := context.Background()
	data := bytes.Repeat([]byte("blob"), store.InlineBlob/4+1000)
	s, err := e.Stage(ctx, "app", data)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Update(ctx, store.AppScope("app"), func(tx store.Tx) error { _, err := tx.Keep(s); return err }); err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(data)
	flipped[12345] ^= 4
	for name, bad := range map[string][]byte{"flipped": flipped, "short": data[:100], "long": append(flipped, data...), "empty": nil} {
		if err := os.WriteFile(e.blobs.path(s.Ref), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Blob(ctx, "app", s.Ref); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	os.Remove(e.blobs.path(s.Ref))
	if _, err := e.Blob(ctx, "app", s.Ref); !errors.Is(err, ErrDamaged) {
		t.Errorf("missing: %v", err)
	}
	if _, err := e.Stage(ctx, "app", data); err != nil { // staging it again mends it
		t.Fatal(err)
	}
	if got, err := e.Blob(ctx, "app", s.Ref); err != nil || !bytes.Equal(got, data) {
		t.Errorf("mended: %v", err)
	}
}

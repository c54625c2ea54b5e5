package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

var rowTests = []suiteTest{
	{"rows/get put delete", testGetPutDelete},
	{"rows/keys and tables are checked", testBounds},
	{"rows/scan", testScan},
	{"rows/scan stops", testScanStops},
	{"rows/writes during a scan", testWritesDuringScan},
	{"rows/scan sees the transaction's own writes", testScanOwnWrites},
	{"rows/a page's worth deleted, then scanned down", testScanAfterDeletes},
	{"rows/a view is one state", testViewIsOneState},
	{"rows/sweep", testSweep},
}

func testGetPutDelete(h *harness) {
	h.view(func(r store.Reader) error {
		if _, err := r.Get("nothing", store.Key("a")); !errors.Is(err, store.ErrNotFound) {
			h.Errorf("get from a table that was never written: %v", err)
		}
		return nil
	})
	value := []byte("one")
	h.update(func(tx store.Tx) error {
		defer func() { value[0] = 'X' }() // the engine has its own copy
		return errors.Join(tx.Put("t", store.Key("a"), value), tx.Put("t", store.Key("empty"), nil), tx.Delete("t", store.Key("absent")))
	})
	h.want("t", store.Range{}, "a=one", "empty=")
	h.update(func(tx store.Tx) error {
		if err := errors.Join(tx.Put("t", store.Key("a"), []byte("two")), tx.Delete("t", store.Key("empty"))); err != nil {
			return err
		}
		if v, err := tx.Get("t", store.Key("a")); string(v) != "two" || err != nil {
			h.Errorf("get within the transaction: %q, %v", v, err)
		}
		if _, err := tx.Get("t", store.Key("empty")); !errors.Is(err, store.ErrNotFound) {
			h.Errorf("get of a row deleted within the transaction: %v", err)
		}
		return nil
	})
	h.want("t", store.Range{}, "a=two")
	h.want("u", store.Range{})
}

func testBounds(h *harness) {
	long := store.Key(bytes.Repeat([]byte{'k'}, 4096))
	big := bytes.Repeat([]byte{7}, 1<<20)
	h.update(func(tx store.Tx) error { return tx.Put("t", long, big) })
	h.view(func(r store.Reader) error {
		v, err := r.Get("t", long)
		if !bytes.Equal(v, big) {
			h.Error("a long row is not what was put")
		}
		return err
	})
	for name, k := range map[string]store.Key{"empty": {}, "nil": nil, "too long": append(long, 'k')} {
		err := h.s.Update(context.Background(), scope, func(tx store.Tx) error {
			_ = tx.Put("t", store.Key("left"), nil)
			_ = tx.Put("t", k, nil) // fails the Update, whatever the function makes of it
			return nil
		})
		if err == nil {
			h.Errorf("a key that is %s was taken", name)
		}
	}
	h.view(func(r store.Reader) error {
		if _, err := r.Get("t", store.Key("left")); !errors.Is(err, store.ErrNotFound) {
			h.Errorf("a neighbour of a bad key was kept: %v", err)
		}
		return nil
	})
}

func testScan(h *harness) {
	h.put("t", "a", "1", "b", "2", "ba", "3", "bb", "4", "b\xff", "5", "c", "6", "\xff\xff", "7")
	k := func(s string) store.Key { return store.Key(s) }
	for _, c := range []struct {
		r    store.Range
		want string
	}{
		{store.Range{}, "a b ba bb b\xff c \xff\xff"},
		{store.Range{Prefix: k("b")}, "b ba bb b\xff"},
		{store.Range{Prefix: k("\xff")}, "\xff\xff"},
		{store.Range{Prefix: k("d")}, ""},
		{store.Range{From: k("bb")}, "bb b\xff c \xff\xff"},
		{store.Range{From: k("bab")}, "bb b\xff c \xff\xff"},
		{store.Range{To: k("bb")}, "a b ba"},
		{store.Range{Prefix: k("b"), From: k("ba"), To: k("b\xff")}, "ba bb"},
		{store.Range{Prefix: k("b"), From: k("a"), To: k("z")}, "b ba bb b\xff"},
		{store.Range{Prefix: k("b"), From: k("c")}, ""},
		{store.Range{From: k("c"), To: k("b")}, ""},
	} {
		want := strings.Fields(c.want)
		for range 2 {
			h.view(func(r store.Reader) error {
				var got []string
				err := r.Scan("t", c.r, func(k store.Key, _ []byte) (bool, error) {
					got = append(got, string(k))
					return true, nil
				})
				if fmt.Sprint(got) != fmt.Sprint(want) {
					h.Errorf("%v: %q, want %q", c.r, got, want)
				}
				return err
			})
			c.r.Reverse = true
			for i, j := 0, len(want)-1; i < j; i, j = i+1, j-1 {
				want[i], want[j] = want[j], want[i]
			}
		}
	}
}

func testScanStops(h *harness) {
	h.put("t", "a", "1", "b", "2", "c", "3")
	h.view(func(r store.Reader) error {
		n := 0
		err := r.Scan("t", store.Range{}, func(store.Key, []byte) (bool, error) { n++; return n < 2, nil })
		if n != 2 || err != nil {
			h.Errorf("scan told to stop after 2: %d, %v", n, err)
		}
		err = r.Scan("t", store.Range{}, func(store.Key, []byte) (bool, error) { return true, errOwn })
		if !errors.Is(err, errOwn) {
			h.Errorf("scan whose function fails: %v", err)
		}
		return nil
	})
}

// testWritesDuringScan deletes what it scans, writes behind and before itself,
// and into other tables.
func testWritesDuringScan(h *harness) {
	for _, reverse := range []bool{false, true} {
		h.update(func(tx store.Tx) error {
			for i := range 1000 {
				if err := putAll(tx, "t", fmt.Sprintf("k%04d", i), "v"); err != nil {
					return err
				}
			}
			return nil
		})
		seen := 0
		h.update(func(tx store.Tx) error {
			seen = 0
			return tx.Scan("t", store.Range{Prefix: store.Key("k"), Reverse: reverse}, func(k store.Key, _ []byte) (bool, error) {
				seen++
				other := store.Key("l" + string(k))
				return true, errors.Join(tx.Delete("t", k), tx.Put("t", other, []byte("v")), tx.Put("u", other, nil), tx.Delete("t", other))
			})
		})
		if seen != 1000 {
			h.Errorf("reverse %v: %d rows seen of 1000", reverse, seen)
		}
		h.want("t", store.Range{})
	}
}

func testScanOwnWrites(h *harness) {
	h.put("t", "b", "old", "d", "old", "f", "old")
	h.update(func(tx store.Tx) error {
		if err := errors.Join(putAll(tx, "t", "a", "new", "d", "new", "g", "new"), tx.Delete("t", store.Key("b"))); err != nil {
			return err
		}
		up, err := rows(tx, "t", store.Range{})
		if fmt.Sprint(up) != "[a=new d=new f=old g=new]" || err != nil {
			h.Errorf("up: %v, %v", up, err)
		}
		down, err := rows(tx, "t", store.Range{Reverse: true})
		if fmt.Sprint(down) != "[g=new f=old d=new a=new]" || err != nil {
			h.Errorf("down: %v, %v", down, err)
		}
		return nil
	})
}

// testScanAfterDeletes leaves rows at both ends of a wide gap that is made in
// the transaction that scans.
func testScanAfterDeletes(h *harness) {
	key := func(i int) string { return fmt.Sprintf("k%04d", i) }
	h.update(func(tx store.Tx) error {
		for i := range 2000 {
			if err := putAll(tx, "t", key(i), strings.Repeat("v", 100)); err != nil {
				return err
			}
		}
		return nil
	})
	h.update(func(tx store.Tx) error {
		for i := 3; i < 1998; i++ {
			if err := tx.Delete("t", store.Key(key(i))); err != nil {
				return err
			}
		}
		var got []string
		for _, rg := range []store.Range{{Reverse: true}, {Reverse: true, To: store.Key(key(1999))}, {Reverse: true, To: store.Key(key(1000))}} {
			err := tx.Scan("t", rg, func(k store.Key, _ []byte) (bool, error) {
				got = append(got, string(k))
				return true, nil
			})
			if err != nil {
				return err
			}
		}
		want := "[k1999 k1998 k0002 k0001 k0000 k1998 k0002 k0001 k0000 k0002 k0001 k0000]"
		if fmt.Sprint(got) != want {
			h.Errorf("down over a gap: %v, want %v", got, want)
		}
		return nil
	})
}

func testViewIsOneState(h *harness) {
	h.put("t", "a", "1", "b", "1")
	h.view(func(r store.Reader) error {
		if v, err := r.Get("t", store.Key("a")); string(v) != "1" || err != nil {
			h.Errorf("before: %q, %v", v, err)
		}
		h.put("t", "a", "2", "b", "2") // readers and writers do not wait for one another
		if v, err := r.Get("t", store.Key("b")); string(v) != "1" || err != nil {
			h.Errorf("after another's commit: %q, %v", v, err)
		}
		return nil
	})
	h.want("t", store.Range{}, "a=2", "b=2")
	err := h.s.View(context.Background(), func(store.Reader) error { return errOwn })
	if !errors.Is(err, errOwn) {
		h.Errorf("view whose function fails: %v", err)
	}
}

// testSweep has more rows expire than one slice of a sweep deletes.
func testSweep(h *harness) {
	h.update(func(tx store.Tx) error {
		for i := range 1200 {
			k := store.AppKey(app).Uint(uint64(i))
			at := epoch
			if i%2 == 0 {
				at = epoch.Add(time.Millisecond)
			}
			if err := errors.Join(tx.Put("t", k, []byte("v")), store.ExpireAt(tx, "t", k, at)); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range []struct{ swept, left int }{{600, 600}, {0, 600}} {
		n, err := store.Sweep(context.Background(), h.s, epoch)
		if n != c.swept || err != nil {
			h.Errorf("swept %d, %v, want %d", n, err, c.swept)
		}
		h.view(func(r store.Reader) error {
			if got, err := rows(r, "t", store.Range{}); len(got) != c.left || err != nil {
				h.Errorf("%d rows left, %v, want %d", len(got), err, c.left)
			}
			return nil
		})
	}
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/replygate/replygate/gateway/store"
)

var modelTests = []suiteTest{
	{"model/rows", testModelRows},
	{"model/queue", testModelQueue},
}

// modelSeeds are fixed, so that a failure is the same at every run.
const modelSeeds = 6

// testModelRows does the same to the store and to a map, and compares.
func testModelRows(h *harness) {
	for seed := range uint64(modelSeeds) {
		m := &rowModel{h: h, rnd: rand.New(rand.NewPCG(seed, 1)), table: store.Table(fmt.Sprint("t", seed)), rows: map[string]string{}}
		stop := h.company()
		for range 60 {
			m.step()
		}
		stop()
		h.reopen()
		h.view(func(r store.Reader) error { return m.compare(r, m.rows) })
	}
}

type rowModel struct {
	h     *harness
	rnd   *rand.Rand
	table store.Table
	rows  map[string]string
}

// key is one of some hundred, of lengths that fill pages unevenly.
func (m *rowModel) key() store.Key {
	n := m.rnd.IntN(600)
	return store.Key(fmt.Sprintf("%03d%s", n, strings.Repeat("k", n%97)))
}

// step does up to 200 things in one Update, which fails or panics now and then.
func (m *rowModel) step() {
	fate, n, wide := m.rnd.IntN(4), m.rnd.IntN(200), m.rnd.IntN(4) == 0
	next := maps.Clone(m.rows)
	err := m.h.s.Update(context.Background(), scope, func(tx store.Tx) error {
		for range n {
			if err := m.change(tx, next); err != nil {
				return err
			}
		}
		if wide {
			if err := m.clearRange(tx, next); err != nil {
				return err
			}
		}
		if err := m.compare(tx, next); err != nil {
			return err
		}
		switch fate {
		case 0:
			return errOwn
		case 1:
			panic("on purpose")
		}
		return nil
	})
	switch {
	case err == nil && fate > 1:
		m.rows = next
	case fate > 1 || fate == 0 && !errors.Is(err, errOwn) || err == nil:
		m.h.Fatalf("update of fate %d: %v", fate, err)
	}
	m.h.view(func(r store.Reader) error { return m.compare(r, m.rows) })
}

func (m *rowModel) change(tx store.Tx, rows map[string]string) error {
	k := m.key()
	if m.rnd.IntN(3) == 0 {
		delete(rows, string(k))
		return tx.Delete(m.table, k)
	}
	v := strings.Repeat("v", m.rnd.IntN(300))
	rows[string(k)] = v
	return tx.Put(m.table, k, []byte(v))
}

// clearRange deletes what a scan meets, all of a range, in either direction.
func (m *rowModel) clearRange(tx store.Tx, rows map[string]string) error {
	return tx.Scan(m.table, m.span(), func(k store.Key, _ []byte) (bool, error) {
		delete(rows, string(k))
		return true, tx.Delete(m.table, k)
	})
}

func (m *rowModel) span() store.Range {
	rg := store.Range{Reverse: m.rnd.IntN(2) == 0}
	if m.rnd.IntN(2) == 0 {
		rg.From = m.key()
	}
	if m.rnd.IntN(2) == 0 {
		rg.To = m.key()
	}
	if m.rnd.IntN(4) == 0 {
		rg.Prefix = m.key()[:1+m.rnd.IntN(2)]
	}
	return rg
}

// compare scans a range and looks up a key.
func (m *rowModel) compare(r store.Reader, rows map[string]string) error {
	rg := m.span()
	var got, want []string
	for _, k := range slices.Sorted(maps.Keys(rows)) {
		if strings.HasPrefix(k, string(rg.Prefix)) && k >= string(rg.From) && (rg.To == nil || k < string(rg.To)) {
			want = append(want, k+"="+rows[k])
		}
	}
	if rg.Reverse {
		slices.Reverse(want)
	}
	err := r.Scan(m.table, rg, func(k store.Key, v []byte) (bool, error) {
		got = append(got, string(k)+"="+string(v))
		return true, nil
	})
	if err != nil || !slices.Equal(got, want) {
		return fmt.Errorf("scan %s of %s: %d rows, want %d, %w", fmt.Sprint(rg), m.table, len(got), len(want), err)
	}
	k := m.key()
	v, err := r.Get(m.table, k)
	if w, ok := rows[string(k)]; ok != (err == nil) || string(v) != w {
		return fmt.Errorf("get: %q, %w, want %q, %v", v, err, w, ok)
	}
	return nil
}

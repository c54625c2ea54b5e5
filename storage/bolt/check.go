package bolt

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"

	"go.etcd.io/bbolt"
)

// maxProblems is how many problems a check collects before it stops.
const maxProblems = 20

// maxDepth bounds the height of a tree.
const maxDepth = 64

// Check reads every page of one state of the database, and verifies the trees,
// the list of free pages and the checksum of every record. Others may read and
// write meanwhile.
func (e *Engine) Check(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		done, err := e.checkOnce(ctx)
		if done || err != nil {
			return err
		}
	}
}

// checkOnce checks the state a read transaction holds. It must find that state's
// root before two more commits have overwritten it; done is false if it did not.
func (e *Engine) checkOnce(ctx context.Context) (done bool, err error) {
	err = e.read(func(rd *reader) error {
		m, ok := frameOf(e.file, rd.btx)
		if !ok {
			return nil
		}
		done = true
		w := newWalk(e.file, m)
		w.ctx = ctx
		w.run()
		return w.err()
	})
	return done, err
}

func frameOf(f io.ReaderAt, btx *bbolt.Tx) (frame, bool) {
	for _, m := range readFrames(f) {
		if m.txid == uint64(btx.ID()) {
			return m, true
		}
	}
	return frame{}, false
}

// walk checks the pages of one state.
type walk struct {
	f     io.ReaderAt
	m     frame
	ctx   context.Context
	width int    // children visited of each page; 0: all
	used  bitmap // pages that were met
	free  bitmap
	found []error
}

func newWalk(f io.ReaderAt, m frame) *walk {
	return &walk{f: f, m: m, ctx: context.Background(), used: newBitmap(m.high), free: newBitmap(m.high)}
}

func (w *walk) run() {
	if w.m.freelist != noFreelist {
		w.freelist()
	}
	w.tree(w.m.root, nil, nil, nil, 0)
}

func (w *walk) err() error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	return errors.Join(w.found...)
}

// report notes a problem.
func (w *walk) report(format string, args ...any) {
	if len(w.found) < maxProblems {
		w.found = append(w.found, damaged(format, args...))
	}
}

func (w *walk) over() bool { return len(w.found) >= maxProblems || w.ctx.Err() != nil }

// freelist reads the list of free pages. It is read first: a page that a tree
// uses must not be in it.
func (w *walk) freelist() {
	p, ok := w.read(w.m.freelist, freelistPage)
	if !ok {
		return
	}
	n, ids := uint64(p.n), p.b[pageHeader:]
	if n == 0xffff { // bbolt: too many to count in 16 bits
		n, ids = order.Uint64(ids), ids[8:]
	}
	if n > uint64(len(ids))/8 {
		w.report("the list of free pages is longer than its page")
		return
	}
	last := uint64(1)
	for i := range n {
		id := order.Uint64(ids[8*i:])
		if id <= last || id >= w.m.high || w.used.has(id) {
			w.report("the list of free pages names page %d", id)
			return
		}
		w.free.set(id)
		last = id
	}
}

// tree checks the tree whose root is page id. seed is nil for the tree of
// buckets; keys must lie in [low, top).
func (w *walk) tree(id uint64, seed *uint32, low, top []byte, depth int) {
	if w.over() {
		return
	}
	p, ok := w.read(id, branchPage|leafPage)
	switch {
	case !ok:
	case depth > maxDepth:
		w.report("page %d lies too deep", id)
	case p.kind&leafPage != 0:
		w.leaf(p.b, p, seed, low, top)
	default:
		w.branch(p, seed, low, top, depth)
	}
}

// branch checks a page of keys and children.
func (w *walk) branch(p page, seed *uint32, low, top []byte, depth int) {
	keys, children := make([][]byte, p.n), make([]uint64, p.n)
	for i := range p.n {
		at := pageHeader + i*elementSize
		if at+elementSize > len(p.b) {
			w.report("page %d: it has no room for its entries", p.id)
			return
		}
		el := p.b[at:]
		var ok bool
		if keys[i], ok = cut(p.b, at, order.Uint32(el), order.Uint32(el[4:])); !ok {
			w.report("page %d: key %d lies outside of it", p.id, i)
			return
		}
		children[i] = order.Uint64(el[8:])
	}
	if p.n == 0 || !ascending(keys, nil, top) {
		w.report("page %d: its keys are out of order", p.id)
		return
	}
	for i := range keys {
		if w.skips(i, p.n) {
			continue
		}
		first, end := keys[i], top
		if i == 0 {
			first = low // bbolt lets the first child begin below its key
		}
		if i+1 < len(keys) {
			end = keys[i+1]
		}
		w.tree(children[i], seed, first, end, depth+1)
	}
}

// skips tells whether a sample leaves out child i of n: it visits the first, the
// last, and some between.
func (w *walk) skips(i, n int) bool {
	return w.width > 0 && n > w.width && i > 0 && i < n-1 && rand.IntN(n-2) >= w.width-2
}

// leaf checks the records of a leaf; b is the page, or an inline bucket's.
func (w *walk) leaf(b []byte, p page, seed *uint32, low, top []byte) {
	keys := make([][]byte, p.n)
	for i := range p.n {
		at := pageHeader + i*elementSize
		if at+elementSize > len(b) {
			w.report("page %d: it has no room for its records", p.id)
			return
		}
		el := b[at:]
		ksize, vsize := order.Uint32(el[8:]), order.Uint32(el[12:])
		kv, ok := cut(b, at, order.Uint32(el[4:]), ksize+vsize)
		if !ok || ksize == 0 || ksize+vsize < ksize {
			w.report("page %d: record %d lies outside of it", p.id, i)
			return
		}
		keys[i] = kv[:ksize]
		w.record(p, order.Uint32(el), seed, kv[:ksize], kv[ksize:])
	}
	if !ascending(keys, low, top) {
		w.report("page %d: its keys are out of order", p.id)
	}
}

// record checks a record: a bucket in the tree of buckets, a row elsewhere.
func (w *walk) record(p page, flags uint32, seed *uint32, k, v []byte) {
	isBucket := flags&bucketFlag != 0
	switch {
	case isBucket != (seed == nil):
		w.report("page %d: a record is not where it belongs", p.id)
	case isBucket:
		w.bucket(p, k, v)
	default:
		if _, ok := openRecord(*seed, k, v); !ok {
			w.report("page %d: a record fails its checksum", p.id)
		}
	}
}

// bucket checks a bucket, which has a tree of its own or, while it is small,
// lies inside its entry.
func (w *walk) bucket(p page, name, v []byte) {
	if len(v) < inBucket {
		w.report("page %d: a bucket is cut short", p.id)
		return
	}
	seed := seedOf(string(name))
	if root := order.Uint64(v); root != 0 {
		w.tree(root, &seed, nil, nil, 0)
		return
	}
	in := v[inBucket:]
	if len(in) < pageHeader || order.Uint16(in[8:])&leafPage == 0 {
		w.report("page %d: a bucket is cut short", p.id)
		return
	}
	w.leaf(in, page{id: p.id, n: int(order.Uint16(in[10:]))}, &seed, nil, nil)
}

package bolt

import "bytes"

// page is a page's bytes, header and all.
type page struct {
	id   uint64
	kind uint16
	n    int
	b    []byte
}

// read reads a page, and marks what it covers as used.
func (w *walk) read(id uint64, kinds uint16) (p page, ok bool) {
	var h [pageHeader]byte
	if id < 2 || id >= w.m.high {
		w.report("page %d is outside of the file", id)
		return p, false
	}
	if _, err := w.f.ReadAt(h[:], int64(id*w.m.pageSize)); err != nil {
		w.report("page %d: %v", id, err)
		return p, false
	}
	run := uint64(order.Uint32(h[12:])) + 1
	p = page{id: id, kind: order.Uint16(h[8:]), n: int(order.Uint16(h[10:]))}
	if order.Uint64(h[:]) != id || p.kind&kinds == 0 || run > w.m.high-id || run*w.m.pageSize > maxRun {
		w.report("page %d is not what it should be", id)
		return p, false
	}
	for i := id; i < id+run; i++ {
		if w.used.set(i) || w.free.has(i) {
			w.report("page %d is used twice", i)
			return p, false
		}
	}
	p.b = make([]byte, run*w.m.pageSize)
	if _, err := w.f.ReadAt(p.b, int64(id*w.m.pageSize)); err != nil {
		w.report("page %d: %v", id, err)
		return p, false
	}
	return p, true
}

// cut returns size bytes at pos from the element at at.
func cut(b []byte, at int, pos, size uint32) ([]byte, bool) {
	from := uint64(at) + uint64(pos)
	to := from + uint64(size)
	if to > uint64(len(b)) {
		return nil, false
	}
	return b[from:to], true
}

// ascending tells whether keys rise and lie in [low, top); nil is no bound.
func ascending(keys [][]byte, low, top []byte) bool {
	for i, k := range keys {
		if i == 0 && low != nil && bytes.Compare(k, low) < 0 || i > 0 && bytes.Compare(keys[i-1], k) >= 0 {
			return false
		}
	}
	return top == nil || len(keys) == 0 || bytes.Compare(keys[len(keys)-1], top) < 0
}

// bitmap is a set of page numbers.
type bitmap []uint64

func newBitmap(n uint64) bitmap { return make(bitmap, (n+63)/64) }

func (b bitmap) has(i uint64) bool { return b[i/64]>>(i%64)&1 != 0 }

// set adds i and tells whether it was there.
func (b bitmap) set(i uint64) bool {
	was := b.has(i)
	b[i/64] |= 1 << (i % 64)
	return was
}

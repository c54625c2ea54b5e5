package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// bbolt's pages as they lie in the file (format version 2, the machine's byte
// order). The engine reads them itself, with bounds, before it lets bbolt map
// them: bbolt panics on a file that is cut short and dies on some that are not.
const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2
	noFreelist  = ^uint64(0)

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10

	pageHeader  = 16
	elementSize = 16
	metaSize    = 64
	bucketFlag  = 0x01
	inBucket    = 16 // bytes of a bucket's own header

	// maxRun bounds how long a page may claim to be.
	maxRun = 128 << 20
)

var order = binary.NativeEndian

// frame is one of the two metas: the root of a state of the database.
type frame struct {
	pageSize, root, freelist, high, txid uint64
}

// readMeta reads the meta at an offset; ok is false if it is not a sound one.
func readMeta(f io.ReaderAt, at int64) (m frame, ok bool) {
	var b [pageHeader + metaSize]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		return m, false
	}
	p := b[pageHeader:]
	h := fnv.New64a()
	h.Write(p[:metaSize-8])
	if order.Uint32(p) != boltMagic || order.Uint32(p[4:]) != boltVersion || order.Uint64(p[56:]) != h.Sum64() {
		return m, false
	}
	m = frame{
		pageSize: uint64(order.Uint32(p[8:])), root: order.Uint64(p[16:]),
		freelist: order.Uint64(p[32:]), high: order.Uint64(p[40:]), txid: order.Uint64(p[48:]),
	}
	return m, m.pageSize >= 512 && m.pageSize&(m.pageSize-1) == 0
}

// readFrames returns the sound metas, the later one first.
func readFrames(f io.ReaderAt) (ms []frame) {
	if m, ok := readMeta(f, 0); ok {
		ms = append(ms, m)
	}
	for size := int64(1 << 10); size <= 1<<24; size <<= 1 {
		m, ok := readMeta(f, size)
		if !ok || m.pageSize != uint64(size) {
			continue
		}
		if len(ms) > 0 && ms[0].txid > m.txid {
			return append(ms, m)
		}
		return append([]frame{m}, ms...)
	}
	return ms
}

// lastCommit is the number of the last transaction whose meta is in the file.
func (e *Engine) lastCommit() uint64 {
	ms := readFrames(e.file)
	if len(ms) == 0 {
		return ^uint64(0)
	}
	return ms[0].txid
}

// sampleWidth is how many children of each page a sample visits.
const sampleWidth = 4

// inspect checks, before anything is mapped, the frame of the file and a sample
// of its records. If the list of free pages was left out bbolt will walk all
// pages, so then all are checked.
func (e *Engine) inspect() error {
	fi, err := e.file.Stat()
	if err != nil {
		return err
	}
	ms := readFrames(e.file)
	if len(ms) == 0 {
		return damaged("%s does not begin like a database", fileName)
	}
	if len(ms) == 1 {
		e.log.Warn("storage: one of the two roots of the database is not sound; the other is used")
	}
	m := ms[0]
	if high := m.high * m.pageSize; m.high > 1<<40 || uint64(fi.Size()) < high {
		return damaged("%s is cut short: it has %d bytes and should have %d", fileName, fi.Size(), high)
	}
	w := newWalk(e.file, m)
	if m.freelist != noFreelist {
		w.width = sampleWidth
	}
	w.run()
	if err := w.err(); err != nil {
		return fmt.Errorf("check %s: %w", fileName, err)
	}
	return nil
}

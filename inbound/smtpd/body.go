package smtpd

import "sync/atomic"

// budget bounds the memory of all messages in progress.
type budget struct{ free atomic.Int64 }

func (b *budget) take(n int64) bool {
	for {
		free := b.free.Load()
		if free < n {
			return false
		}
		if b.free.CompareAndSwap(free, free-n) {
			return true
		}
	}
}

func (b *budget) give(n int64) { b.free.Add(n) }

// body gathers one message. What it holds is accounted for in the budget;
// beyond the size limit, or the budget, it only counts.
type body struct {
	budget *budget
	limit  int64

	buf      []byte
	size     int64 // octets of the message, kept or not
	taken    int64 // from the budget
	tooLarge bool
	noMemory bool
}

// Bounds of a body's first piece of memory.
const (
	minPiece = 4 << 10
	maxPiece = 16 << 10
)

// newBody begins a message if there is room for its declared size. It takes
// only so much of it as a client may claim without sending anything.
func newBody(b *budget, limit, declared int64) (*body, bool) {
	m := &body{budget: b, limit: limit}
	return m, b.free.Load() >= declared && m.grow(min(max(declared, minPiece), maxPiece))
}

// add keeps p, or counts it.
func (m *body) add(p []byte) {
	m.size += int64(len(p))
	switch {
	case m.tooLarge || m.noMemory:
		return
	case m.size > m.limit:
		m.tooLarge = true
		m.release()
		return
	case m.size > int64(cap(m.buf)) && !m.grow(min(max(m.size, 2*int64(cap(m.buf))), m.limit)):
		m.noMemory = true
		m.release()
		return
	}
	m.buf = append(m.buf, p...)
}

// grow moves the message into n octets of memory.
func (m *body) grow(n int64) bool {
	if !m.budget.take(n - m.taken) {
		return false
	}
	m.taken = n
	buf := make([]byte, len(m.buf), n)
	copy(buf, m.buf)
	m.buf = buf
	return true
}

// release gives the memory back.
func (m *body) release() {
	m.budget.give(m.taken)
	m.buf, m.taken = nil, 0
}

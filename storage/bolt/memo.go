package bolt

import (
	"bytes"
	"sync"

	"github.com/replygate/replygate/gateway/store"
)

// maxMemos bounds the rows that are remembered; beyond it all are forgotten.
const maxMemos = 1024

// memos are rows as they were decoded, with the octets they were decoded from: a
// row that has changed since does not pass for what it was.
type memos struct {
	mu sync.RWMutex
	by map[string]memo
}

type memo struct {
	row []byte
	v   any
}

func newMemos() *memos { return &memos{by: map[string]memo{}} }

func (ms *memos) find(name string, row []byte) (any, bool) {
	ms.mu.RLock()
	defer ms.mu.RUnlock()
	m, ok := ms.by[name]
	return m.v, ok && bytes.Equal(m.row, row)
}

func (ms *memos) keep(name string, row []byte, v any) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if len(ms.by) >= maxMemos {
		clear(ms.by)
	}
	ms.by[name] = memo{bytes.Clone(row), v}
}

// Memo implements store.Memo.
func (r *reader) Memo(t store.Table, k store.Key, b []byte, decode func() (any, error)) (any, error) {
	name := string(t) + "\x00" + string(k)
	if v, ok := r.memos.find(name, b); ok {
		return v, nil
	}
	v, err := decode()
	if err == nil {
		r.memos.keep(name, b, v)
	}
	return v, err
}

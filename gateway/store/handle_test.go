package store

import (
	"errors"
	"testing"

	"github.com/replygate/replygate/gateway"
)

// handles is a Tx of which the first so many handles asked for are taken.
type handles struct {
	Tx
	taken int
	err   error
	asked []string
	put   map[string][]byte
}

func (t *handles) Get(_ Table, k Key) ([]byte, error) {
	t.asked = append(t.asked, string(k))
	switch {
	case len(t.asked) <= t.taken:
		return []byte(`{"app":"other"}`), nil
	case t.err != nil:
		return nil, t.err
	}
	return nil, ErrNotFound
}

func (t *handles) Put(table Table, k Key, v []byte) error {
	if table != Handles.Table {
		return errors.New("another table: " + string(table))
	}
	t.put[string(k)] = v
	return nil
}

func TestAllocate(t *testing.T) {
	for taken := range 3 {
		tx := &handles{taken: taken, put: map[string][]byte{}}
		h, err := Allocate(tx, HandleRow{App: "shop", Purpose: "r"})
		if err != nil || h == 0 || h > gateway.MaxHandle {
			t.Fatalf("%d taken: %d, %v", taken, h, err)
		}
		free := tx.asked[taken]
		if len(tx.asked) != taken+1 || free != string(HandleKey(h)) || len(tx.put) != 1 || tx.put[free] == nil {
			t.Errorf("%d taken: got %d after asking for %q, put %q", taken, h, tx.asked, tx.put)
		}
	}
	broken := errors.New("broken")
	tx := &handles{taken: 1, err: broken, put: map[string][]byte{}}
	if h, err := Allocate(tx, HandleRow{}); !errors.Is(err, broken) || h != 0 || len(tx.put) != 0 {
		t.Errorf("got %d, %v, put %q", h, err, tx.put)
	}
}

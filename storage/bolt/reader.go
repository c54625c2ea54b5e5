package bolt

import (
	"bytes"
	"errors"

	"go.etcd.io/bbolt"

	"github.com/replygate/replygate/gateway/store"
)

// reader reads rows in one bbolt transaction. It implements store.Reader.
type reader struct {
	btx     *bbolt.Tx
	buckets map[string]*bucket
	memos   *memos
	// writes counts the writes of the transaction, which unsettle cursors.
	writes int
	// effort is what was read, by all who share the transaction.
	effort *effort
}

// effort counts what is read.
type effort struct{ records, bytes int64 }

// look counts a record; one that is looked for and not there counts too.
func (n *effort) look(k, v []byte) {
	n.records++
	n.bytes += int64(len(k) + len(v))
}

func newReader(btx *bbolt.Tx, m *memos) reader {
	return reader{btx: btx, buckets: make(map[string]*bucket, 8), memos: m, effort: new(effort)}
}

// bucket returns a bucket, or nil if there is none yet.
func (r *reader) bucket(name string) *bucket {
	if b := r.buckets[name]; b != nil {
		return b
	}
	bb := r.btx.Bucket([]byte(name))
	if bb == nil {
		return nil
	}
	b := newBucket(bb, name)
	r.buckets[name] = b
	return b
}

// get returns a record's value, or store.ErrNotFound.
func (r *reader) get(name string, k []byte) (v []byte, err error) {
	defer caught(&err)
	b := r.bucket(name)
	if b == nil {
		return nil, store.ErrNotFound
	}
	stored := b.Get(k)
	r.effort.look(k, stored)
	if stored == nil {
		return nil, store.ErrNotFound
	}
	return b.open(k, stored)
}

// open verifies a stored record.
func (b *bucket) open(k, stored []byte) ([]byte, error) {
	v, ok := openRecord(b.seed, k, stored)
	if !ok {
		return nil, damaged("a record of %s fails its checksum", b.name)
	}
	return v, nil
}

func (r *reader) Get(t store.Table, k store.Key) ([]byte, error) {
	if r.btx == nil {
		return nil, errOver
	}
	return r.get(string(t), k)
}

func (r *reader) Scan(t store.Table, rg store.Range, fn func(store.Key, []byte) (bool, error)) error {
	return r.scan(string(t), rg, fn)
}

func (r *reader) Item(ref store.ItemRef) (store.Item, error) {
	if r.btx == nil {
		return store.Item{}, errOver
	}
	row, err := r.item(itemKey(ref))
	return row.Item, err
}

// item reads an item's row.
func (r *reader) item(key []byte) (itemRow, error) {
	v, err := r.get(itemBucket, key)
	if err != nil {
		return itemRow{}, err
	}
	return decodeItem(key, v)
}

// named reads the row of an item that lane or schedule names.
func (r *reader) named(key []byte) (itemRow, error) {
	it, err := r.item(key)
	if errors.Is(err, store.ErrNotFound) {
		err = damaged("a queue names an item that is not there")
	}
	return it, err
}

// scan walks a bucket. fn may write to it: the cursor is then put anew.
func (r *reader) scan(name string, rg store.Range, fn func(store.Key, []byte) (bool, error)) error {
	c, err := r.cursor(name, rg)
	if err != nil || c == nil {
		return err
	}
	for {
		k, v, err := c.next()
		if err != nil || k == nil {
			return err
		}
		more, err := fn(k, v)
		if err != nil || !more {
			return err
		}
	}
}

// cursor walks the records of a range that survives writes underneath.
type cursor struct {
	r        *reader
	b        *bucket
	c        *bbolt.Cursor
	low, top []byte // low <= key < top; nil top: no end
	reverse  bool
	last     []byte
	writes   int
}

// cursor returns nil if there is no such bucket.
func (r *reader) cursor(name string, rg store.Range) (c *cursor, err error) {
	defer caught(&err)
	if r.btx == nil {
		return nil, errOver
	}
	b := r.bucket(name)
	if b == nil {
		return nil, nil
	}
	low, top := rg.Prefix, rg.Prefix.Next()
	if rg.From != nil && bytes.Compare(rg.From, low) > 0 {
		low = rg.From
	}
	if rg.To != nil && (top == nil || bytes.Compare(rg.To, top) < 0) {
		top = rg.To
	}
	return &cursor{r: r, b: b, c: b.Cursor(), low: low, top: top, reverse: rg.Reverse}, nil
}

// next returns the next record, or a nil key at the end.
func (c *cursor) next() (k store.Key, v []byte, err error) {
	defer caught(&err)
	if c.r.btx == nil {
		return nil, nil, errOver
	}
	var key, stored []byte
	if c.reverse {
		key, stored = c.down()
	} else {
		key, stored = c.up()
	}
	if key == nil || !c.within(key) {
		c.r.effort.look(nil, nil)
		return nil, nil, nil
	}
	c.r.effort.look(key, stored)
	if c.last != nil && bytes.Compare(key, c.last) > 0 == c.reverse || bytes.Equal(key, c.last) {
		return nil, nil, damaged("the keys of %s are out of order", c.b.name)
	}
	c.last, c.writes = key, c.r.writes
	v, err = c.b.open(key, stored)
	return key, v, err
}

func (c *cursor) within(k []byte) bool {
	return bytes.Compare(k, c.low) >= 0 && (c.top == nil || bytes.Compare(k, c.top) < 0)
}

func (c *cursor) up() (k, v []byte) {
	switch {
	case c.last == nil:
		return c.c.Seek(c.low)
	case c.writes == c.r.writes:
		return c.c.Next()
	}
	k, v = c.c.Seek(c.last)
	if bytes.Equal(k, c.last) {
		return c.c.Next()
	}
	return k, v
}

func (c *cursor) down() (k, v []byte) {
	if c.last != nil && c.writes == c.r.writes {
		return c.before(c.last)
	}
	pos := c.last
	if pos == nil {
		pos = c.top
	}
	if pos != nil {
		if k, _ = c.c.Seek(pos); k != nil {
			return c.before(pos)
		}
	}
	// Every key is below pos. bbolt's Last does not end in a tree whose pages
	// were all emptied in this transaction; First does.
	if k, _ = c.c.First(); k == nil {
		return nil, nil
	}
	return c.c.Last()
}

// before steps the cursor down from pos. bbolt's Prev answers nil at a page that
// was emptied in this transaction, as it does at the beginning; the first key
// tells the two apart.
func (c *cursor) before(pos []byte) (k, v []byte) {
	if k, v = c.c.Prev(); k != nil || !c.b.Writable() {
		return k, v
	}
	first, _ := c.b.Cursor().First()
	if first == nil || bytes.Compare(first, pos) >= 0 {
		return nil, nil
	}
	for k == nil {
		k, v = c.c.Prev()
	}
	return k, v
}

// errOver tells a caller that kept what it was only lent.
var errOver = errors.New("storage transaction is used after its end")

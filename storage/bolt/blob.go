package bolt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// maxBlob bounds a blob.
const maxBlob = 1 << 30

// blobRow is what _blobs holds of an app's blob.
type blobRow struct {
	refs   uint64
	size   int64
	inline bool
	data   []byte // of an inline blob
}

func (b *blobRow) encode() []byte {
	v := binary.AppendUvarint(nil, b.refs)
	v = binary.AppendUvarint(v, uint64(b.size))
	if !b.inline {
		return append(v, 0)
	}
	return append(append(v, 1), b.data...)
}

func decodeBlob(v []byte) (blobRow, error) {
	d := decoder{b: v}
	row := blobRow{refs: d.uint(), size: int64(d.uint())}
	kind := d.bytes(1)
	if d.bad || row.size < 0 {
		return row, damaged("the row of a blob is cut short")
	}
	row.inline, row.data = kind[0] == 1, d.b
	return row, nil
}

func blobKey(app gateway.AppID, ref gateway.BlobRef) []byte {
	return appendPart(appendPart(nil, string(app)), string(ref))
}

// validRef tells whether ref is a SHA-256 in lower-case hex, and so fit to be
// part of a file's name.
func validRef(ref gateway.BlobRef) bool {
	for _, c := range []byte(ref) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(ref) == 2*sha256.Size
}

func refOf(data []byte) gateway.BlobRef {
	h := sha256.Sum256(data)
	return gateway.BlobRef(hex.EncodeToString(h[:]))
}

func (r *reader) blob(app gateway.AppID, ref gateway.BlobRef) (blobRow, error) {
	v, err := r.get(blobBucket, blobKey(app, ref))
	if err != nil {
		return blobRow{}, err
	}
	return decodeBlob(v)
}

// Stage implements store.Store.
func (e *Engine) Stage(ctx context.Context, app gateway.AppID, data []byte) (store.Staged, error) {
	if err := e.usable(ctx); err != nil {
		return store.Staged{}, err
	}
	if len(data) > maxBlob {
		return store.Staged{}, fmt.Errorf("stage: a blob has %d bytes, more than %d", len(data), maxBlob)
	}
	s := store.Staged{App: app, Ref: refOf(data), Size: int64(len(data))}
	if len(data) <= store.InlineBlob {
		s.Inline = append([]byte{}, data...)
		return s, nil
	}
	e.blobs.pin(s.Ref, time.Now())
	if err := e.blobs.save(s.Ref, data); err != nil {
		if errors.Is(err, errSync) {
			err = e.fail(err)
		} else if noRoom(err) {
			err = fmt.Errorf("%w: %w", store.ErrFull, err)
		}
		return store.Staged{}, fmt.Errorf("stage: %w", err)
	}
	return s, nil
}

// Blob implements store.Store. What it returns has the length and the hash it
// was staged with.
func (e *Engine) Blob(ctx context.Context, app gateway.AppID, ref gateway.BlobRef) ([]byte, error) {
	row, err := e.blobRow(ctx, app, ref)
	if err != nil {
		return nil, err
	}
	data := row.data
	if !row.inline {
		data, err = e.blobs.load(ref, row.size)
		if errors.Is(err, fs.ErrNotExist) {
			// It may have been dropped since its row was read.
			if _, again := e.blobRow(ctx, app, ref); again != nil {
				return nil, again
			}
			return nil, damaged("the file of blob %s is missing", ref)
		}
		if err != nil {
			return nil, fmt.Errorf("read blob: %w", err)
		}
	}
	if int64(len(data)) != row.size || refOf(data) != ref {
		return nil, damaged("blob %s is not what was stored", ref)
	}
	return data, nil
}

func (e *Engine) blobRow(ctx context.Context, app gateway.AppID, ref gateway.BlobRef) (row blobRow, err error) {
	if !validRef(ref) {
		return row, store.ErrNotFound
	}
	if err := ctx.Err(); err != nil {
		return row, err
	}
	err = e.read(func(rd *reader) error {
		row, err = rd.blob(app, ref)
		row.data = bytes.Clone(row.data)
		return err
	})
	return row, err
}

func (t *tx) Keep(s store.Staged) (gateway.BlobRef, error) {
	if t.btx == nil {
		return "", errOver
	}
	row, err := t.blob(s.App, s.Ref)
	if errors.Is(err, store.ErrNotFound) {
		row, err = t.firstKeep(s)
	}
	if err != nil {
		return "", t.note(fmt.Errorf("keep blob: %w", err))
	}
	row.refs++
	return s.Ref, t.put(blobBucket, blobKey(s.App, s.Ref), row.encode())
}

// firstKeep checks that a blob was staged, and counts its file.
func (t *tx) firstKeep(s store.Staged) (blobRow, error) {
	row := blobRow{size: s.Size, inline: s.Inline != nil, data: s.Inline}
	switch {
	case !validRef(s.Ref) || row.inline && int64(len(s.Inline)) != s.Size:
		return row, fmt.Errorf("it is not a staged one: %w", store.ErrNotFound)
	case row.inline:
		return row, nil
	case !t.b.e.blobs.pinned(s.Ref):
		return row, fmt.Errorf("it was staged too long ago: %w", store.ErrNotFound)
	}
	n, err := t.fileRefs(s.Ref)
	if err != nil {
		return row, err
	}
	t.kept = append(t.kept, s.Ref)
	return row, t.setFileRefs(s.Ref, n+1)
}

func (t *tx) Drop(app gateway.AppID, ref gateway.BlobRef) error {
	if t.btx == nil {
		return errOver
	}
	row, err := t.blob(app, ref)
	if err != nil {
		return t.note(fmt.Errorf("drop blob: %w", err))
	}
	if row.refs > 1 {
		row.refs--
		return t.put(blobBucket, blobKey(app, ref), row.encode())
	}
	if err := t.delete(blobBucket, blobKey(app, ref)); err != nil || row.inline {
		return err
	}
	n, err := t.fileRefs(ref)
	if err != nil || n == 0 {
		return t.note(errors.Join(err, t.delete(filesBucket, []byte(ref))))
	}
	if n == 1 {
		t.dropped = append(t.dropped, ref)
	}
	return t.setFileRefs(ref, n-1)
}

// fileRefs is how many apps keep the file of a large blob.
func (r *reader) fileRefs(ref gateway.BlobRef) (uint64, error) {
	v, err := r.get(filesBucket, []byte(ref))
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	d := decoder{b: v}
	return d.uint(), nil
}

func (t *tx) setFileRefs(ref gateway.BlobRef, n uint64) error {
	if n == 0 {
		return t.delete(filesBucket, []byte(ref))
	}
	return t.put(filesBucket, []byte(ref), binary.AppendUvarint(nil, n))
}

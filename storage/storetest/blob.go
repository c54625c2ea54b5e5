package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

var blobTests = []suiteTest{
	{"blob/kept and read", testBlobKept},
	{"blob/references are counted", testBlobRefs},
	{"blob/apps are apart", testBlobApps},
	{"blob/a failed function keeps nothing", testBlobFailed},
	{"blob/staged by many at once", testBlobConcurrent},
	{"blob/what was never staged", testBlobForged},
}

// blobSizes are sizes on both sides of what goes into the commit.
var blobSizes = []int{0, 1, store.InlineBlob - 1, store.InlineBlob, store.InlineBlob + 1, 300 << 10}

func blobOf(size int, seed byte) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i>>8) ^ byte(i) + seed
	}
	return b
}

func (h *harness) stage(a gateway.AppID, data []byte) store.Staged {
	h.Helper()
	s, err := h.s.Stage(context.Background(), a, data)
	if err != nil {
		h.Fatalf("stage: %v", err)
	}
	return s
}

func (h *harness) keep(s store.Staged) gateway.BlobRef {
	h.Helper()
	var ref gateway.BlobRef
	h.update(func(tx store.Tx) (err error) { ref, err = tx.Keep(s); return err })
	return ref
}

func (h *harness) wantBlob(a gateway.AppID, ref gateway.BlobRef, want []byte) {
	h.Helper()
	got, err := h.s.Blob(context.Background(), a, ref)
	if err != nil || !bytes.Equal(got, want) {
		h.Errorf("blob: %d bytes, %v, want %d", len(got), err, len(want))
	}
}

func (h *harness) wantNoBlob(a gateway.AppID, ref gateway.BlobRef) {
	h.Helper()
	if got, err := h.s.Blob(context.Background(), a, ref); !errors.Is(err, store.ErrNotFound) {
		h.Errorf("blob: %d bytes, %v, want ErrNotFound", len(got), err)
	}
}

func testBlobKept(h *harness) {
	for _, size := range blobSizes {
		data := blobOf(size, 1)
		mine := bytes.Clone(data)
		s := h.stage(app, mine)
		clear(mine) // the engine has its own copy
		h.wantNoBlob(app, s.Ref)
		if ref := h.keep(s); ref != s.Ref {
			h.Errorf("kept as %s, staged as %s", ref, s.Ref)
		}
		h.wantBlob(app, s.Ref, data)
	}
	h.wantNoBlob(app, "../../etc/passwd")
	h.wantNoBlob(app, "")
	h.reopen()
	for _, size := range blobSizes {
		data := blobOf(size, 1)
		h.wantBlob(app, h.stage(app, data).Ref, data)
	}
}

func testBlobRefs(h *harness) {
	for _, size := range blobSizes {
		data := blobOf(size, 2)
		s := h.stage(app, data)
		h.update(func(tx store.Tx) error {
			_, err := tx.Keep(s)
			_, err2 := tx.Keep(s)
			return errors.Join(err, err2)
		})
		h.keep(h.stage(app, data))
		drop := func() { h.update(func(tx store.Tx) error { return tx.Drop(app, s.Ref) }) }
		drop()
		drop()
		h.wantBlob(app, s.Ref, data)
		drop()
		h.wantNoBlob(app, s.Ref)
		h.updateErr(store.ErrNotFound, func(tx store.Tx) error { return tx.Drop(app, s.Ref) })
		h.keep(h.stage(app, data)) // and anew
		h.wantBlob(app, s.Ref, data)
	}
}

func testBlobApps(h *harness) {
	for _, size := range blobSizes {
		data := blobOf(size, 3)
		a, b := h.stage("a", data), h.stage("b", data)
		h.keep(a)
		h.wantNoBlob("b", b.Ref)
		h.keep(b)
		h.update(func(tx store.Tx) error { return tx.Drop("a", a.Ref) })
		h.wantNoBlob("a", a.Ref)
		h.wantBlob("b", b.Ref, data)
	}
}

func testBlobFailed(h *harness) {
	for _, size := range blobSizes {
		data := blobOf(size, 4)
		s := h.stage(app, data)
		keepAndFail := func(tx store.Tx) error { _, err := tx.Keep(s); return errors.Join(err, errOwn) }
		h.updateErr(errOwn, keepAndFail)
		h.wantNoBlob(app, s.Ref)
		h.keep(s)
		h.updateErr(errOwn, func(tx store.Tx) error { return errors.Join(tx.Drop(app, s.Ref), errOwn) })
		h.wantBlob(app, s.Ref, data)
	}
}

// testBlobConcurrent has several callers stage, keep, read and drop the same few
// blobs, so that the last reference goes while others come.
func testBlobConcurrent(h *harness) {
	ctx := context.Background()
	var wg sync.WaitGroup
	for c := range 8 {
		wg.Go(func() {
			for i := range 10 {
				data := blobOf(store.InlineBlob+100, byte((c+i)%3))
				if err := h.blobRound(ctx, data); err != nil {
					h.Errorf("caller %d, round %d: %v", c, i, err)
				}
			}
		})
	}
	wg.Wait()
}

func (h *harness) blobRound(ctx context.Context, data []byte) error {
	s, err := h.s.Stage(ctx, app, data)
	if err != nil {
		return err
	}
	if err := h.s.Update(ctx, scope, func(tx store.Tx) error { _, err := tx.Keep(s); return err }); err != nil {
		return err
	}
	got, err := h.s.Blob(ctx, app, s.Ref)
	if err == nil && !bytes.Equal(got, data) {
		err = fmt.Errorf("it is another blob")
	}
	return errors.Join(err, h.s.Update(ctx, scope, func(tx store.Tx) error { return tx.Drop(app, s.Ref) }))
}

func testBlobForged(h *harness) {
	s := h.stage(app, blobOf(store.InlineBlob+4096, 5))
	s.Ref = s.Ref[1:] + "0"
	for _, bad := range []store.Staged{s, {}, {App: app, Ref: "x", Inline: []byte("y"), Size: 1}} {
		err := h.s.Update(context.Background(), scope, func(tx store.Tx) error { _, err := tx.Keep(bad); return err })
		if err == nil {
			h.Errorf("kept %+v", bad)
		}
	}
}

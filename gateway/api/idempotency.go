package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"time"

	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
)

// maxIdempotencyKey bounds an Idempotency-Key header, in octets.
const maxIdempotencyKey = 255

// idempotent is a call that carries an Idempotency-Key: its answer is stored in
// the transaction of what it did, for 24 hours, by app and API key, and given
// again to a call with the same key, path and body.
type idempotent struct {
	key    store.Key
	hash   []byte
	now    time.Time
	answer json.RawMessage // what was answered before
	// box seals an answer that may hold secrets; nil: it is kept as it is.
	box *secret.Box
}

// idempotency reads the header; nil without one.
func (c *call) idempotency() (*idempotent, error) {
	k := c.head.Get("Idempotency-Key")
	if k == "" {
		return nil, nil
	}
	if len(k) > maxIdempotencyKey {
		return nil, fail(http.StatusBadRequest, "INVALID_REQUEST", "Idempotency-Key", "An Idempotency-Key has at most 255 octets.")
	}
	h := sha256.Sum256(fmt.Appendf(nil, "%q %q %s", c.path, c.query.Encode(), c.unbounded()))
	return &idempotent{key: store.AppKey(c.app.ID).String(string(c.key.ID)).String(k), hash: h[:], now: time.Now()}, nil
}

// unbounded is the body without what a form's writer makes up anew each time.
func (c *call) unbounded() []byte {
	_, params, err := mime.ParseMediaType(c.head.Get("Content-Type"))
	if b := params["boundary"]; err == nil && b != "" && c.takesFile() {
		return bytes.ReplaceAll(c.body, []byte("--"+b), []byte("--"))
	}
	return c.body
}

// before looks for an earlier answer, inside the transaction.
func (i *idempotent) before(tx store.Tx) (answered bool, err error) {
	if i == nil {
		return false, nil
	}
	i.answer = nil
	old, found, err := store.Idempotencies.Find(tx, i.key)
	if err != nil || !found || i.now.Sub(old.At) > store.IdempotencyAge {
		return false, err
	}
	if !bytes.Equal(old.BodyHash, i.hash) {
		return false, fail(http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key", "This key was used for another call or body within 24 hours.")
	}
	if i.answer = old.Answer; i.box != nil {
		i.answer, err = i.box.Open(secret.PurposeAnswer, old.Sealed)
	}
	return err == nil, err
}

// after stores the answer, inside the transaction.
func (i *idempotent) after(tx store.Tx, answer any) error {
	if i == nil {
		return nil
	}
	if answer == nil {
		answer = struct{}{}
	}
	raw, err := encode(answer)
	if err != nil {
		return err
	}
	row := store.Idempotency{BodyHash: i.hash, Status: http.StatusOK, Answer: raw, At: i.now}
	if i.box != nil {
		row.Answer, row.Sealed = nil, i.box.Seal(secret.PurposeAnswer, raw)
	}
	if err := store.Idempotencies.Put(tx, i.key, row); err != nil {
		return err
	}
	return store.ExpireAt(tx, store.Idempotencies.Table, i.key, i.now.Add(store.IdempotencyAge))
}

package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

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
	h := sha256.Sum256(fmt.Appendf(nil, "%q %s", c.path, c.body))
	return &idempotent{key: store.AppKey(c.app.ID).String(string(c.key.ID)).String(k), hash: h[:], now: time.Now()}, nil
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
	i.answer = old.Answer
	return true, nil
}

// after stores the answer, inside the transaction.
func (i *idempotent) after(tx store.Tx, answer any) error {
	if i == nil {
		return nil
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	row := store.Idempotency{BodyHash: i.hash, Status: http.StatusOK, Answer: raw, At: i.now}
	if err := store.Idempotencies.Put(tx, i.key, row); err != nil {
		return err
	}
	return store.ExpireAt(tx, store.Idempotencies.Table, i.key, i.now.Add(store.IdempotencyAge))
}

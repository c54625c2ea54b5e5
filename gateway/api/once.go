package api

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/replygate/replygate/gateway/store"
)

// once makes a call that makes something, once for each Idempotency-Key: what it
// does and its answer are one transaction in scope. Without a key it is just made.
// fn may be called more than once, and uses the call it is given.
func (c *call) once(scope store.Scope, fn func(*call) (any, error)) (any, error) {
	idem, err := c.idempotency()
	if err != nil {
		return nil, err
	}
	if idem == nil {
		return fn(c)
	}
	idem.box = c.Apps.Box // among these answers are keys, secrets and tokens
	var out any
	err = c.Store.Update(c.ctx, scope, func(tx store.Tx) error {
		answered, err := idem.before(tx)
		if err != nil || answered {
			return err
		}
		if out, err = fn(c.within(tx, scope)); err != nil {
			return err
		}
		return idem.after(tx, out)
	})
	if err != nil || idem.answer == nil {
		return out, err
	}
	return json.RawMessage(idem.answer), nil
}

// within is the call with everything it does being part of a transaction.
func (c *call) within(tx store.Tx, scope store.Scope) *call {
	in := within{c.Store, tx, scope}
	server, talk, sub := *c.Server, *c.Chat, *c
	talk.Store = in
	server.Store, server.Apps.Store, server.Chat = in, in, &talk
	sub.Server = &server
	return &sub
}

// within is a store whose transactions are parts of one that is under way.
type within struct {
	store.Store
	tx    store.Tx
	scope store.Scope
}

var errOtherScope = errors.New("the transaction under way has another scope")

// View is store.Store's.
func (w within) View(_ context.Context, fn func(store.Reader) error) error { return fn(w.tx) }

// Update is store.Store's.
func (w within) Update(_ context.Context, scope store.Scope, fn func(store.Tx) error) error {
	if scope != w.scope {
		return errOtherScope
	}
	return fn(w.tx)
}

package inbound

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// Authoriser asks an app's hook whether a reply may be posted. It errs when there
// is no usable answer, and answers or errs within a second or so.
type Authoriser interface {
	Ask(ctx context.Context, app gateway.App, q gateway.Question) (gateway.Permission, error)
}

var errNobodyAsks = errors.New("there is nobody to ask the app's hook")

// asking is what an outcome's app wants to be asked before it is stored.
type asking struct {
	app      gateway.App
	question gateway.Question
	content  *gateway.ReplyContent
}

// askedOf is the question about a reply; nil if its app does not want to be asked,
// or if a copy was posted: what is in the conversation must not be told to have
// been refused, only because the first 250 was lost.
func (t *transaction) askedOf(ctx context.Context, app gateway.App, p posting, held bool) (*asking, error) {
	if app.Authorise == nil {
		return nil, nil
	}
	rec, row := p.rec, p.to.row
	var posted bool
	err := t.Store.View(ctx, func(rd store.Reader) (err error) {
		posted, err = chat.Posted(rd, row.Conversation, row.User, p.input(rec.record(p.to), nil))
		return err
	})
	if err != nil || posted {
		return nil, err
	}
	return &asking{app, gateway.Question{
		Conversation: row.Conversation, User: row.User, From: rec.auth.Author, Verified: rec.auth.Verdicts.Aligned(),
		MessageID: rec.msg.MessageID, Held: held,
	}, p.content}, nil
}

// authorise asks about everything that is about to be posted or held, all at
// once: the sender waits no longer for many recipients than for one. What is
// refused becomes a refusal; what could not be asked about puts the mail off,
// unless its app would rather have it.
func (t *transaction) authorise(ctx context.Context, rec *received, outcomes []*outcome) error {
	answers, errs := make([]gateway.Permission, len(outcomes)), make([]error, len(outcomes))
	var all sync.WaitGroup
	for i, o := range outcomes {
		if o.ask == nil {
			continue
		}
		if t.Authoriser == nil {
			return errNobodyAsks
		}
		all.Go(func() { answers[i], errs[i] = t.ask(ctx, o.ask) })
	}
	all.Wait()
	for i, o := range outcomes {
		switch {
		case o.ask == nil, errs[i] == nil && answers[i].Allowed, errs[i] != nil && o.ask.app.Authorise.Accept:
		case errs[i] != nil:
			return chat.StatusUnasked
		default:
			outcomes[i] = t.denied(rec, o, answers[i].Words)
		}
	}
	return nil
}

// ask asks one question. A panic is no answer, instead of the end of the process.
func (t *transaction) ask(ctx context.Context, a *asking) (may gateway.Permission, err error) {
	defer func() {
		if p := recover(); p != nil {
			t.Log.Error("asking an authorise hook panicked", "app", a.app.ID, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("asking the hook of %s panicked: %v", a.app.ID, p)
		}
	}()
	return t.Authoriser.Ask(ctx, a.app, a.question)
}

// denied is the refusal of a reply by its app, recorded in the app's own words.
func (t *transaction) denied(rec *received, o *outcome, words string) *outcome {
	refused := t.rejected(rec, o.to, chat.StatusDenied(words), gateway.ReasonDenied, o.ask.content)
	refused.words = words
	return refused
}

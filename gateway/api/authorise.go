package api

import (
	"context"
	"net/http"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// Asker asks an app's hook whether a reply may be posted. Its error is fit to be
// shown to the app.
type Asker interface {
	Ask(ctx context.Context, app gateway.App, q gateway.Question) (gateway.Permission, error)
}

// shownAuthorise is where the app is asked; url is null while it is not.
type shownAuthorise struct {
	URL       *string       `json:"url"`
	OnFailure string        `json:"onFailure"`
	Secrets   []shownSecret `json:"secrets"`
	CreatedAt *int64        `json:"createdAt"`
	// Secret is shown once, when the hook is made or its secret replaced.
	Secret string `json:"secret,omitempty"`
}

// The values of onFailure.
const (
	onFailureDefer  = "defer"
	onFailureAccept = "accept"
)

func showAuthorise(h *gateway.AuthoriseHook, secret string) shownAuthorise {
	if h == nil {
		return shownAuthorise{OnFailure: onFailureDefer, Secrets: []shownSecret{}}
	}
	at := h.CreatedAt.UnixMilli()
	out := shownAuthorise{URL: &h.URL, OnFailure: onFailureDefer, Secrets: showSecrets(h.Secrets), CreatedAt: &at, Secret: secret}
	if h.Accept {
		out.OnFailure = onFailureAccept
	}
	return out
}

func getAuthorise(c *call, _ []string) (any, error) { return showAuthorise(c.app.Authorise, ""), nil }

// putAuthorise makes the hook, or changes what the body names.
func putAuthorise(c *call, _ []string) (any, error) {
	var in struct {
		URL       *string `json:"url"`
		OnFailure *string `json:"onFailure"`
	}
	if err := c.into(&in); err != nil {
		return nil, err
	}
	var now gateway.AuthoriseHook
	if c.app.Authorise != nil {
		now = *c.app.Authorise
	}
	set(&now.URL, in.URL)
	if in.OnFailure != nil {
		if *in.OnFailure != onFailureDefer && *in.OnFailure != onFailureAccept {
			return nil, gateway.Wrong("onFailure", `onFailure is "defer" or "accept".`)
		}
		now.Accept = *in.OnFailure == onFailureAccept
	}
	if c.URLs != nil && in.URL != nil {
		if err := c.URLs.CheckURL(now.URL); err != nil {
			return nil, gateway.Wrong("url", "%s.", sentence(err))
		}
	}
	h, secret, err := c.Apps.PutAuthorise(c.ctx, c.app.ID, now.URL, now.Accept)
	if err != nil {
		return nil, err
	}
	return showAuthorise(&h, secret), nil
}

func deleteAuthorise(c *call, _ []string) (any, error) {
	return nil, c.Apps.DeleteAuthorise(c.ctx, c.app.ID)
}

// newAuthoriseSecret is newSecret for the hook.
func newAuthoriseSecret(c *call, _ []string) (any, error) {
	overlap, err := c.overlap()
	if err != nil {
		return nil, err
	}
	return c.once(store.AppScope(c.app.ID), func(c *call) (any, error) {
		secret, err := c.Apps.RotateAuthoriseSecret(c.ctx, c.app.ID, overlap)
		if err != nil {
			return nil, err
		}
		a, err := c.Apps.App(c.ctx, c.app.ID)
		return showAuthorise(a.Authorise, secret), err
	})
}

func endOldAuthoriseSecrets(c *call, _ []string) (any, error) {
	return nil, c.Apps.DropOldAuthoriseSecrets(c.ctx, c.app.ID)
}

// askedNow is what came of a question on demand.
type askedNow struct {
	Allow   *bool   `json:"allow"` // null: there was no usable answer
	Reason  *string `json:"reason"`
	Problem *string `json:"problem"`
	Took    int64   `json:"tookMs"`
}

// askAuthorise asks the hook about a person and a conversation, whether there are
// any such, so that its owner sees what a mail would meet.
func askAuthorise(c *call, _ []string) (any, error) {
	var in struct {
		ConversationID gateway.ConversationID `json:"conversationId"`
		UserID         gateway.UserID         `json:"userId"`
	}
	if err := c.into(&in); err != nil {
		return nil, err
	}
	switch {
	case c.app.Authorise == nil:
		return nil, gateway.NotFound{What: "authorise", ID: string(c.app.ID)}
	case c.Asker == nil:
		return nil, fail(http.StatusConflict, "NOT_HERE", "authorise", "Nothing is asked from here.")
	}
	begun := time.Now()
	p, err := c.Asker.Ask(c.ctx, c.app, gateway.Question{Conversation: in.ConversationID, User: in.UserID})
	out := askedNow{Took: time.Since(begun).Milliseconds()}
	if err != nil {
		problem := err.Error()
		out.Problem = &problem
		return out, nil
	}
	out.Allow = &p.Allowed
	if p.Words != "" {
		out.Reason = &p.Words
	}
	return out, nil
}

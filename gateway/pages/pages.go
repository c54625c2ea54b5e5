// Package pages is what a mail's recipient sees in a browser: the page behind
// the unsubscribe link, the one on which a held reply is decided about, and the
// files that came by mail.
//
// It promises that looking at a link (GET, HEAD, OPTIONS) changes nothing,
// since mail scanners look at every link; that the one-click POST of RFC 8058
// acts at once, without cookie or redirect; that no page loads, links to or
// tells anything to anybody else; and that a link nobody minted is answered
// without any look-up. Links are secrets: none is logged in full.
//
// What unsubscribing means is left to suppression, posting to chat, TLS and limits of
// connections to the server that serves these pages.
package pages

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"golang.org/x/sync/semaphore"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/token"
)

// What the paths of links begin with; the token follows.
const (
	UnsubscribePath = "/u/"
	AttachmentPath  = "/a/"
	ConfirmPath     = "/c/"
	// PersonPath is the neutral picture of people who have none, for templates.
	PersonPath = "/person.png"
)

// Unsubscriber keeps who gets mail; chat.Subscriptions is one, which tells the
// owner of the address, and so is suppression.Service.
type Unsubscriber interface {
	Unsubscribe(context.Context, suppression.Fact) error
	Resubscribe(context.Context, suppression.Fact) error
	Find(context.Context, gateway.AppID, gateway.Address) (store.Suppression, bool, error)
}

// Asker asks an app's authorise hook whether a reply may be posted.
type Asker interface {
	Ask(ctx context.Context, app gateway.App, q gateway.Question) (gateway.Permission, error)
}

// Config is what Pages need; all of it is required, Asker by apps with a hook.
type Config struct {
	Store        store.Store
	Unsubscriber Unsubscriber
	Tokens       *token.Minter
	// Domain is the domain that the tokens of links are minted for.
	Domain string
	// Chat decides about held replies.
	Chat *chat.Service
	// Asker is asked before somebody posts what was held.
	Asker Asker
	// Box opens stored files (secret.PurposeFile).
	Box *secret.Box
	Log *slog.Logger
}

// Pages is an http.Handler for every path a mail links to.
type Pages struct {
	Config
	look    look
	serving *semaphore.Weighted // octets of files in memory
}

// New makes Pages.
func New(c Config) *Pages {
	return &Pages{Config: c, look: newLook(), serving: semaphore.NewWeighted(maxServing)}
}

// ServeHTTP answers a request; every answer has the strict headers.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", p.look.policy)
	h.Set("Referrer-Policy", "no-referrer") // the URL is the secret
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cache-Control", "no-store")
	// No ServeMux: it answers unusual paths with redirects.
	path := r.URL.Path
	if tok, ok := strings.CutPrefix(path, UnsubscribePath); ok {
		r.SetPathValue("token", tok)
		p.unsubscribe(w, r)
	} else if tok, ok := strings.CutPrefix(path, ConfirmPath); ok {
		r.SetPathValue("token", tok)
		p.confirm(w, r)
	} else if path == PersonPath {
		p.look.person(w, r)
	} else if tok, ok := strings.CutPrefix(path, AttachmentPath); ok {
		r.SetPathValue("token", tok)
		p.attachment(w, r)
	} else {
		p.notFound(w, r)
	}
}

// errNoLink says that a token is not ours, or leads to nothing (any more).
var errNoLink = errors.New("no such link")

// handle reads the row a token stands for. A token that does not verify is
// refused without a look-up.
func (p *Pages) handle(r *http.Request, purpose token.Purpose) (row store.HandleRow, app gateway.App, err error) {
	h, ok := p.Tokens.ReadFor(purpose, r.PathValue("token"), p.Domain)
	if !ok {
		return row, app, errNoLink
	}
	err = p.Store.View(r.Context(), func(rd store.Reader) error {
		if row, err = store.Handles.Get(rd, store.HandleKey(h)); err != nil {
			return err
		}
		app, _, err = store.Apps.Find(rd, store.AppKey(row.App))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = errNoLink
	}
	return row, app, err
}

// fail answers what went wrong.
func (p *Pages) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errNoLink) {
		p.notFound(w, r)
		return
	}
	p.log(r).Error("page failed", "err", err)
	w.Header().Set("Retry-After", "60")
	t := stranger(r)
	p.look.write(w, r, http.StatusServiceUnavailable, t.view(t.Again, t.Wrong))
}

func (p *Pages) notFound(w http.ResponseWriter, r *http.Request) {
	t := stranger(r)
	p.look.write(w, r, http.StatusNotFound, t.view(t.NoLink, t.Incomplete, t.Whole))
}

// allow answers OPTIONS and methods a page does not know, and tells whether the
// request was answered.
func (p *Pages) allow(w http.ResponseWriter, r *http.Request, methods string, known bool) bool {
	if known {
		return false
	}
	w.Header().Set("Allow", methods)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
	} else {
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
	return true
}

// log names the request without giving its secret away.
func (p *Pages) log(r *http.Request) *slog.Logger {
	return p.Log.With("method", r.Method, "token", token.Mask(r.PathValue("token")))
}

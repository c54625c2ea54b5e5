package pages

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/token"
)

// maxForm bounds the body of a POST, in octets.
const maxForm = 16 << 10

// What the page's own button sends in the field "do".
const (
	doUnsubscribe = "unsubscribe"
	doResubscribe = "resubscribe"
)

// unsubscribe serves the page, and acts on POST.
func (p *Pages) unsubscribe(w http.ResponseWriter, r *http.Request) {
	post := r.Method == http.MethodPost
	known := post || r.Method == http.MethodGet || r.Method == http.MethodHead
	if p.allow(w, r, "GET, HEAD, POST, OPTIONS", known) {
		return
	}
	// An unsubscribe link works for good, even if what it was mailed for is gone.
	row, app, err := p.handle(r, token.Unsubscribe)
	if err == nil && row.Address.IsZero() {
		err = errNoLink
	}
	switch {
	case err != nil:
		p.fail(w, r, err)
	case post:
		p.act(w, r, row, app)
	default:
		p.show(w, r, row, app)
	}
}

// show tells how things stand and offers to change it.
func (p *Pages) show(w http.ResponseWriter, r *http.Request, row store.HandleRow, app gateway.App) {
	s, found, err := p.Unsubscriber.Find(r.Context(), row.App, row.Address)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	t := p.of(r, row, app)
	v := t.subscribed(row, app)
	if found && (s.Reason == gateway.ReasonUnsubscribed || !s.UnsubscribedAt.IsZero()) {
		v = t.unsubscribed(row, app)
	}
	p.look.write(w, r, http.StatusOK, v)
}

// act does what the POST asks for. Doing it twice changes nothing more.
func (p *Pages) act(w http.ResponseWriter, r *http.Request, row store.HandleRow, app gateway.App) {
	fact := suppression.Fact{App: row.App, Address: row.Address, User: row.User, Test: row.Test, Kind: suppression.Page}
	form, err := readForm(w, r)
	if err != nil {
		p.refuse(w, r, row, app)
		return
	}
	var v view
	t := p.of(r, row, app)
	do := form.Get("do")
	switch {
	// RFC 8058, section 3.1: the POST body is this one pair.
	case strings.EqualFold(form.Get("List-Unsubscribe"), "One-Click"):
		do, fact.Kind = "one-click", suppression.OneClick
		err, v = p.Unsubscriber.Unsubscribe(r.Context(), fact), t.unsubscribed(row, app)
	case do == doUnsubscribe:
		err, v = p.Unsubscriber.Unsubscribe(r.Context(), fact), t.unsubscribed(row, app)
	case do == doResubscribe:
		err, v = p.Unsubscriber.Resubscribe(r.Context(), fact), t.resubscribed(row, app)
	default:
		p.refuse(w, r, row, app)
		return
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.log(r).Info("subscription changed", "app", string(row.App), "user", string(row.User), "do", do)
	p.look.write(w, r, http.StatusOK, v)
}

// refuse answers a POST that asks for nothing we know; the page shows how to.
func (p *Pages) refuse(w http.ResponseWriter, r *http.Request, row store.HandleRow, app gateway.App) {
	t := p.of(r, row, app)
	v := t.subscribed(row, app)
	v.Text = append([]string{t.Unclear}, v.Text...)
	p.look.write(w, r, http.StatusBadRequest, v)
}

// readForm reads a POST's fields, urlencoded or multipart (RFC 8058, section
// 3.1, allows both). A body of no declared type is taken for urlencoded.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body := http.MaxBytesReader(w, r.Body, maxForm)
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && kind == "multipart/form-data" {
		f, err := multipart.NewReader(body, params["boundary"]).ReadForm(maxForm)
		if err != nil {
			return nil, fmt.Errorf("read form: %w", err)
		}
		defer f.RemoveAll()
		return f.Value, nil
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("read form: %w", err)
	}
	return url.ParseQuery(strings.TrimSpace(string(b)))
}

func (t tongue) subscribed(row store.HandleRow, app gateway.App) view {
	v := t.view(t.LeaveAsk, t.say(t.Mailed, app, mask(row.Address)), t.MayStop)
	v.Do, v.Button = doUnsubscribe, t.Leave
	return v
}

func (t tongue) unsubscribed(row store.HandleRow, app gateway.App) view {
	v := t.view(t.Left, t.say(t.NoMore, app, mask(row.Address)), t.CanUndo)
	v.Do, v.Button, v.Quiet = doResubscribe, t.Undo, true
	return v
}

func (t tongue) resubscribed(row store.HandleRow, app gateway.App) view {
	v := t.view(t.Back, t.say(t.Mailed, app, mask(row.Address)))
	v.Do, v.Button, v.Quiet = doUnsubscribe, t.Leave, true
	return v
}

// mask shows an address so that its owner knows it and nobody else learns it:
// mails get forwarded, with their links.
func mask(a gateway.Address) string {
	_, n := utf8.DecodeRuneInString(a.LocalPart)
	return a.LocalPart[:n] + "•••@" + a.Domain
}

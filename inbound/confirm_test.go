package inbound

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/pages"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/token"
)

// asked is the page of the only confirm notice, as its recipient uses it.
func (l *lab) asked() func(method string, form url.Values) *httptest.ResponseRecorder {
	l.Helper()
	var link string
	for _, n := range l.notices(shop) {
		if n.Kind == gateway.NoticeConfirm {
			link = pages.ConfirmPath + l.tokens.Mint(token.Confirm, n.Link, ourDomain)
		}
	}
	p := pages.New(pages.Config{
		Store: l.engine, Unsubscriber: suppression.Service{Store: l.engine}, Tokens: l.tokens, Domain: ourDomain, Chat: l.chat, Box: l.box, Log: l.rcv.Log,
	})
	return func(method string, form url.Values) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, link+"?do=post&alias=yes", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		return w
	}
}

// says holds the status and the words of a page.
func says(t *testing.T, w *httptest.ResponseRecorder, code int, words ...string) {
	t.Helper()
	for _, s := range words {
		if !strings.Contains(w.Body.String(), s) {
			t.Errorf("the page does not say %q:\n%s", s, w.Body)
		}
	}
	if w.Code != code {
		t.Errorf("answered %d, want %d", w.Code, code)
	}
}

// TestConfirmed: looking changes nothing, one POST posts, another changes nothing.
func TestConfirmed(t *testing.T) {
	l := newLab(t)
	l.send(mail{sign: "-", head: multipart, body: fileParts("Is 1 < 2?\n<b>Believe</b> me", "a.txt", "text/plain", "first")}, l.address("c1", "bob")).is("250 2.0.0 Accepted")
	page := l.asked()
	for range 3 {
		says(t, page("GET", nil), 200, "Did you write this?", "Is 1 &lt; 2?", "&lt;b&gt;Believe&lt;/b&gt; me", "a.txt", "Yes, post it", "No, discard it")
		if w := page("HEAD", nil); w.Code != 200 || w.Body.Len() != 0 {
			t.Errorf("HEAD: %d", w.Code)
		}
	}
	if strings.Contains(page("GET", nil).Body.String(), `name="alias"`) {
		t.Error("an address is offered that is known")
	}
	says(t, page("POST", url.Values{"do": {"something"}}), 400, "Nothing was changed")
	says(t, page("PUT", url.Values{"do": {"post"}}), 405)
	l.posts()
	says(t, page("POST", url.Values{"do": {"post"}}), 200, "It is posted")
	says(t, page("POST", url.Values{"do": {"post"}}), 200, "It is posted")
	says(t, page("POST", url.Values{"do": {"discard"}}), 200, "It is posted")
	says(t, page("GET", nil), 200, "It is posted")
	l.posts("Is 1 < 2?\n<b>Believe</b> me")
	if m := l.messages("c1")[0]; m.Sender != "bob" || m.Attachment == nil {
		t.Errorf("posted %+v", m)
	}
}

// TestDiscarded: the person did not write it, and hears no more of it.
func TestDiscarded(t *testing.T) {
	l := newLab(t)
	l.send(mail{sign: "-", body: "Believe me"}, l.address("c1", "bob")).is("250 2.0.0 Accepted")
	page := l.asked()
	says(t, page("POST", url.Values{"do": {"discard"}}), 200, "It is discarded")
	says(t, page("POST", url.Values{"do": {"post"}}), 200, "It is discarded")
	l.recorded(gateway.ReplyRejected, gateway.ReasonDiscarded)
	l.posts()
	l.noticed(gateway.NoticeConfirm, gateway.ReasonUnauthentic)
	if n := len(l.events(gateway.EventReplyRejected)); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// TestAlias: an address is added only if that is asked for.
func TestAlias(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	l.send(mail{from: "robert@" + people, body: "From my other address"}, to).is("250 2.0.0 Accepted")
	page := l.asked()
	says(t, page("GET", nil), 200, "robert@"+people, `name="alias"`)
	says(t, page("POST", url.Values{"do": {"post"}, "alias": {"yes"}}), 200, "It is posted")
	l.send(mail{from: "robert@" + people, body: "Once more"}, to).is("250 2.0.0 Posted")
	l.posts("From my other address", "Once more")
	u, err := l.chat.User(t.Context(), shop, "bob")
	l.ok(err)
	if got := strings.Join(u.Email, " "); got != "bob@"+people+" bob@"+work+" robert@"+people {
		t.Errorf("bob has %s", got)
	}
}

// TestConfirmedTooLate: permission is read when it is posted.
func TestConfirmedTooLate(t *testing.T) {
	l := newLab(t)
	l.send(mail{sign: "-", body: "Believe me"}, l.address("c1", "bob")).is("250 2.0.0 Accepted")
	page := l.asked()
	l.ok(l.chat.PatchParticipant(t.Context(), shop, "c1", "bob", chat.ParticipantPatch{Access: chat.Give(gateway.Access("None"))}))
	says(t, page("POST", url.Values{"do": {"post"}}), 409, "It cannot be posted")
	l.posts()
}

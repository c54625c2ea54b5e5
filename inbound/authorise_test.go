package inbound

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/pages"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/gateway/webhook"
)

// hook is the shop's backend that is asked; answer may be changed.
type hook struct {
	mu     sync.Mutex
	status int
	answer string
	asked  []string // user in conversation
	held   bool     // of the last question
}

func (h *hook) says(status int, answer string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status, h.answer = status, answer
}

// take returns whom it was asked about since the last time.
func (h *hook) take() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := strings.Join(h.asked, " ")
	h.asked = nil
	return out
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AppID string
		Data  struct {
			ConversationID, UserID string
			Held                   bool
		}
	}
	b, _ := io.ReadAll(r.Body)
	json.Unmarshal(b, &in)
	h.mu.Lock()
	h.asked, h.held = append(h.asked, in.Data.UserID+"/"+in.Data.ConversationID), in.Data.Held
	status, answer := h.status, strings.ReplaceAll(h.answer, "$user", in.Data.UserID)
	h.mu.Unlock()
	if answer == "silence" {
		<-r.Context().Done()
		return
	}
	w.WriteHeader(status)
	io.WriteString(w, answer)
}

// hooked gives the shop an authorise hook.
func (l *lab) hooked(accept bool) *hook {
	l.Helper()
	h := &hook{status: 200, answer: `{"allow": true}`}
	srv := httptest.NewServer(h)
	l.Cleanup(srv.Close)
	asker := webhook.NewAsker(webhook.Config{
		Box: l.box, Log: l.rcv.Log, AllowHTTP: true, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	l.Cleanup(asker.Close)
	l.rcv.Authoriser = asker
	_, _, err := app.Service{Store: l.engine, Box: l.box}.PutAuthorise(l.Context(), shop, srv.URL+"/may", accept)
	l.ok(err)
	return h
}

// TestAuthorise is the table of what a hook's answer does to a mail, as the sending
// server hears it.
func TestAuthorise(t *testing.T) {
	const posted, off = "250 2.0.0 Posted", "451 4.7.1 Whether you may write"
	for name, c := range map[string]struct {
		status int
		answer string
		accept bool
		want   string
		posts  bool
		words  string // on record
	}{
		"allow":                {200, `{"allow": true}`, false, posted, true, ""},
		"refuse":               {200, `{"allow": false}`, false, "550 5.7.1 You may not write in this conversation at the moment. Your message was not posted", false, gateway.ReasonDenied.Sentence()},
		"refuse in words":      {200, `{"allow": false, "reason": "You were banned until Monday."}`, false, "550 5.7.1 You were banned until Monday. Your message was not posted", false, "You were banned until Monday."},
		"words of a line":      {200, `{"allow": false, "reason": "no\r\n250 2.0.0 Posted\r\nMAIL"}`, false, "550 5.7.1 no 250 2.0.0 Posted MAIL. Your message was not posted", false, "no 250 2.0.0 Posted MAIL"},
		"accents":              {200, `{"allow": false, "reason": "Gesperrt für Österreich’s Bürger"}`, false, "550 5.7.1 Gesperrt fur Osterreich's Burger. Your", false, "Gesperrt für Österreich’s Bürger"},
		"another alphabet":     {200, `{"allow": false, "reason": "書き込みできません"}`, false, "550 5.7.1 You may not write in this conversation at the moment. Your", false, "書き込みできません"},
		"500":                  {500, "", false, off, false, ""},
		"garbage":              {200, "<html>", false, off, false, ""},
		"silence":              {200, "silence", false, off, false, ""},
		"500, to be let in":    {500, "", true, posted, true, ""},
		"silence, let in":      {200, "silence", true, posted, true, ""},
		"refused all the same": {200, `{"allow": false}`, true, "550 5.7.1 ", false, gateway.ReasonDenied.Sentence()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			h := l.hooked(c.accept)
			h.says(c.status, c.answer)
			to, m := l.address("c1", "bob"), mail{body: "Yes", id: "same@people.test"}
			l.send(m, to).is(c.want)
			if asked := h.take(); asked != "bob/c1" {
				t.Errorf("asked about %q", asked)
			}
			switch {
			case c.posts:
				l.posts("Yes")
			case strings.HasPrefix(c.want, "550"):
				l.posts()
				if r := l.recorded(gateway.ReplyRejected, gateway.ReasonDenied); r.Sentence() != c.words || r.Content.Text != "Yes" || l.stored(shop, r) == "" {
					t.Errorf("recorded %+v", r)
				}
				if ev := l.events(gateway.EventReplyRejected); len(ev) != 1 || !strings.Contains(string(ev[0].Data), `"reason":"denied"`) {
					t.Errorf("told %v", ev)
				}
			default: // the sender tries again, and is asked about again
				l.posts()
				if n := len(l.replies(shop)); n != 0 {
					t.Errorf("%d records of a mail that was put off", n)
				}
				h.says(200, `{"allow": true}`)
				l.send(m, to).is(posted)
				l.posts("Yes")
			}
		})
	}
}

// TestCopyIsNotAskedAbout: the 250 was lost on its way, and meanwhile the app says no.
func TestCopyIsNotAskedAbout(t *testing.T) {
	l := newLab(t)
	h := l.hooked(false)
	to, m := l.address("c1", "bob"), mail{body: "Yes", id: "same@people.test"}
	l.send(m, to).is("250 2.0.0 Posted")
	h.take()
	h.says(200, `{"allow": false}`)
	l.send(m, to).is("250 2.0.0 Already posted")
	if asked := h.take(); asked != "" {
		t.Errorf("asked about %q", asked)
	}
	l.posts("Yes")
}

type broken struct{}

func (broken) Ask(context.Context, gateway.App, gateway.Question) (gateway.Permission, error) {
	panic("out of range")
}

// TestAskingPanics: one mail is put off, and the process goes on.
func TestAskingPanics(t *testing.T) {
	l := newLab(t)
	l.hooked(false)
	l.rcv.Authoriser = broken{}
	l.send(mail{body: "Yes"}, l.address("c1", "bob")).is("451 4.7.1 Whether you may write")
	l.posts()
}

// TestWhoIsAskedAbout: what is about to be posted or held, and nothing else; each
// time anew.
func TestWhoIsAskedAbout(t *testing.T) {
	l := newLab(t)
	h := l.hooked(false)
	bob, ann := l.address("c1", "bob"), l.address("c1", "ann")
	for name, c := range map[string]struct {
		m    mail
		to   []string
		want string
	}{
		"a reply":                      {mail{body: "Yes"}, []string{bob}, "bob/c1"},
		"another one":                  {mail{body: "Yes again"}, []string{bob}, "bob/c1"},
		"two addresses of one":         {mail{body: "Yes, both"}, []string{ann, bob}, "bob/c1"},
		"a held one":                   {mail{body: "Hm", sign: "-"}, []string{bob}, "bob/c1"},
		"a vacation notice":            {mail{body: "I am away", head: "Auto-Submitted: auto-replied\n"}, []string{bob}, ""},
		"a stranger":                   {mail{body: "Yes", from: "eve@" + evil, sign: "-"}, []string{bob}, ""},
		"only a quotation":             {mail{body: "On Mon, 2 Nov 2026 at 10:00, Ann <ann@people.test> wrote:\n> Yes or no?\n> Ann"}, []string{bob}, ""},
		"stop":                         {mail{body: "stop"}, []string{bob}, ""},
		"the address nobody reads":     {mail{body: "Yes"}, []string{General + "@" + ourDomain}, ""},
		"postmaster":                   {mail{body: "Help"}, []string{"postmaster@" + ourDomain}, ""},
		"an address that is not there": {mail{body: "Yes"}, []string{"nobody@" + ourDomain}, ""},
	} {
		h.take()
		l.send(c.m, c.to...)
		if got := h.take(); got != c.want {
			t.Errorf("%s: asked about %q, want %q", name, got, c.want)
		}
	}
	l.ok(l.chat.PatchParticipant(t.Context(), shop, "c1", "bob", chat.ParticipantPatch{Access: chat.Give(gateway.ReadOnly)}))
	h.take()
	l.send(mail{body: "Yes"}, bob)
	if got := h.take(); got != "" {
		t.Errorf("asked about somebody who may not write here: %q", got)
	}
	// Another app has no hook.
	a, err := l.chat.ReplyAddress(t.Context(), club, "c1", "bob")
	l.ok(err)
	l.send(mail{body: "Yes"}, a.String()).is("250 2.0.0 Posted")
	if got := h.take(); got != "" {
		t.Errorf("asked about another app's: %q", got)
	}
}

// TestSeveralAreAskedAbout: one question for each, all at once; who is refused
// beside somebody who is not is told of it.
func TestSeveralAreAskedAbout(t *testing.T) {
	l := newLab(t)
	h := l.hooked(false)
	h.says(200, `{"allow": true}`)
	l.send(mail{body: "Both"}, l.address("c1", "bob"), l.address("c2", "bob")).is("250 2.0.0 Posted")
	if got := h.take(); got != "bob/c1 bob/c2" && got != "bob/c2 bob/c1" {
		t.Errorf("asked about %q", got)
	}
	h.says(503, "")
	l.send(mail{body: "None"}, l.address("c1", "bob"), l.address("c2", "bob")).is("451 4.7.1 ")
	h.says(200, `{"allow": false, "reason": "Closed"}`)
	l.send(mail{body: "None"}, l.address("c1", "bob"), l.address("c2", "bob")).is("550 5.7.1 Closed. ")
	if n := len(l.events(gateway.EventReplyRejected)); n != 2 {
		t.Errorf("%d refusals told", n)
	}
	l.posts("Both")
}

// TestHeldIsAskedAboutTwice: when it comes, and when its writer has it posted.
func TestHeldIsAskedAboutTwice(t *testing.T) {
	l := newLab(t)
	h := l.hooked(false)
	to := l.address("c1", "bob")
	h.says(200, `{"allow": false}`)
	l.send(mail{sign: "-", body: "Believe me"}, to).is("550 5.7.1 ")
	l.recorded(gateway.ReplyRejected, gateway.ReasonDenied)
	if !h.held {
		t.Error("the question does not say that it would be held")
	}
	h.says(200, `{"allow": true}`)
	l.send(mail{sign: "-", body: "Believe me"}, to).is("250 2.0.0 Accepted")
	h.take()
	var link string
	for _, n := range l.notices(shop) {
		if n.Kind == gateway.NoticeConfirm {
			link = pages.ConfirmPath + l.tokens.Mint(token.Confirm, n.Link, ourDomain)
		}
	}
	p := pages.New(pages.Config{
		Store: l.engine, Unsubscriber: suppression.Service{Store: l.engine}, Tokens: l.tokens, Domain: ourDomain, Chat: l.chat, Box: l.box, Log: l.rcv.Log,
		Asker: l.rcv.Authoriser,
	})
	post := func() *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", link, strings.NewReader(url.Values{"do": {"post"}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		return w
	}
	h.says(200, `{"allow": false, "reason": "<b>Closed</b>"}`)
	says(t, post(), 409, "It cannot be posted", "&lt;b&gt;Closed&lt;/b&gt;. Your message was not posted")
	h.says(500, "")
	says(t, post(), 503, "please try again")
	l.posts()
	h.says(200, `{"allow": true}`)
	says(t, post(), 200, "It is posted")
	if got := h.take(); got != "bob/c1 bob/c1 bob/c1" {
		t.Errorf("asked about %q", got)
	}
	l.posts("Believe me")
}

// TestNobodyToAsk: an app that wants to be asked is never passed over.
func TestNobodyToAsk(t *testing.T) {
	l := newLab(t)
	l.hooked(true)
	l.rcv.Authoriser = nil
	l.send(mail{body: "Yes"}, l.address("c1", "bob")).is("451 4.3.0 ")
	l.posts()
}

package inbound

import (
	"context"
	"net/http/httptest"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/pages"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

// replies are the records of an app, the oldest first.
func (l *lab) replies(a gateway.AppID) []gateway.Reply { return all(l, store.Replies, store.AppKey(a)) }

// last is the newest record of the shop.
func (l *lab) last() gateway.Reply {
	l.Helper()
	rs := l.replies(shop)
	if len(rs) == 0 {
		l.Fatal("there is no record")
	}
	return rs[len(rs)-1]
}

// events are the app's events of a type, the oldest first.
func (l *lab) events(typ gateway.EventType) (out []gateway.Event) {
	for _, e := range all(l, store.EventLog, store.AppKey(shop)) {
		if e.Type == typ {
			out = append(out, e)
		}
	}
	return out
}

// texts are what was posted by mail in a conversation of the shop, the oldest first.
func (l *lab) texts(c gateway.ConversationID) []string {
	out := []string{}
	for _, m := range l.messages(c) {
		out = append(out, m.Text)
	}
	return out
}

func (l *lab) messages(c gateway.ConversationID) (out []gateway.Message) {
	for _, m := range all(l, store.Messages, store.ConversationKey(shop, c)) {
		if m.Origin == gateway.OriginEmail {
			out = append(out, m)
		}
	}
	return out
}

func all[T any](l *lab, rows store.Rows[T], prefix store.Key) (out []T) {
	l.Helper()
	l.ok(l.engine.View(context.Background(), func(rd store.Reader) error {
		out = nil
		return rows.Scan(rd, store.Range{Prefix: prefix}, func(_ store.Key, v T) (bool, error) {
			out = append(out, v)
			return true, nil
		})
	}))
	return out
}

func (l *lab) update(fn func(store.Tx) error) {
	l.Helper()
	l.ok(l.watched.Update(context.Background(), store.AppScope(shop), fn))
}

// posts holds that the conversation c1 holds exactly these words by mail.
func (l *lab) posts(want ...string) {
	l.Helper()
	got := l.texts("c1")
	if len(got) != len(want) {
		l.Fatalf("posted %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			l.Errorf("posted %q, want %q", got[i], want[i])
		}
	}
}

// recorded holds what the newest record says.
func (l *lab) recorded(st gateway.ReplyState, why gateway.Reason) gateway.Reply {
	l.Helper()
	r := l.last()
	if r.State != st || r.Reason != why {
		l.Errorf("recorded %q for %q, want %q for %q", r.State, r.Reason, st, why)
	}
	if why != "" && !why.Known() {
		l.Errorf("the reason %q is not in the registry", why)
	}
	return r
}

// stored opens the mail that a record keeps.
func (l *lab) stored(a gateway.AppID, r gateway.Reply) string {
	l.Helper()
	sealed, err := l.engine.Blob(context.Background(), a, r.Raw)
	l.ok(err)
	plain, err := l.box.Open(secret.PurposeMail, sealed)
	l.ok(err)
	return string(plain)
}

// browse asks the recipients' pages.
func (l *lab) browse(url string) *httptest.ResponseRecorder {
	l.Helper()
	p := pages.New(pages.Config{Store: l.engine, Unsubscriber: suppression.Service{Store: l.engine}, Tokens: l.tokens, Domain: ourDomain, Chat: l.chat, Box: l.box, Log: l.rcv.Log})
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("GET", strings.TrimPrefix(url, publicURL), nil))
	return w
}

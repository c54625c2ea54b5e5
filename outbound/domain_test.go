package outbound

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
)

const own = "reply.shop.example"

// owned gives the shop a domain of its own and returns the keys it signs with.
func (l *lab) owned(name string) (keys []dkim.Key) {
	l.Helper()
	var plain []app.PlainKey
	for range 2 {
		k, err := dkim.GenerateEd25519(name, "s"+string(rune('1'+len(keys))))
		l.ok(err)
		pem, err := k.PEM()
		l.ok(err)
		keys, plain = append(keys, k), append(plain, app.PlainKey{Selector: k.Selector, PEM: pem})
	}
	_, err := l.apps().AddDomain(l.Context(), shop, name, plain)
	l.ok(err)
	return keys
}

func (l *lab) apps() app.Service { return app.Service{Store: l.store, Box: secret.NewBox(l.keys)} }

// signedBy are the domains of a mail's signatures, all of which verify.
func (l *lab) signedBy(raw []byte, keys []dkim.Key) (out []string) {
	l.Helper()
	results, err := dkim.Verify(context.Background(), []byte(strings.ReplaceAll(string(raw), "\n", "\r\n")), dkim.VerifyOptions{
		Now: time.Now(), LookupTXT: func(_ context.Context, name string) ([]string, error) {
			for _, k := range keys {
				if r, err := k.Record(); err == nil && strings.TrimSuffix(r.Name, ".") == strings.TrimSuffix(name, ".") {
					return []string{r.Value()}, nil
				}
			}
			return nil, errors.New("there is no key at " + name)
		}})
	l.ok(err)
	for _, r := range results {
		if r.Verdict != dkim.Pass {
			l.Errorf("the signature of %s: %v", r.Domain, r.Verdict)
		}
		out = append(out, r.Domain)
	}
	return out
}

// TestOwnDomain: an app's mail is from its own domain in everything that names one,
// and signed by its keys alone; from the installation's before and after.
func TestOwnDomain(t *testing.T) {
	bubble(t, func(l *lab) {
		keys := append(l.owned(own), l.dkim...)
		step := func(at string) delivered {
			l.Helper()
			before := len(l.peer.mails())
			l.say("c1", "From "+at)
			l.pass(delay + time.Second)
			mails := l.peer.mails()
			if len(mails) != before+1 {
				l.Fatalf("%d mails from %s", len(mails)-before, at)
			}
			m := mails[before].parse(l.T)
			for _, field := range []string{"From", "Reply-To", "Message-Id", "List-Id", "X-Replygate-Loop"} {
				if v := m.Header.Get(field); !strings.Contains(strings.ReplaceAll(v, " ", ""), at) {
					l.Errorf("from %s: %s: %s", at, field, v)
				}
			}
			if v := m.Header.Get("List-Unsubscribe"); !strings.Contains(v, "@"+at) || !strings.Contains(v, "https://pages.example.com/u/") {
				l.Errorf("from %s: List-Unsubscribe %s", at, v)
			}
			if !strings.HasSuffix(mails[before].from, "@"+at) {
				l.Errorf("from %s: the reverse-path is %s", at, mails[before].from)
			}
			if by := l.signedBy(mails[before].raw, keys); len(by) != 2 || by[0] != at || by[1] != at {
				l.Errorf("from %s: signed by %v", at, by)
			}
			return mails[before]
		}
		step(domain)
		l.ok(l.apps().UseDomain(l.Context(), shop, own))
		mail := step(own)
		if other := strings.Count(string(mail.raw), domain); other > 2 { // what it answers, and the thread, were there before
			l.Errorf("the installation's domain is named %d times", other)
		}
		// The link is the installation's, whose pages read it.
		tokens := token.NewMinter(l.keys)
		link := mail.parse(l.T).Header.Get("List-Unsubscribe")
		_, link, _ = strings.Cut(link, "https://pages.example.com/u/")
		if _, ok := tokens.ReadFor(token.Unsubscribe, link[:token.Length], domain); !ok {
			l.Errorf("the link %s leads nowhere", link)
		}
		l.ok(l.apps().UseDomain(l.Context(), shop, ""))
		step(domain)
	})
}

// TestOwnDomainOfWhatIsQueued: what was queued before goes out as it is, and what
// is written anew from the domain of now; its bounces come to that of its From.
func TestOwnDomainOfWhatIsQueued(t *testing.T) {
	for from, edited := range map[string]bool{domain: false, own: true} {
		bubble(t, func(l *lab) {
			l.owned(own)
			l.peer.answers(always("RCPT", "451 4.7.1 later"))
			said := l.post("c1", "Hello", "")
			l.pass(delay + time.Second)
			l.ok(l.apps().UseDomain(l.Context(), shop, own))
			if edited {
				l.edit("c1", said, "Hello, Bob")
			}
			l.peer.answers(nil)
			l.pass(time.Hour)
			mails := l.peer.mails()
			if len(mails) != 1 {
				l.Fatalf("%d mails", len(mails))
			}
			m := mails[0]
			if !strings.Contains(m.parse(l.T).Header.Get("From"), "@"+from) || !strings.HasSuffix(m.from, "@"+from) {
				l.Errorf("from %s, reverse-path %s, want %s", m.parse(l.T).Header.Get("From"), m.from, from)
			}
		})
	}
}

// TestNoKeysNoMail: without keys of the domain nothing is sent unsigned, nor in
// another's name; it goes out once they are there.
func TestNoKeysNoMail(t *testing.T) {
	bubble(t, func(l *lab) {
		l.owned(own)
		l.ok(l.apps().UseDomain(l.Context(), shop, own))
		var kept gateway.Domain
		change := func(fn func(store.Tx) error) { l.ok(l.engine.Update(l.Context(), store.AppScope(shop), fn)) }
		change(func(tx store.Tx) (err error) {
			if kept, err = store.Domains.Get(tx, store.DomainKey(own)); err != nil {
				return err
			}
			return store.Domains.Delete(tx, store.DomainKey(own))
		})
		l.say("c1", "Hello")
		l.pass(delay + time.Minute)
		stolen := kept
		stolen.App = "club"
		change(func(tx store.Tx) error { return store.Domains.Put(tx, store.DomainKey(own), stolen) })
		l.pass(time.Minute)
		if n := len(l.peer.mails()); n != 0 {
			l.Fatalf("%d mails without keys", n)
		}
		change(func(tx store.Tx) error { return store.Domains.Put(tx, store.DomainKey(own), kept) })
		l.pass(30 * time.Minute)
		if n := len(l.peer.mails()); n != 1 {
			l.Errorf("%d mails", n)
		}
	})
}

// TestNoticeFromOwnDomain: notices are from the app's domain too.
func TestNoticeFromOwnDomain(t *testing.T) {
	bubble(t, func(l *lab) {
		keys := l.owned(own)
		l.ok(l.apps().UseDomain(l.Context(), shop, own))
		l.ok(l.engine.Update(l.Context(), store.ConversationScope(shop, "c1"), func(tx store.Tx) error {
			return chat.QueueNotice(tx, time.Now(), shop, gateway.Notice{Kind: gateway.NoticeRefused, Conversation: "c1", Recipient: "bob", Reason: gateway.ReasonDenied})
		}))
		l.pass(time.Minute)
		mails := l.peer.mails()
		if len(mails) != 1 {
			l.Fatalf("%d mails", len(mails))
		}
		if h := mails[0].parse(l.T).Header; !strings.Contains(h.Get("From"), "@"+own) || !strings.Contains(h.Get("Message-Id"), "@"+own) || mails[0].from != "" {
			l.Errorf("%v, reverse-path %q", h, mails[0].from)
		}
		if by := l.signedBy(mails[0].raw, keys); len(by) != 2 || by[0] != own {
			l.Errorf("signed by %v", by)
		}
	})
}

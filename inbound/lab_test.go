package inbound

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/gatewaytest"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/gateway/wire"
	"github.com/replygate/replygate/inbound/smtpd"
	"github.com/replygate/replygate/storage/bolt"
)

// The cast: two tenants, and providers of mail that differ in what they publish.
const (
	shop, club = gateway.AppID("shop"), gateway.AppID("club")
	people     = "people.test" // signs; DMARC p=none
	bank       = "bank.test"   // signs; DMARC p=reject
	work       = "work.test"   // signs; no DMARC
	evil       = "evil.test"   // signs as well as anybody
	publicURL  = "https://pages.example.com"
)

// lab is the receiving side on a real engine, behind a real SMTP front and a
// real DNS.
type lab struct {
	testing.TB
	*watched
	dir    string
	engine *bolt.Engine
	chat   *chat.Service
	tokens *token.Minter
	box    *secret.Box
	dns    *gatewaytest.DNS
	keys   map[string]dkim.Key
	rcv    *Receiver
	addr   string
	logged *gatewaytest.Buffer

	mu   sync.Mutex
	seen map[gateway.ReplyState]int
}

func newLab(t testing.TB) *lab {
	t.Helper()
	l := &lab{TB: t, dir: t.TempDir(), dns: gatewaytest.NewDNS(t), keys: map[string]dkim.Key{}, logged: &gatewaytest.Buffer{}, seen: map[gateway.ReplyState]int{}}
	engine, err := bolt.Open(filepath.Join(l.dir, "db"), bolt.Options{})
	l.ok(err)
	t.Cleanup(func() { engine.Close() })
	l.engine, l.watched = engine, &watched{Store: engine, kept: map[string]int{}}
	keys := secret.Generate()
	l.tokens, l.box = token.NewMinter(keys), secret.NewBox(keys)
	l.chat = &chat.Service{Store: l.watched, Tokens: l.tokens, Domain: ourDomain, Links: wire.NewLinks(l.tokens, ourDomain, publicURL)}
	l.rcv = &Receiver{
		Store: l.watched, Chat: l.chat, Tokens: l.tokens, Box: l.box, Resolver: l.dns.Resolver, Domain: ourDomain, Hostname: "mx.example.com",
		LinkHosts: []string{"pages.example.com"}, Log: slog.New(slog.NewJSONHandler(l.logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Observe: func(s gateway.ReplyState, _ gateway.Reason) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.seen[s]++
		},
	}
	for _, d := range []string{people, bank, work, evil} {
		l.publish(d)
	}
	l.dns.Set("_dmarc."+people, "TXT", "v=DMARC1; p=none")
	l.dns.Set("_dmarc."+bank, "TXT", "v=DMARC1; p=reject")
	l.populate()
	l.addr = l.front(nil)
	return l
}

func (l *lab) publish(domain string) {
	k, err := dkim.GenerateEd25519(domain, "s")
	l.ok(err)
	r, err := k.Record()
	l.ok(err)
	l.dns.Set(r.Name, "TXT", r.Value())
	l.keys[domain] = k
}

// populate makes the people and who may do what.
func (l *lab) populate() {
	apps := app.Service{Store: l.engine, Box: l.box}
	for _, id := range []gateway.AppID{shop, club} {
		_, err := apps.Create(l.Context(), app.New{ID: id, Name: "The " + string(id)})
		l.ok(err)
		for user, email := range map[gateway.UserID][]string{
			"ann": {"ann@" + people}, "bob": {"bob@" + people, "bob@" + work}, "dan": {"dan@" + bank}, "eli": {"eli@unsigned.test"}, "none": nil,
		} {
			_, err := l.chat.PutUser(l.Context(), id, user, chat.UserPatch{
				Name: chat.Give("The real " + string(user)), Email: chat.Give(chat.Strings(email)),
			})
			l.ok(err)
		}
		for _, c := range []gateway.ConversationID{"c1", "c2"} {
			l.ok(l.chat.PutConversation(l.Context(), id, c, chat.ConversationPatch{
				Participants: chat.Give([]gateway.UserID{"ann", "bob", "dan", "eli", "none"}),
			}))
		}
	}
}

// front runs an SMTP front on a loopback port until the test ends.
func (l *lab) front(change func(*smtpd.Config)) (addr string) {
	l.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	l.ok(err)
	c := smtpd.Config{
		Hostname: "mx.example.com", Domain: ourDomain, MaxPerNetwork: 1000, MaxErrors: 1000, MaxRefused: 1000, MaxJunk: 1 << 20,
		ConnectionRate: -1, RefusalRate: -1, DrainTimeout: 2 * time.Second, Logger: l.rcv.Log,
	}
	if change != nil {
		change(&c)
	}
	srv := smtpd.New(c, l.rcv)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Serve(ctx, listener)
	}()
	l.Cleanup(func() {
		stop()
		<-done
	})
	return listener.Addr().String()
}

func (l *lab) ok(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// address is a participant's reply address.
func (l *lab) address(c gateway.ConversationID, u gateway.UserID) string {
	l.Helper()
	a, err := l.chat.ReplyAddress(l.Context(), shop, c, u)
	l.ok(err)
	return a.String()
}

// sign has a provider sign a mail.
func (l *lab) sign(domain string, raw []byte) []byte {
	l.Helper()
	signed, err := dkim.Sign(raw, dkim.SignOptions{Keys: []dkim.Key{l.keys[domain]}, Now: time.Now().Add(-time.Minute)})
	l.ok(err)
	return signed
}

// notified remembers a mail sent to a participant, and returns its delivery.
func (l *lab) notified(u gateway.UserID, c gateway.ConversationID, to, text string) gateway.Delivery {
	l.Helper()
	addr, err := gateway.ParseAddress(to)
	l.ok(err)
	body, err := json.Marshal(store.SentBody{Text: text})
	l.ok(err)
	staged, err := l.engine.Stage(context.Background(), shop, l.box.Seal(secret.PurposeMail, body))
	l.ok(err)
	d := gateway.Delivery{
		ID: gateway.DeliveryID("dlv_" + nextID()), Conversation: c, Recipient: u, To: addr, State: gateway.DeliverySent,
		Bounce: gateway.Handle(rand.Uint64N(uint64(gateway.MaxHandle))), CreatedAt: time.Now(),
	}
	d.MessageID = string(d.ID) + "@" + ourDomain
	l.update(func(tx store.Tx) error {
		if _, err := tx.Keep(staged); err != nil {
			return err
		}
		row := store.HandleRow{Handle: d.Bounce, App: shop, Purpose: string(rune(token.Bounce)), Conversation: c, User: u, Delivery: d.ID, Address: addr}
		s := gateway.Sent{Delivery: d.ID, Conversation: c, Recipient: u, MessageID: d.MessageID, Subject: "Order", FromName: "Ann via Shop", Body: staged.Ref, SentAt: time.Now()}
		return errors.Join(store.Mails.Put(tx, store.AppKey(shop).String(string(d.ID)), d), store.Handles.Put(tx, store.HandleKey(d.Bounce), row),
			store.SentMails.Put(tx, store.SentKey(shop, s), s))
	})
	return d
}

// verp is the reverse-path of a delivery.
func (l *lab) verp(d gateway.Delivery) string {
	return l.tokens.Address(token.Bounce, d.Bounce, ourDomain).String()
}

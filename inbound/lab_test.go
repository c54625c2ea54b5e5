package inbound

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"net/textproto"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/gatewaytest"
	"github.com/replygate/replygate/gateway/pages"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
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
	logged *safeBuffer

	mu   sync.Mutex
	seen map[gateway.ReplyState]int
}

// watched counts what is asked of a store, and has it fail on demand.
type watched struct {
	store.Store
	mu     sync.Mutex
	views  int
	before func(what string) error // of "view", "update", "stage"
	kept   map[string]int          // references to stored bytes
}

func (w *watched) ask(what string) error {
	w.mu.Lock()
	if what == "view" {
		w.views++
	}
	before := w.before
	w.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(what)
}

// once has f called before the next access of a kind, and never again.
func (w *watched) once(what string, f func() error) {
	var done sync.Once
	w.when(func(asked string) (err error) {
		if asked == what {
			done.Do(func() {
				w.when(nil)
				err = f()
			})
		}
		return err
	})
}

func (w *watched) when(f func(what string) error) {
	w.mu.Lock()
	w.before = f
	w.mu.Unlock()
}

func (w *watched) View(ctx context.Context, fn func(store.Reader) error) error {
	if err := w.ask("view"); err != nil {
		return err
	}
	return w.Store.View(ctx, fn)
}

func (w *watched) Update(ctx context.Context, s store.Scope, fn func(store.Tx) error) error {
	if err := w.ask("update"); err != nil {
		return err
	}
	var book ledger
	err := w.Store.Update(ctx, s, func(tx store.Tx) error {
		book = ledger{tx, map[string]int{}}
		return fn(&book)
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for ref, n := range book.change {
		if w.kept[ref] += n; w.kept[ref] == 0 {
			delete(w.kept, ref)
		}
	}
	return nil
}

func (w *watched) Stage(ctx context.Context, a gateway.AppID, b []byte) (store.Staged, error) {
	if err := w.ask("stage"); err != nil {
		return store.Staged{}, err
	}
	return w.Store.Stage(ctx, a, b)
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newLab(t testing.TB) *lab {
	t.Helper()
	l := &lab{TB: t, dir: t.TempDir(), dns: gatewaytest.NewDNS(t), keys: map[string]dkim.Key{}, logged: &safeBuffer{}, seen: map[gateway.ReplyState]int{}}
	engine, err := bolt.Open(filepath.Join(l.dir, "db"), bolt.Options{})
	l.ok(err)
	t.Cleanup(func() { engine.Close() })
	l.engine, l.watched = engine, &watched{Store: engine, kept: map[string]int{}}
	keys := secret.Generate()
	l.tokens, l.box = token.NewMinter(keys), secret.NewBox(keys)
	l.chat = &chat.Service{Store: l.watched, Tokens: l.tokens, Domain: ourDomain, Links: wire.NewLinks(l.tokens, ourDomain, publicURL)}
	l.rcv = &Receiver{
		Store: l.watched, Chat: l.chat, Tokens: l.tokens, Box: l.box, Resolver: l.dns.Resolver, Domain: ourDomain,
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

// mail is a mail to be written. Left empty, From is bob's and the Message-ID unique.
type mail struct {
	from, subject, id string
	head              string // more fields, each with its LF
	body              string
	sign              string // the domain that signs; "-" for none; From's by default
	path              string // MAIL FROM; From's by default
}

var unique struct {
	sync.Mutex
	n int
}

func nextID() string {
	unique.Lock()
	defer unique.Unlock()
	unique.n++
	return time.Now().Format("150405.000000000") + "." + strings.Repeat("x", unique.n%7) + string(rune('a'+unique.n%26)) + "@mail.people.test"
}

// bytes writes the mail, unsigned.
func (m mail) bytes() []byte {
	if m.from == "" {
		m.from = "Bob <bob@" + people + ">"
	}
	if m.id == "" {
		m.id = nextID()
	}
	if m.subject == "" {
		m.subject = "Re: Order"
	}
	head := "From: " + m.from + "\nTo: Somebody <someone@elsewhere.test>\nSubject: " + m.subject +
		"\nDate: " + time.Now().Format(time.RFC1123Z) + "\nMessage-ID: <" + m.id + ">\n" + m.head
	if !strings.Contains(m.head, "Content-Type:") {
		head += "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
	}
	if m.id == "-" {
		head = strings.Replace(head, "Message-ID: <->\n", "", 1)
	}
	return crlf(head + "\n" + m.body)
}

func crlf(s string) []byte {
	return []byte(strings.ReplaceAll(strings.ReplaceAll(strings.TrimSuffix(s, "\n")+"\n", "\r\n", "\n"), "\n", "\r\n"))
}

// send writes, signs and sends the mail to recipients.
func (l *lab) send(m mail, to ...string) session {
	l.Helper()
	from := m.from
	if from == "" {
		from = "bob@" + people
	}
	if i := strings.IndexByte(from, '<'); i >= 0 {
		from = strings.Trim(from[i:], "<>")
	}
	_, domain, _ := strings.Cut(strings.ToLower(from), "@")
	raw := m.bytes()
	if m.sign == "" {
		m.sign = domain
	}
	if _, has := l.keys[m.sign]; has {
		raw = l.sign(m.sign, raw)
	}
	if m.path == "" {
		m.path = from
	}
	return l.deliver(strings.TrimPrefix(m.path, "-"), raw, to...)
}

// session is what a sending server heard.
type session struct {
	t    testing.TB
	rcpt []string // the answers to RCPT
	dot  string   // to the final dot; empty if it was not sent
}

// is holds that the mail was answered so: the beginning of the last answer.
func (s session) is(want string) session {
	s.t.Helper()
	got := s.dot
	if got == "" {
		got = strings.Join(s.rcpt, " / ")
	}
	if !strings.HasPrefix(got, want) {
		s.t.Errorf("answered %q, want %q", got, want)
	}
	return s
}

func (s session) accepted() bool { return strings.HasPrefix(s.dot, "250") }

// deliver has a conversation with the server. from is without brackets.
func (l *lab) deliver(from string, raw []byte, to ...string) session {
	l.Helper()
	s, err := talk(l, l.addr, from, raw, to)
	if err != nil {
		l.Errorf("the session broke off: %v", err)
	}
	return s
}

func talk(t testing.TB, addr, from string, raw []byte, to []string) (s session, err error) {
	s.t = t
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return s, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(40 * time.Second))
	c := textproto.NewConn(conn)
	say := func(line string) string {
		if err == nil && line != "" {
			err = c.PrintfLine("%s", line)
		}
		if err != nil {
			return ""
		}
		var code int
		var text string
		code, text, err = c.ReadResponse(0)
		var refused *textproto.Error
		if errors.As(err, &refused) {
			err = nil
		}
		return strconv.Itoa(code) + " " + text
	}
	say("")
	say("EHLO mail.people.test")
	if got := say("MAIL FROM:<" + from + ">"); !strings.HasPrefix(got, "250") {
		s.rcpt = append(s.rcpt, got)
		return s, err
	}
	taken := false
	for _, r := range to {
		got := say("RCPT TO:<" + r + ">")
		s.rcpt = append(s.rcpt, got)
		taken = taken || strings.HasPrefix(got, "250")
	}
	if !taken {
		say("QUIT")
		return s, err
	}
	say("DATA")
	w := c.DotWriter()
	io.Copy(w, bytes.NewReader(raw))
	w.Close()
	s.dot = say("")
	say("QUIT")
	return s, err
}

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
	p := pages.New(pages.Config{Store: l.engine, Unsubscriber: suppression.Service{Store: l.engine}, Tokens: l.tokens, Domain: ourDomain, Box: l.box, Log: l.rcv.Log})
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("GET", strings.TrimPrefix(url, publicURL), nil))
	return w
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

package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/storage/bolt"
)

const shop = gateway.AppID("shop")

var bob = gateway.Address{LocalPart: "bob", Domain: "people.test"}

type lab struct {
	*testing.T
	Service
}

func newLab(t *testing.T) *lab {
	t.Helper()
	engine, err := bolt.Open(filepath.Join(t.TempDir(), "db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	return &lab{t, Service{Store: engine, Box: secret.NewBox(secret.Generate())}}
}

func (l *lab) keep(app gateway.AppID, id string, to gateway.Address, raw []byte) {
	l.Helper()
	if err := l.Keep(l.Context(), app, store.KeptMail{Delivery: gateway.DeliveryID(id), To: to, At: time.Now()}, raw); err != nil {
		l.Fatal(err)
	}
}

// ids are the mails of an app, the newest first.
func (l *lab) ids(app gateway.AppID, q Query) string {
	l.Helper()
	if q.Limit == 0 {
		q.Limit = MaxMails + 1
	}
	mails, err := l.List(l.Context(), app, q)
	if err != nil {
		l.Fatal(err)
	}
	var out []string
	for _, m := range mails {
		out = append(out, string(m.Delivery))
	}
	return strings.Join(out, " ")
}

// use is what the mailbox thinks it holds.
func (l *lab) use(app gateway.AppID) (use store.MailboxUse) {
	l.Helper()
	err := l.Store.View(l.Context(), func(rd store.Reader) (err error) {
		use, _, err = store.MailboxUses.Find(rd, store.AppKey(app))
		return err
	})
	if err != nil {
		l.Fatal(err)
	}
	return use
}

// TestKeep: kept once, sealed, found again as it was, and dropped.
func TestKeep(t *testing.T) {
	l := newLab(t)
	big := bytes.Repeat([]byte("words "), 10_000) // beyond what a commit holds
	for range 2 {
		l.keep(shop, "dlv_1", bob, []byte("Subject: one\r\n\r\n"))
		l.keep(shop, "dlv_2", gateway.Address{LocalPart: "Bob", Domain: "people.test"}, big)
		l.keep("club", "dlv_3", bob, []byte("another app's"))
	}
	if got := l.ids(shop, Query{To: bob}); got != "dlv_2 dlv_1" {
		t.Errorf("listed %s", got)
	}
	m, err := l.Mail(t.Context(), shop, "dlv_2")
	if err != nil || !bytes.Equal(m.Raw, big) || m.Size != int64(len(big)) {
		t.Fatalf("%d octets, %v", len(m.Raw), err)
	}
	if sealed, err := l.Store.Blob(t.Context(), shop, m.KeptMail.Raw); err != nil || bytes.Contains(sealed, []byte("words")) {
		t.Errorf("it is not sealed: %v", err)
	}
	var missing gateway.NotFound
	if _, err := l.Mail(t.Context(), shop, "dlv_3"); !errors.As(err, &missing) {
		t.Errorf("another app's mail: %v", err)
	}
	if n, err := l.Empty(t.Context(), shop); n != 2 || err != nil {
		t.Errorf("emptied %d, %v", n, err)
	}
	if _, err := l.Store.Blob(t.Context(), shop, m.KeptMail.Raw); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the mail's octets stay: %v", err)
	}
	if use := l.use(shop); use != (store.MailboxUse{}) || l.ids("club", Query{}) != "dlv_3" {
		t.Errorf("%+v, %s", use, l.ids("club", Query{}))
	}
}

// TestBounds: the oldest make room, by number and by size; a mail beyond all
// bounds is kept alone.
func TestBounds(t *testing.T) {
	l := newLab(t)
	l.bytes = 256 << 10
	size := l.bytes / 4
	for i := range 6 {
		l.keep(shop, fmt.Sprintf("dlv_%d", i), bob, bytes.Repeat([]byte{byte('a' + i)}, int(size)))
	}
	if got, use := l.ids(shop, Query{}), l.use(shop); got != "dlv_5 dlv_4 dlv_3 dlv_2" || use != (store.MailboxUse{Mails: 4, Bytes: 4 * size}) {
		t.Errorf("%s, %+v", got, use)
	}
	l.keep(shop, "dlv_6", bob, bytes.Repeat([]byte("z"), int(l.bytes)+1))
	if got, use := l.ids(shop, Query{}), l.use(shop); got != "dlv_6" || use.Mails != 1 {
		t.Errorf("%s, %+v", got, use)
	}
	if _, err := l.Empty(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := range (MaxMails + 48) / 8 {
				l.keep(shop, fmt.Sprintf("dlv_%04d_%d", i, w), bob, []byte("small"))
			}
		})
	}
	all.Wait()
	if use := l.use(shop); use.Mails != MaxMails || use.Bytes != 5*MaxMails {
		t.Errorf("%+v", use)
	}
	if n := len(strings.Fields(l.ids(shop, Query{}))); n != MaxMails {
		t.Errorf("%d mails", n)
	}
}

package outbound

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/gateway/wire"
	"github.com/replygate/replygate/storage/bolt"
)

// BenchmarkNotify is a notification of three messages: loaded, decided, composed
// in both forms, signed with RSA-2048 and Ed25519, sealed and staged.
func BenchmarkNotify(b *testing.B) {
	ok := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	rsa, ed := signers(b)
	engine, err := bolt.Open(filepath.Join(b.TempDir(), "db"), bolt.Options{})
	ok(err)
	defer engine.Close()
	keys := secret.Generate()
	tokens, box := token.NewMinter(keys), secret.NewBox(keys)
	talk := &chat.Service{Store: engine, Tokens: tokens, Domain: domain, Links: wire.NewLinks(tokens, domain, "https://pages.example.com")}
	n := &Notifier{
		Store: engine, Chat: talk, Tokens: tokens, Box: box, Domain: domain, PublicURL: "https://pages.example.com",
		Sender: "notifications", Log: slog.New(slog.DiscardHandler),
	}
	n.Keys = append(n.Keys, rsa, ed)
	ctx := context.Background()
	_, err = app.Service{Store: engine, Box: box}.Create(ctx, app.New{ID: shop, Name: "Acme Shop"})
	ok(err)
	for _, u := range []gateway.UserID{"ann", "bob"} {
		_, err := talk.PutUser(ctx, shop, u, chat.UserPatch{Name: chat.Give("The " + string(u)), Email: chat.Give(chat.Strings{string(u) + "@people.test"})})
		ok(err)
	}
	ok(talk.PutConversation(ctx, shop, "c1", chat.ConversationPatch{Subject: chat.Give("Order 7"), Participants: chat.Give([]gateway.UserID{"ann", "bob"})}))
	for i := range 3 {
		_, err := talk.PostMessages(ctx, shop, "c1", []chat.NewMessage{{
			Sender: chat.Give[gateway.UserID]("ann"), Text: chat.Give(fmt.Sprintf("Message %d: the blue one is sold out, shall we send the green one?", i)),
		}}, chat.Posting{})
		ok(err)
	}
	now := time.Now().Add(time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		var p chat.Pending
		ok(engine.View(ctx, func(rd store.Reader) (err error) {
			p, err = chat.LoadPending(rd, shop, "c1")
			return err
		}))
		work := &batch{Notifier: n, pending: p, now: now}
		ok(work.compose(ctx, decisions(p.Inputs, now)))
		if len(work.mails) == 0 || len(work.mails[len(work.mails)-1]) != 1 {
			b.Fatalf("wrote %+v", work.decided)
		}
	}
}

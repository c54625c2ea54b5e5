package outbound

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/outbound/compose"
	"github.com/replygate/replygate/storage/bolt"
)

// talk is the conversation that tests write the rows of.
const talk = gateway.ConversationID("4711")

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// desk is a letter to Carla in a conversation whose rows a test writes.
func desk(t *testing.T) *letter {
	t.Helper()
	e, err := bolt.Open(t.TempDir(), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	b := &batch{Notifier: &Notifier{Store: e, Chat: &chat.Service{Store: e}, PublicURL: "https://mail.example.com"}, now: noon}
	b.pending.App = gateway.App{ID: shop, DefaultLocale: "de", Roles: map[string]gateway.Role{}}
	b.pending.Conversation = gateway.Conversation{ID: talk, Custom: map[string]string{"ad": "bicycle"}}
	carla := gateway.User{ID: "carla", Name: "Carla", TimeZone: "Europe/Rome", Locale: "it-IT", Custom: map[string]string{"plan": "gold"}}
	return &letter{batch: b, in: &notify.Input{User: carla}}
}

func (l *letter) change(t *testing.T, fn func(store.Tx) error) {
	t.Helper()
	if err := l.Store.Update(t.Context(), store.ConversationScope(shop, talk), fn); err != nil {
		t.Fatal(err)
	}
}

// say stores a message and has the letter tell of it.
func (l *letter) say(t *testing.T, m gateway.Message) gateway.Message {
	t.Helper()
	m.Number = uint64(len(l.decision.Messages) + 1)
	m.CreatedAt = noon.Add(time.Duration(m.Number) * time.Minute)
	if m.Type == "" {
		m.Type = gateway.UserMessage
	}
	l.change(t, func(tx store.Tx) error {
		place := store.MessagePlace{CreatedAt: m.CreatedAt, Number: m.Number}
		if err := store.MessagePlaces.Put(tx, store.ConversationKey(shop, talk).String(string(m.ID)), place); err != nil {
			return err
		}
		return store.Messages.Put(tx, store.MessageKey(shop, talk, m.CreatedAt, m.Number), m)
	})
	l.decision.Messages = append(l.decision.Messages, m)
	return m
}

func TestLoad(t *testing.T) {
	l := desk(t)
	photo, plain := "https://x.example/ann.jpg", "http://x.example/ben.jpg"
	l.change(t, func(tx store.Tx) error {
		if err := store.Users.Put(tx, store.UserKey(shop, "ann"), gateway.User{ID: "ann", Name: "Ann", PhotoURL: &photo}); err != nil {
			return err
		}
		return store.Users.Put(tx, store.UserKey(shop, "ben"), gateway.User{ID: "ben", PhotoURL: &plain})
	})
	earlier := l.say(t, gateway.Message{ID: "m1", Sender: "ann", Text: "before"})
	own := l.say(t, gateway.Message{ID: "m2", Sender: "carla", Text: "mine"})
	system := l.say(t, gateway.Message{ID: "m3", Type: gateway.SystemMessage, Text: "Ben joined"})
	edited := l.say(t, gateway.Message{ID: "m4", Sender: "ann", Text: "first", ReferencedMessage: "m2"})
	deleted := l.say(t, gateway.Message{ID: "m5", Sender: "dan", Text: "gone"})
	sticker := l.say(t, gateway.Message{
		ID: "m6", Sender: "ben", Text: "<@ann> see", Custom: map[string]string{"kind": "sticker"}, ReferencedMessage: "m5",
		Attachment: &gateway.Attachment{URL: "https://x.example/cat.WEBP?size=2"},
	})
	l.decision.News = []gateway.Message{edited, deleted, sticker}
	l.change(t, func(tx store.Tx) error {
		now := edited
		now.Text = "second"
		if err := store.Messages.Put(tx, store.MessageKey(shop, talk, now.CreatedAt, now.Number), now); err != nil {
			return err
		}
		if err := store.MessagePlaces.Delete(tx, store.ConversationKey(shop, talk).String("m5")); err != nil {
			return err
		}
		return store.Messages.Delete(tx, store.MessageKey(shop, talk, deleted.CreatedAt, deleted.Number))
	})

	names, ms, _, err := l.load(t.Context())
	if err != nil || !slices.Equal(names, []string{"Ann", "ben"}) || len(ms) != 5 {
		t.Fatalf("%v, names %q, %d messages", err, names, len(ms))
	}
	if ms[0].ID != string(earlier.ID) || !ms[0].Context || ms[0].SenderPhoto != photo || ms[0].At.Hour() != 13 {
		t.Errorf("context: %+v", ms[0])
	}
	if !ms[1].Own || ms[1].Text != own.Text || !ms[2].System || ms[2].Text != system.Text || ms[2].Own {
		t.Errorf("own and system: %+v %+v", ms[1], ms[2])
	}
	if ms[3].Text != "second" || ms[3].Context || ms[3].Quote == nil || !ms[3].Quote.Own || ms[3].Quote.Text != "mine" {
		t.Errorf("edited: %+v, %+v", ms[3], ms[3].Quote)
	}
	s := ms[4]
	if s.SenderName != "ben" || s.SenderPhoto != "" || s.Quote != nil || s.Names["ann"] != "Ann" || s.Attachment == nil || !s.Attachment.Sticker || !s.Attachment.Image {
		t.Errorf("sticker: %+v, %+v", s, s.Attachment)
	}

	l.decision.News = []gateway.Message{deleted}
	if _, _, _, err := l.load(t.Context()); !errors.Is(err, errNothingLeft) {
		t.Errorf("with all news deleted: %v", err)
	}
}

func TestIsImage(t *testing.T) {
	for _, c := range []struct {
		a    gateway.Attachment
		want bool
	}{
		{gateway.Attachment{Name: "a.JPG"}, true},
		{gateway.Attachment{Name: "a.svg"}, false},
		{gateway.Attachment{Name: "a.pdf", URL: "https://x.example/a.png"}, false},
		{gateway.Attachment{Name: "photo", URL: "https://x.example/a.png?x=.pdf"}, true},
		{gateway.Attachment{Name: "a.png", Type: "application/pdf"}, false},
		{gateway.Attachment{Name: "a", Type: "image/jpeg"}, true},
		{gateway.Attachment{Name: "a", Type: "image/svg+xml"}, false},
		{gateway.Attachment{URL: "%zz"}, false},
	} {
		if got := isImage(&c.a); got != c.want {
			t.Errorf("%+v: %v", c.a, got)
		}
	}
}

func TestDress(t *testing.T) {
	l := desk(t)
	l.pending.App.Roles["default"] = gateway.Role{
		ConversationURL: "https://x.example/{conversation.id}", InlineImages: true, UnsubscribeText: "Leave",
	}
	l.pending.App.Roles["agents"] = gateway.Role{ConversationURL: "https://x.example/desk", LinkAgentsOnly: true}
	l.change(t, func(tx store.Tx) error {
		for locale, text := range map[string]string{"": "any", "de": "German", "it": "Italian"} {
			k := store.AppKey(shop).String("default").String(locale)
			if err := store.Templates.Put(tx, k, gateway.Template{HTML: text, Subject: "s"}); err != nil {
				return err
			}
		}
		return nil
	})
	dress := func(u gateway.User, n compose.Notification) compose.Notification {
		t.Helper()
		l.in.User = u
		if err := l.dress(t.Context(), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	carla := l.in.User
	n := dress(carla, compose.Notification{})
	if n.Template.HTML != "Italian" || n.Template.Subject != "s" || n.ConversationURL != "https://x.example/4711" || n.LinkImages || n.UnsubscribeText != "Leave" ||
		n.RecipientID != "carla" || n.RecipientCustom["plan"] != "gold" || n.ConversationID != "4711" || n.ConversationCustom["ad"] != "bicycle" ||
		n.NeutralPhoto != "https://mail.example.com/person.png" {
		t.Errorf("got %+v", n)
	}
	if n := dress(carla, compose.Notification{InReplyTo: "a@b"}); n.Template.Subject != "" {
		t.Error("a later mail has another subject")
	}
	for locale, want := range map[string]string{"": "German", "de_AT": "German", "fr": "German", "IT": "Italian"} {
		carla.Locale = locale
		if n := dress(carla, compose.Notification{}); n.Template.HTML != want {
			t.Errorf("%q: template %q", locale, n.Template.HTML)
		}
	}
	l.pending.App.DefaultLocale = "sv"
	if n := dress(gateway.User{ID: "x", Locale: "fr"}, compose.Notification{}); n.Template.HTML != "any" {
		t.Errorf("template %q", n.Template.HTML)
	}
	for kind, want := range map[gateway.Kind]string{gateway.KindUser: "", gateway.KindAgent: "https://x.example/desk"} {
		n := dress(gateway.User{ID: "x", Role: "agents", Kind: kind}, compose.Notification{})
		if n.ConversationURL != want || !n.LinkImages || n.Template != (compose.Template{}) {
			t.Errorf("%s: %+v", kind, n)
		}
	}
}

package inbound

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

const alternative = "MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b1\n"

// gmailReaction is what Gmail sends when its reaction button is pressed.
func gmailReaction(emoji, told string) string {
	return "--b1\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + emoji + "\n\n" + told + "\n" +
		"\n--b1\nContent-Type: text/vnd.google.email-reaction+json; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + `{"emoji":"` + emoji + `","version":1}` +
		"\n--b1\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n<div><p style=\"font-size:50px\">" + emoji + "</p><p>" + told + "</p></div>\n--b1--\n"
}

// TestReactions: a client's reaction button makes an event, and posts nothing.
func TestReactions(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	l.send(mail{from: "Ann <ann@" + people + ">", body: "Shall we send the green one?"}, l.address("c1", "ann")).is("250 2.0.0 Posted")
	l.posts("Shall we send the green one?")
	message := l.messages("c1")[0].ID
	d := l.notified("bob", "c1", "bob@"+people, "Shall we send the green one?")
	l.update(func(tx store.Tx) error {
		for _, s := range all(l, store.SentMails, nil) {
			s.Shown, s.UpTo = []gateway.MessageID{message}, 1
			if err := store.SentMails.Put(tx, store.SentKey(shop, s), s); err != nil {
				return err
			}
		}
		return nil
	})
	answers := "In-Reply-To: <" + d.MessageID + ">\n"
	for i, c := range []struct {
		mail  mail
		emoji string
	}{
		{mail{head: alternative + answers, body: gmailReaction("👍", "Bob reacted via Gmail <https://www.google.com/gmail/about/?utm_campaign=emojireactionemail#app>")}, "👍"},
		{mail{head: alternative + answers, body: gmailReaction("1️⃣", "Bob, in words that nobody knows")}, "1️⃣"},
		{mail{head: alternative + answers, body: gmailReaction("👩‍👩‍👧‍👦", "Bob reagiu")}, "👩‍👩‍👧‍👦"},
		{mail{head: "Content-Type: text/plain; charset=utf-8\n" + answers, body: "[like] Bob reacted to your message:\n\n________________________________\nFrom: Ann via Shop <chat@" + ourDomain + ">\nSent: Monday, January 3, 2022 4:00 PM\nTo: Bob\nSubject: Order\n\nShall we send the green one?\n"}, "👍"},
	} {
		l.send(c.mail, to).is("250 2.0.0 Posted")
		r := l.recorded(gateway.ReplyReaction, "")
		if r.Reaction != c.emoji || r.Content.Text != c.emoji || len(r.Posted)+len(r.Attachments) != 0 {
			t.Errorf("recorded %q, %+v", r.Reaction, r)
		}
		es := l.events(gateway.EventReplyReaction)
		if len(es) != i+1 {
			t.Fatalf("%s: %d events", c.emoji, len(es))
		}
		var data wire.ReactionData
		l.ok(json.Unmarshal(es[i].Data, &data))
		about := data.ReferencedMessageID
		if data.Emoji != c.emoji || data.Sender.Name != "The real bob" || data.Conversation.ID != "c1" || data.Reply.ID != r.ID || about == nil || *about != message || es[i].Seq == 0 {
			t.Errorf("told %s", es[i].Data)
		}
	}
	l.posts("Shall we send the green one?")
	if p := all(l, store.Participants, store.ConversationKey(shop, "c1").String("bob")); len(p) != 1 || p[0].ReadCount != 1 || !p[0].RepliedAt.IsZero() {
		t.Errorf("what was reacted to is not read: %+v", p)
	}
}

// TestReactionsOfOthers: a reaction is judged as any reply; one that lies about
// being one is a reply.
func TestReactionsOfOthers(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	m := mail{head: alternative, body: gmailReaction("🎉", "x"), sign: "-"}
	l.send(m, to).is("250 2.0.0 Accepted")
	r := l.recorded(gateway.ReplyHeld, gateway.ReasonUnauthentic)
	if n := len(l.events(gateway.EventReplyReaction)); n != 0 {
		t.Errorf("%d reactions nobody vouched for were told", n)
	}
	done, err := l.chat.Approve(t.Context(), shop, r.ID)
	l.ok(err)
	if es := l.events(gateway.EventReplyReaction); done.State != gateway.ReplyReaction || len(es) != 1 || !strings.Contains(string(es[0].Data), `"emoji":"🎉","referencedMessageId":null`) {
		t.Errorf("approved %+v: %+v", done, es)
	}
	m.sign = ""
	m.id = "same@mail"
	l.send(m, to).is("250 2.0.0 Posted")
	l.send(m, to).is("250 2.0.0 Already")
	l.recorded(gateway.ReplyDuplicate, gateway.ReasonDuplicate)
	for _, words := range []string{"not an emoji", `\u0007`, "<b>"} {
		l.send(mail{head: alternative, body: strings.Replace(gmailReaction("👍", "x"), `{"emoji":"👍"`, `{"emoji":"`+words+`"`, 1)}, to).is("250 2.0.0 Posted")
		if r := l.last(); r.State != gateway.ReplyPosted || r.Reaction != "" {
			t.Errorf("%q is a reaction: %+v", words, r)
		}
	}
	l.send(mail{head: "Content-Type: text/plain; charset=utf-8\n", body: "👍"}, to).is("250 2.0.0 Posted")
	if r := l.last(); r.State != gateway.ReplyPosted {
		t.Errorf("an emoji that somebody typed is no reaction: %+v", r)
	}
}

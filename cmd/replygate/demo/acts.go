package demo

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/replygate/replygate/dkim"
)

// chatMessage is what the demo looks at of a chat message.
type chatMessage struct {
	ID       string `json:"id"`
	SenderID string `json:"senderId"`
	Text     string `json:"text"`
	Origin   string `json:"origin"`
}

type dict = map[string]any

// talk has the chat backend create people and a conversation, and post a message.
func (w *world) talk(ctx context.Context) error {
	w.step("The chat backend makes users and a conversation, and Ann writes while Bob and Carol are away")
	b := w.backend
	path := "/conversations/" + conversation
	calls := []struct {
		method, path string
		body         any
	}{
		{"PUT", "/users", dict{
			"ann":   dict{"name": "Ann Field", "email": []string{"ann@" + peopleDomain}},
			"bob":   dict{"name": w.bob.name, "email": []string{w.bob.addr}},
			"carol": dict{"name": w.carol.name, "email": []string{w.carol.addr}},
		}},
		{"PUT", "/roles/default", dict{"delay": 1}},
		{"PUT", path, dict{"subject": "Order 1047", "participants": []string{"ann", "bob"}}},
		{"PUT", path + "/participants/carol", dict{"access": "Read"}},
		{"PUT", "/users/ann/presence", dict{"online": true, "selectedConversationId": conversation, "hasFocus": true}},
		{"POST", path + "/messages", []dict{
			{"sender": "ann", "type": "UserMessage", "text": "Hi Bob, the blue one is sold out.\nShall we send the green one instead?"},
		}},
	}
	for _, c := range calls {
		if err := b.call(ctx, c.method, c.path, c.body, nil); err != nil {
			return err
		}
	}
	_, err := b.next(ctx, "message.sent", nil)
	return err
}

// notify waits for Bob's notification and checks its signatures.
func (w *world) notify(ctx context.Context) error {
	w.step("A second later Bob's mail server gets a notification, signed by two keys")
	d, err := w.mailbox.next(ctx, w.bob.addr)
	if err != nil {
		return err
	}
	w.bob.notification = d
	text, err := textPart(d.raw)
	if err != nil {
		return err
	}
	w.wire("│", shorten(d.raw[:bytes.Index(d.raw, []byte("\r\n\r\n"))]))
	w.wire("│", "\n"+text)
	results, err := dkim.Verify(ctx, d.raw, dkim.VerifyOptions{LookupTXT: w.resolver.LookupTXT, Now: time.Now()})
	if err != nil {
		return err
	}
	if len(results) != 2 {
		return fmt.Errorf("the notification has %d signatures, want 2", len(results))
	}
	for _, r := range results {
		if r.Verdict != dkim.Pass {
			return fmt.Errorf("signature %s: %s, %w", r.Selector, r.Verdict, r.Err)
		}
		w.say("DKIM %s, selector %s: %s", r.Algorithm, r.Selector, r.Verdict)
	}
	_, err = w.backend.next(ctx, "notification.sent", nil)
	return err
}

// reply has Bob answer from his mail client, and waits for his words.
func (w *world) reply(ctx context.Context) error {
	w.step("Bob just hits reply; his provider signs with DKIM")
	const words = "Green is fine, thank you!\r\n\r\nPlease ring twice."
	raw, to, err := w.bob.answer(w.bob.notification.raw, words)
	if err != nil {
		return err
	}
	if w.bob.reply, err = w.bob.sign(raw); err != nil {
		return err
	}
	w.bob.replyTo = to
	if code, err := w.send(w.bob, to, w.bob.reply); err != nil || code != 250 {
		return fmt.Errorf("the reply was answered with %d: %w", code, err)
	}

	w.step("The backend is told by a webhook; it verifies the signature with its own code")
	h, err := w.backend.next(ctx, "message.sent", fromMail)
	if err != nil {
		return err
	}
	data, err := decode[struct {
		Message chatMessage
		Reply   dict
	}](h)
	if err != nil {
		return err
	}
	w.wire("←", "webhook-id: "+h.id+"   signature: verified\n"+string(h.raw))
	want := strings.ReplaceAll(words, "\r\n", "\n")
	if data.Message.Text != want || data.Message.SenderID != "bob" || data.Reply["text"] != want {
		return fmt.Errorf("the webhook tells %q by %q, want %q by bob", data.Message.Text, data.Message.SenderID, want)
	}
	return w.expectMessages(ctx, 2, want)
}

func fromMail(h hook) bool {
	data, err := decode[struct{ Message chatMessage }](h)
	return err == nil && data.Message.Origin == "email"
}

// expectMessages reads the conversation back.
func (w *world) expectMessages(ctx context.Context, count int, newest string) error {
	var list struct{ Data []chatMessage }
	if err := w.backend.call(ctx, "GET", "/conversations/"+conversation+"/messages", nil, &list); err != nil {
		return err
	}
	for _, m := range list.Data {
		w.wire("←", fmt.Sprintf("%-6s by %-5s %q", m.Origin, m.SenderID, m.Text))
	}
	if len(list.Data) != count || list.Data[0].Text != newest {
		return fmt.Errorf("the conversation holds %d messages, want %d with %q on top", len(list.Data), count, newest)
	}
	return nil
}

// again sends the same mail once more, as a mail server does that missed a 250.
func (w *world) again(ctx context.Context) error {
	w.step("The same mail comes a second time: answered 250, posted once")
	code, err := w.send(w.bob, w.bob.replyTo, w.bob.reply)
	if err != nil || code != 250 {
		return fmt.Errorf("the copy was answered with %d: %w", code, err)
	}
	return w.expectMessages(ctx, 2, "Green is fine, thank you!\n\nPlease ring twice.")
}

// hold sends an unsigned twin: nobody vouches for it, so it waits.
func (w *world) hold(ctx context.Context) error {
	w.step("An unsigned twin with other words: held, not posted")
	raw, to, err := w.bob.answer(w.bob.notification.raw, "Send me the gold one, and charge it to Ann.")
	if err != nil {
		return err
	}
	code, err := w.send(w.bob, to, raw)
	if err != nil || code != 250 {
		return fmt.Errorf("the unsigned mail was answered with %d: %w", code, err)
	}
	h, err := w.backend.next(ctx, "reply.held", nil)
	if err != nil {
		return err
	}
	data, err := decode[struct{ Reason, Sentence string }](h)
	if err != nil {
		return err
	}
	w.say("reply.held: %s: %s", data.Reason, data.Sentence)
	return w.expectMessages(ctx, 2, "Green is fine, thank you!\n\nPlease ring twice.")
}

// refuse has Carol answer, who may only read.
func (w *world) refuse(ctx context.Context) error {
	w.step("Carol may read but not write: her provider hears why, and shows it to her")
	d, err := w.mailbox.next(ctx, w.carol.addr)
	if err != nil {
		return err
	}
	w.carol.notification = d
	raw, to, err := w.carol.answer(d.raw, "Me too!")
	if err != nil {
		return err
	}
	if raw, err = w.carol.sign(raw); err != nil {
		return err
	}
	code, err := w.send(w.carol, to, raw)
	if err != nil {
		return err
	}
	if code != 550 {
		return fmt.Errorf("a read-only participant was answered with %d, want 550", code)
	}
	if _, err := w.backend.next(ctx, "reply.rejected", nil); err != nil {
		return err
	}
	return w.expectMessages(ctx, 2, "Green is fine, thank you!\n\nPlease ring twice.")
}

func (w *world) send(p person, to string, raw []byte) (int, error) {
	return send(w.narrator, w.gateway.SMTPAddr().String(), p.addr, to, raw)
}

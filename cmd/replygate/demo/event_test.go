package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/gatewaytest"
)

// TestEventsAreAsTheirSchemasSay plays the loop, does what else a backend and a
// person do, and holds every event of it against its published schema: as the
// webhook brought it, and as GET /events lists it.
func TestEventsAreAsTheirSchemasSay(t *testing.T) {
	var out bytes.Buffer
	w := &world{narrator: &narrator{w: &out}, log: slog.New(slog.DiscardHandler)}
	defer func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	}()
	for _, act := range []func(context.Context) error{
		w.build, w.talk, w.notify, w.reply, w.again, w.hold, w.refuse, w.change, w.vacation, w.react, w.unsubscribe, w.ping,
	} {
		if err := act(t.Context()); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
	}
	schemas := gatewaytest.LoadSchemas(t, "../../../docs/schema")
	seen := map[string]int{}
	after := ""
	for {
		var page struct {
			Data []json.RawMessage
			Next string
		}
		if err := w.backend.call(t.Context(), "GET", "/events?limit=100&after="+after, nil, &page); err != nil {
			t.Fatal(err)
		}
		for _, raw := range page.Data {
			var e struct{ ID, Type string }
			if err := json.Unmarshal(raw, &e); err != nil {
				t.Fatal(err)
			}
			seen[e.Type]++
			for _, wrong := range schemas.Check(e.Type, raw) {
				t.Errorf("%s %s: %s", e.Type, e.ID, wrong)
			}
		}
		if after = page.Next; len(page.Data) == 0 {
			break
		}
	}
	for len(w.backend.events) > 0 {
		h := <-w.backend.events
		for _, wrong := range schemas.Check(h.Type, h.raw) {
			t.Errorf("webhook %s %s: %s", h.Type, h.id, wrong)
		}
	}
	var missing []string
	for _, typ := range gateway.EventTypes() {
		if seen[string(typ)] == 0 && !slices.Contains(elsewhere, typ) {
			missing = append(missing, string(typ))
		}
	}
	if len(missing) > 0 {
		t.Errorf("there was no %v; there were %v", missing, slices.Sorted(maps.Keys(seen)))
	}
}

// elsewhere are events that take a failure or a certain moment; their data is that of others
// and is held against the schemas by its type.
var elsewhere = []gateway.EventType{
	gateway.EventNotificationSkipped, gateway.EventNotificationDeferred, gateway.EventNotificationBounced, gateway.EventAddressSuppressed,
	gateway.EventAddressResubscribed, gateway.EventEndpointDisabled, gateway.EventTemplateFailed,
}

// change edits, reads and deletes.
func (w *world) change(ctx context.Context) error {
	var list struct{ Data []chatMessage }
	if err := w.backend.call(ctx, "GET", "/conversations/"+conversation+"/messages", nil, &list); err != nil {
		return err
	}
	oldest := "/conversations/" + conversation + "/messages/" + list.Data[len(list.Data)-1].ID
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"PUT", "/users/ann", dict{"phone": []string{"+31612345678"}, "timeZone": "Europe/Amsterdam", "custom": dict{"tier": "gold"}}},
		{"PUT", oldest, dict{"text": "edited"}},
		{"POST", "/conversations/" + conversation + "/messages", []dict{{"sender": "ann", "type": "UserMessage", "text": "It is on its way, @bob."}}},
		{"POST", "/conversations/" + conversation + "/readBy/bob", dict{}},
		{"POST", "/conversations/" + conversation + "/messages", []dict{{"type": "SystemMessage", "text": "The order was sent."}}},
		{"DELETE", oldest, nil},
		{"PUT", "/conversations/other", dict{"subject": "Another", "participants": []string{"ann"}}},
		{"DELETE", "/conversations/other", nil},
	} {
		if err := w.backend.call(ctx, c.method, c.path, c.body, nil); err != nil {
			return err
		}
	}
	_, err := w.backend.next(ctx, "conversation.deleted", nil)
	return err
}

// vacation has Bob's provider answer for him.
func (w *world) vacation(ctx context.Context) error {
	raw, to, err := w.bob.answer(w.bob.notification.raw, "I am away until Monday.")
	if err != nil {
		return err
	}
	raw = append([]byte("Auto-Submitted: auto-replied\r\n"), raw...)
	if code, err := w.send(w.bob, to, raw); err != nil || code != 250 {
		return errors.Join(errors.New("the vacation answer was not taken"), err)
	}
	_, err = w.backend.next(ctx, "reply.automatic", nil)
	return err
}

// react has Bob press the reaction button of Outlook.
func (w *world) react(ctx context.Context) error {
	raw, to, err := w.bob.answer(w.bob.notification.raw, "[heart] Bob reacted to your message:")
	if err != nil {
		return err
	}
	if raw, err = w.bob.sign(raw); err != nil {
		return err
	}
	if code, err := w.send(w.bob, to, raw); err != nil || code != 250 {
		return errors.Join(errors.New("the reaction was not taken"), err)
	}
	_, err = w.backend.next(ctx, "reply.reaction", nil)
	return err
}

// unsubscribe posts to the one-click link of Bob's notification.
func (w *world) unsubscribe(ctx context.Context) error {
	m, err := mail.ReadMessage(bytes.NewReader(w.bob.notification.raw))
	if err != nil {
		return err
	}
	for part := range strings.SplitSeq(m.Header.Get("List-Unsubscribe"), ",") {
		link := strings.Trim(strings.TrimSpace(part), "<>")
		if !strings.HasPrefix(link, "http") {
			continue
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, link, strings.NewReader(url.Values{"List-Unsubscribe": {"One-Click"}}.Encode()))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		_, err = w.backend.next(ctx, "address.unsubscribed", nil)
		return err
	}
	return errors.New("the notification has no unsubscribe link")
}

func (w *world) ping(ctx context.Context) error {
	if err := w.backend.call(ctx, "POST", "/endpoints/backend/ping", nil, nil); err != nil {
		return err
	}
	_, err := w.backend.next(ctx, "webhook.ping", nil)
	return err
}

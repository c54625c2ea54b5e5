package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"testing"
)

// TestHeldReplyIsConfirmed follows a held reply from the person's mailbox over
// the page to the conversation.
func TestHeldReplyIsConfirmed(t *testing.T) {
	var out bytes.Buffer
	w := &world{narrator: &narrator{w: &out}, log: slog.New(slog.DiscardHandler)}
	defer func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	}()
	for _, act := range []func(context.Context) error{w.build, w.talk, w.notify, w.reply, w.again, w.hold, w.confirm} {
		if err := act(t.Context()); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
	}
}

// confirm has Bob follow the link in the notice, and post what waits.
func (w *world) confirm(ctx context.Context) error {
	const words = "Send me the gold one, and charge it to Ann."
	d, err := w.mailbox.next(ctx, w.bob.addr)
	if err != nil {
		return err
	}
	m, err := mail.ReadMessage(bytes.NewReader(d.raw))
	if err != nil {
		return err
	}
	if d.from != "" || m.Header.Get("Auto-Submitted") != "auto-replied" || m.Header.Get("Dkim-Signature") == "" {
		return fmt.Errorf("the notice came from <%s> with %v", d.from, m.Header)
	}
	text, err := textPart(d.raw)
	if err != nil {
		return err
	}
	link := ""
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.Contains(line, "/c/") {
			link = line
		}
	}
	if strings.Contains(text, words) || link == "" {
		return fmt.Errorf("the notice says\n%s", text)
	}
	for range 2 {
		page, err := ask(ctx, http.MethodGet, link, "")
		if err != nil || !strings.Contains(page, words) {
			return fmt.Errorf("the page: %v\n%s", err, page)
		}
	}
	if err := w.expectMessages(ctx, 2, "Green is fine, thank you!\n\nPlease ring twice."); err != nil {
		return err
	}
	if page, err := ask(ctx, http.MethodPost, link, url.Values{"do": {"post"}}.Encode()); err != nil || !strings.Contains(page, "It is posted") {
		return fmt.Errorf("the page: %v\n%s", err, page)
	}
	return w.expectMessages(ctx, 3, words)
}

// ask uses a page as a browser does.
func ask(ctx context.Context, method, link, form string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, link, strings.NewReader(form))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	return string(page), err
}

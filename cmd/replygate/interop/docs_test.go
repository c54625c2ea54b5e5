package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shellBlocks are the calls of docs/api.md, block by block; those that name
// something to fill in, or stand in a crontab, and the operator's commands are left
// out.
func shellBlocks(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile("../../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(raw), -1) {
		lines := slices.DeleteFunc(strings.Split(m[1], "\n"), func(l string) bool {
			return strings.Contains(l, "…") || strings.HasPrefix(l, "*/5 ") || strings.HasPrefix(l, "replygate ") || strings.HasPrefix(l, "B=") || strings.HasPrefix(l, "A=")
		})
		if block := strings.Join(lines, "\n"); strings.TrimSpace(block) != "" {
			out = append(out, block)
		}
	}
	return out
}

// TestDocumentedLoop copies the commands of docs/api.md into a shell, host, key and
// Bob's address aside: the whole loop, from three calls and an endpoint to the
// webhook of what Bob answered by mail, and then everything else it shows.
func TestDocumentedLoop(t *testing.T) {
	need(t, "curl", "bash", "swaks")
	needDkimpy(t)
	far := startSink(t)
	p := startProduct(t, far.port)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "photo.png"), []byte("\x89PNG\r\n\x1a\n"))
	write(t, filepath.Join(dir, "reply.eml"), []byte("From: bob@example.com\r\nSubject: Re: Order\r\n\r\nYes, please.\r\n"))
	adapt := strings.NewReplacer("https://chat.example.com/hooks", p.hooks.url(), "bob@example.com", bobAddress, "visitor", "bob")
	shell := func(block string) string {
		t.Helper()
		head := fmt.Sprintf("set -euo pipefail\ncd %s\nB=%s:%d/v1/%s\nA='Authorization: Bearer %s'\nKEY=%s\ncurl() { command curl -sS --fail-with-body \"$@\"; echo; }\n",
			dir, loopback, p.http, appName, p.key, p.key)
		return string(run(t, nil, "bash", "-c", head+adapt.Replace(block)))
	}
	blocks := shellBlocks(t)
	if len(blocks) < 20 || !strings.Contains(blocks[0], "$B/endpoints/main") {
		t.Fatalf("%d blocks, the first: %s", len(blocks), blocks[0])
	}

	if out := shell(blocks[0]); !strings.Contains(out, `"id":"msg_`) {
		t.Fatal(out)
	}
	o := readMail(t, notified(t, far, bobAddress, 1).data)
	if !strings.Contains(o.text, "Shall we send the green one?") {
		t.Errorf("mailed: %s", o.text)
	}
	mail := p.signed(reply(o, clients[0], bobAddress, "docs@mail."+peopleMail, "Green is fine, thank you!"))
	if log, ok := swaks(t, p.smtp, bobAddress, o.replyTo, mail); !ok {
		t.Fatal(log)
	}
	var event struct {
		Type, AppID string
		Seq         int
		Data        struct {
			Sender       struct{ ID, Name string }
			Conversation struct{ ID string }
			Message      struct{ SenderID, Origin, Text string }
			Reply        struct{ Text, Quoted string }
		}
	}
	eventually(t, "the webhook of the answer", func() bool {
		for _, h := range p.hooks.of("message.sent") {
			if json.Unmarshal([]byte(h.Body), &event) == nil && event.Data.Message.Origin == "email" {
				return true
			}
		}
		return false
	})
	if d := event.Data; d.Sender.ID != "bob" || d.Conversation.ID != "order-1047" || d.Message.SenderID != "bob" ||
		d.Message.Text != "Green is fine, thank you!" || d.Reply.Text != d.Message.Text || d.Reply.Quoted == "" {
		t.Errorf("told %+v", event)
	}
	for _, want := range []string{`"state":"sent"`, `"state":"posted"`, `"to":"` + bobAddress} {
		if out := shell(blocks[1]); !strings.Contains(out, want) {
			t.Errorf("%s\ndoes not say %s:\n%s", blocks[1], want, out)
		}
	}
	for _, b := range blocks[2:] {
		shell(b) // fails for any answer but 200
	}
}

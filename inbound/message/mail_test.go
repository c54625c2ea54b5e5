package message

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
)

// wanted is what a mail under testdata/mail must read as, written by hand
// beside it.
type wanted struct {
	Subject     string   `json:"subject"`
	MessageID   string   `json:"messageId"`
	References  []string `json:"references"`
	Kind        Kind     `json:"kind"`
	Text        string   `json:"text"`
	HTML        string   `json:"html"` // a part of it; empty: no HTML
	Flowed      bool     `json:"flowed"`
	DelSp       bool     `json:"delSp"`
	Signed      bool     `json:"signed"`
	Encrypted   bool     `json:"encrypted"`
	Method      string   `json:"method"`
	Rule        string   `json:"rule"`
	Attachments []struct {
		Name, Type string
		Size       int
		ContentID  string `json:"contentId"`
		Inline     bool
	} `json:"attachments"`
}

func TestParseMails(t *testing.T) {
	files, _ := filepath.Glob("testdata/mail/*.eml")
	if len(files) < 40 {
		t.Fatalf("only %d mails found", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".eml"), func(t *testing.T) {
			m, err := Parse(read(t, file))
			if err != nil {
				t.Fatal(err)
			}
			var want wanted
			if err := json.Unmarshal(read(t, strings.TrimSuffix(file, ".eml")+".json"), &want); err != nil {
				t.Fatal(err)
			}
			want.compare(t, m)
		})
	}
}

func (w wanted) compare(t *testing.T, m *Message) {
	t.Helper()
	same(t, "subject", m.Subject, w.Subject)
	same(t, "message id", m.MessageID, w.MessageID)
	same(t, "kind", m.Kind, w.Kind)
	same(t, "text", m.Text, w.Text)
	same(t, "flowed", m.TextFlowed, w.Flowed)
	same(t, "delsp", m.TextDelSp, w.DelSp)
	same(t, "signed", m.Signed, w.Signed)
	same(t, "encrypted", m.Encrypted, w.Encrypted)
	same(t, "calendar method", m.CalendarMethod, w.Method)
	rule, auto := Automatic(m, sender, "reply.example.net")
	same(t, "rule", rule, w.Rule)
	same(t, "automatic", auto, w.Rule != "")
	if w.References != nil && !slices.Equal(m.References, w.References) {
		t.Errorf("references: got %q, want %q", m.References, w.References)
	}
	if (w.HTML == "") != (m.HTML == "") || !strings.Contains(m.HTML, w.HTML) {
		t.Errorf("html: got %q, want something with %q", m.HTML, w.HTML)
	}
	if len(m.Attachments) != len(w.Attachments) {
		t.Fatalf("got %d attachments, want %d: %+v", len(m.Attachments), len(w.Attachments), m.Attachments)
	}
	for i, a := range m.Attachments {
		want := w.Attachments[i]
		same(t, "attachment name", a.Name, want.Name)
		same(t, "attachment type", a.Type, want.Type)
		same(t, "attachment size", len(a.Data), want.Size)
		same(t, "attachment id", a.ContentID, want.ContentID)
		same(t, "attachment inline", a.Inline, want.Inline)
	}
}

var sender = gateway.ReversePath{Address: gateway.Address{LocalPart: "ann", Domain: "example.com"}}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, show(got), show(want))
	}
}

func show(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

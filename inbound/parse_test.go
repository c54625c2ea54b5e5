package inbound

import (
	"errors"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/token"
)

// TestParse: what would be posted, and what would not.
func TestParse(t *testing.T) {
	crlf := func(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }
	read := func(s string) Parsed {
		t.Helper()
		p, err := Parse(crlf(s), ourDomain, []string{"pages.example.com"})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	const head = "From: bob@people.test\nSubject: Re: Order\nContent-Type: text/plain; charset=utf-8\n"
	address := token.NewMinter(secret.Generate()).Address(token.Reply, 7, ourDomain).String()
	p := read(head + "\nYes, please.\n\nOn Mon, Jan 3, 2022 at 4:00 PM Ann <" + address + "> wrote:\n\n> Shall we?\n\n-- \nBob\n")
	if p.Text != "Yes, please." || p.Posting != "top" || p.Language != "en" || p.Rule != "" || p.Unsubscribe || p.Reaction != "" || strings.Contains(p.Quoted, address[:40]) {
		t.Errorf("%+v", p)
	}
	if p := read("From: bob@people.test\n" + multipart + "\n" + fileParts("Here", "a.txt", "text/plain", "12345")); p.Text != "Here" || len(p.Attachments) != 1 || p.Attachments[0].Name != "a.txt" {
		t.Errorf("%+v", p)
	}
	if p := read(head + "Auto-Submitted: auto-replied\n\nI am away.\n"); p.Rule != "auto_submitted" {
		t.Errorf("automatic mail is %q", p.Rule)
	}
	if p := read(head + "\nUnsubscribe.\n"); !p.Unsubscribe {
		t.Errorf("%+v", p)
	}
	if p := read("From: bob@people.test\n" + alternative + "\n" + gmailReaction("👍", "x")); p.Reaction != "👍" || p.Text != "👍" || len(p.Attachments) != 0 {
		t.Errorf("%+v", p)
	}
	var st gateway.Status
	if _, err := Parse(crlf(head+strings.Repeat("X: y\n", 2000)+"\nx"), ourDomain, nil); !errors.As(err, &st) || st.Code != 550 {
		t.Errorf("a header without end: %v", err)
	}
}

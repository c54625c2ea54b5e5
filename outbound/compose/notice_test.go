package compose

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
)

func address(t testing.TB, s string) gateway.Address {
	t.Helper()
	a, err := gateway.ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func aNotice(t testing.TB) Notice {
	return Notice{
		From: address(t, "notifications@reply.example.com"), Via: "A&<Co>", To: address(t, "bob@people.test"), RecipientName: "Bob",
		Locale: "en", Kind: gateway.NoticeConfirm, Reason: gateway.ReasonUnauthentic, URL: "https://pages.example.com/c/caaa",
		MessageID: "n1.mail@reply.example.com", InReplyTo: "theirs@mail.people.test", LoopDomain: "reply.example.com",
		Date: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC),
	}
}

// TestNoticeWords: every language says everything, and names the app once where
// it is named at all.
func TestNoticeWords(t *testing.T) {
	if len(noticeLocales) != len(locales) {
		t.Errorf("notices have %d languages, mails %d", len(noticeLocales), len(locales))
	}
	for tag := range locales {
		w := noticeLocales[tag]
		if w == nil {
			t.Errorf("%s: notices have no words", tag)
			continue
		}
		v := reflect.ValueOf(*w)
		for i := range v.NumField() {
			name, s := v.Type().Field(i).Name, v.Field(i).String()
			app := name == "Confirm" || name == "Refused" || name == "Stop" || name == "Left"
			if n := strings.Count(s, "%"); s == "" || app != (n == 1) || app && !strings.Contains(s, "%s") {
				t.Errorf("%s: %s is %q", tag, name, s)
			}
			if tag != "en" && s == reflect.ValueOf(*noticeLocales["en"]).Field(i).String() {
				t.Errorf("%s: %s is English", tag, name)
			}
		}
	}
}

// TestNotice holds the shape of the mail: it answers, and offers nothing to answer to.
func TestNotice(t *testing.T) {
	for _, kind := range []gateway.NoticeKind{gateway.NoticeConfirm, gateway.NoticeUnsubscribe, gateway.NoticeUnsubscribed, gateway.NoticeRefused} {
		for tag := range locales {
			n := aNotice(t)
			n.Kind, n.Locale = kind, tag
			if kind == gateway.NoticeRefused {
				n.URL = ""
			}
			m, err := n.Mail()
			if err != nil {
				t.Fatal(err)
			}
			got, err := mail.ReadMessage(bytes.NewReader(m.Raw))
			if err != nil {
				t.Fatal(err)
			}
			for k, want := range map[string]string{
				"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All", "X-Replygate-Loop": "reply.example.com",
				"In-Reply-To": "<theirs@mail.people.test>", "References": "<theirs@mail.people.test>", "Message-Id": "<n1.mail@reply.example.com>",
				"To": "Bob <bob@people.test>", "Reply-To": "", "List-Unsubscribe": "", "List-Id": "",
			} {
				if got.Header.Get(k) != want {
					t.Errorf("%s %s: %s is %q", kind, tag, k, got.Header.Get(k))
				}
			}
			if !strings.Contains(m.HTML, "A&amp;&lt;Co&gt;") || !strings.Contains(m.Text, "A&<Co>") || !strings.Contains(m.HTML, `lang="`+tag+`"`) {
				t.Errorf("%s %s: the app or the language is missing:\n%s", kind, tag, m.HTML)
			}
			if (strings.Contains(m.Text, n.URL) && strings.Contains(m.HTML, `href="`+n.URL+`"`)) != (n.URL != "") {
				t.Errorf("%s %s: the link is missing:\n%s", kind, tag, m.Text)
			}
			if len(m.Raw) > 8<<10 || strings.Contains(m.Text+m.HTML, "%!") {
				t.Errorf("%s %s: %d octets:\n%s", kind, tag, len(m.Raw), m.Text)
			}
		}
	}
}

// TestNoticeReasons: each reason that is told has a sentence of its own.
func TestNoticeReasons(t *testing.T) {
	said := map[string]gateway.Reason{}
	for _, r := range []gateway.Reason{
		gateway.ReasonReadOnly, gateway.ReasonRemoved, gateway.ReasonReplyOff, gateway.ReasonEmpty, gateway.ReasonEncrypted,
		gateway.ReasonUnauthentic, gateway.ReasonUnconfirmed, gateway.ReasonMalformed,
	} {
		n := aNotice(t)
		n.Kind, n.Reason, n.URL = gateway.NoticeRefused, r, ""
		m, err := n.Mail()
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := said[m.Text]; twice {
			t.Errorf("%s and %s are told alike:\n%s", r, other, m.Text)
		}
		said[m.Text] = r
	}
}

// TestNoticeRefuses: what would make a malformed mail is an error, and a strange
// Message-ID is left out.
func TestNoticeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Notice)
		want   error
	}{
		"no recipient":  {func(n *Notice) { n.To = gateway.Address{} }, ErrAddress},
		"no id":         {func(n *Notice) { n.MessageID = "" }, ErrMessageID},
		"a script":      {func(n *Notice) { n.URL = "javascript:alert(1)" }, ErrLink},
		"no date":       {func(n *Notice) { n.Date = time.Time{} }, ErrDate},
		"strange id":    {func(n *Notice) { n.InReplyTo = "a@b>\r\nBcc: eve@evil.test" }, nil},
		"strange names": {func(n *Notice) { n.Via, n.RecipientName = "a\r\nBcc: eve@evil.test", "\u202e\x00" }, nil},
	} {
		n := aNotice(t)
		c.change(&n)
		m, err := n.Mail()
		if !errors.Is(err, c.want) || bytes.Contains(m.Raw, []byte("\nBcc:")) {
			t.Errorf("%s: %v\n%s", name, err, m.Raw)
		}
	}
}

// TestForward: the mail inside is the mail as received, to the octet.
func TestForward(t *testing.T) {
	for name, c := range map[string]struct{ raw, kind string }{
		"7-bit":      {"Received: x\r\nFrom: a@b.test\r\n\r\nHello\r\n", "message/rfc822"},
		"8-bit":      {"From: a@b.test\r\n\r\nGrüße\r\n", "application/octet-stream"},
		"bare LF":    {"From: a@b.test\n\nHello\n", "application/octet-stream"},
		"bare CR":    {"From: a@b.test\r\n\r\nHel\rlo\r\n", "application/octet-stream"},
		"long lines": {"From: a@b.test\r\n\r\n" + strings.Repeat("x", 2000) + "\r\n", "application/octet-stream"},
		"longest":    {"From: a@b.test\r\n\r\n" + strings.Repeat("x", 998) + "\r\n", "message/rfc822"},
		"nothing":    {"", "message/rfc822"},
		"boundaries": {"From: a@b.test\r\n\r\n--=_a\r\n--=_a--\r\n", "message/rfc822"},
	} {
		raw, err := Forward{
			From: address(t, "notifications@reply.example.com"), To: address(t, "ops@example.org"), Subject: "Mail to abuse@reply.example.com",
			Text: "It is attached.", Raw: []byte(c.raw), MessageID: "f1.mail@reply.example.com", LoopDomain: "reply.example.com", Date: time.Unix(1e9, 0),
		}.Mail()
		if err != nil {
			t.Fatal(err)
		}
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("X-Replygate-Loop") != "reply.example.com" {
			t.Errorf("%s: header %v", name, m.Header)
		}
		_, params, _ := mime.ParseMediaType(m.Header.Get("Content-Type"))
		r := multipart.NewReader(m.Body, params["boundary"])
		if _, err := r.NextPart(); err != nil {
			t.Fatal(err)
		}
		p, err := r.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		body, err := io.ReadAll(decoded(p))
		if err != nil || kind != c.kind || string(body) != c.raw {
			t.Errorf("%s: %s %v\n%q", name, kind, err, body)
		}
		for line := range strings.SplitSeq(string(raw), "\r\n") {
			if len(line) > maxWireLine || strings.ContainsFunc(line, func(r rune) bool { return r >= 0x80 || r == '\n' || r == '\r' }) {
				t.Errorf("%s: the line %.60q", name, line)
			}
		}
	}
}

// decoded undoes the encoding of a part.
func decoded(p *multipart.Part) io.Reader {
	if p.Header.Get("Content-Transfer-Encoding") == "base64" {
		return base64.NewDecoder(base64.StdEncoding, p)
	}
	return p
}

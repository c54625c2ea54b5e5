package compose

import (
	"bytes"
	"fmt"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
)

// wanted are the fields of a mail that has everything, in their order.
var wanted = []string{
	"Date", "From", "To", "Reply-To", "Subject", "Message-ID", "In-Reply-To", "References", "List-Id", "List-Unsubscribe",
	"List-Unsubscribe-Post", "Auto-Submitted", "X-Auto-Response-Suppress", "Feedback-ID", "X-Replygate-Loop", "MIME-Version", "Content-Type",
}

// fieldNames reads the names of a mail's header fields as they stand.
func fieldNames(raw []byte) []string {
	var names []string
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	for line := range strings.SplitSeq(string(head), "\r\n") {
		if line != "" && line[0] != ' ' && line[0] != '\t' {
			name, _, _ := strings.Cut(line, ":")
			names = append(names, name)
		}
	}
	return names
}

// onWire tells what is wrong with a mail's octets.
func onWire(raw []byte) error {
	if !bytes.HasSuffix(raw, []byte("\r\n")) {
		return fmt.Errorf("the last line does not end")
	}
	for i, line := range bytes.Split(raw, []byte("\r\n")) {
		if len(line) > 998 {
			return fmt.Errorf("line %d has %d octets", i+1, len(line))
		}
		if j := bytes.IndexFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r >= 0x7f }); j >= 0 {
			return fmt.Errorf("line %d holds octet %#x", i+1, line[j])
		}
	}
	return nil
}

func compose(t testing.TB, n Notification) Mail {
	t.Helper()
	m, err := Compose(n)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func parseMail(t testing.TB, raw []byte) *mail.Message {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestHeaderFields(t *testing.T) {
	for name, n := range variants() {
		want := slices.Clone(wanted)
		if n.ReplyTo.IsZero() {
			want = slices.DeleteFunc(want, func(s string) bool { return s == "Reply-To" })
		}
		m := compose(t, n)
		if got := fieldNames(m.Raw); !slices.Equal(got, want) {
			t.Errorf("%s: got %q", name, got)
		}
		if err := onWire(m.Raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHeaderValues(t *testing.T) {
	h := parseMail(t, compose(t, ordinary()).Raw).Header
	for name, want := range map[string]string{
		"Date":                     "Fri, 20 Nov 2026 12:00:00 +0000",
		"From":                     "Ann Archer, Ben via Bicycle Market <chat@chat.example.com>",
		"Reply-To":                 "Ann Archer, Ben via Bicycle Market <r0aaaabbbbccccddddeeeeffffgggghhhhiiiijjjj@chat.example.com>",
		"To":                       "Carla Conti <carla@example.net>",
		"Subject":                  "Blue touring bicycle, 54 cm",
		"Message-Id":               "<06f0abcdefghjkmnpqrstvwxyz.mail@chat.example.com>",
		"In-Reply-To":              "<previous.mail@chat.example.com>",
		"List-Unsubscribe-Post":    "List-Unsubscribe=One-Click",
		"List-Unsubscribe":         "<https://chat.example.com/u/u0aaaabbbbccccddddeeeeffffgggghhhhiiiijjjj>, <mailto:u0aaaabbbbccccddddeeeeffffgggghhhhiiiijjjj@chat.example.com?subject=unsubscribe>",
		"List-Id":                  "Bicycle Market <market.chat.example.com>",
		"Auto-Submitted":           "auto-generated",
		"X-Auto-Response-Suppress": "All",
		"X-Replygate-Loop":         "chat.example.com",
		"Feedback-Id":              "notification:market.chat.example.com:replygate",
	} {
		if got := strings.ReplaceAll(h.Get(name), `"`, ""); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestFromName(t *testing.T) {
	for _, c := range []struct {
		names     []string
		via, from string
		want      string
	}{
		{[]string{"Ann"}, "App", "", "Ann via App"},
		{[]string{"Ann", "Ben"}, "App", "", "Ann, Ben via App"},
		{[]string{"Ann", "Ben", "Cem", "Dan"}, "App", "", "Ann, Ben +2 via App"},
		{nil, "App", "", "App"},
		{[]string{"Ann"}, "", "", "Ann"},
		{[]string{"Ann"}, "App", "Support", "Support"},
		{[]string{" \r\n", "Ben\x00 \u202eneB"}, "App\r\nBcc: x@y.example", "", "Ben neB via App Bcc: x@y.example"},
	} {
		n := ordinary()
		n.SenderNames, n.Via, n.FromName = c.names, c.via, c.from
		m := compose(t, n)
		if m.FromName != c.want {
			t.Errorf("got %q, want %q", m.FromName, c.want)
		}
		list, err := parseMail(t, m.Raw).Header.AddressList("From")
		if err != nil || len(list) != 1 || list[0].Name != c.want || list[0].Address != n.From.String() {
			t.Errorf("From reads as %v, %v; want %q", list, err, c.want)
		}
	}
}

func TestEncodedWordsReadBack(t *testing.T) {
	for _, s := range []string{
		"plain", "Größe 54, blau – Übergabe am Samstag, wenn es nicht regnet und alle da sind", strings.Repeat("日本語", 40), "a =?utf-8?q?Bcc:_x?= b",
		strings.Repeat("x", 140), strings.Repeat("😀👩‍👩‍👧", 20), `"quoted" \ (comment) <x@y>`, "ö", "  spaces   joined ",
	} {
		n := ordinary()
		n.Subject, n.RecipientName = s, s
		m := compose(t, n)
		want := cleanLine(s, maxSubject)
		h := parseMail(t, m.Raw).Header
		got, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
		if err != nil || got != want || m.Subject != want {
			t.Errorf("Subject reads as %q, %v; want %q", got, err, want)
		}
		to, err := h.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Name != cleanLine(s, maxName) {
			t.Errorf("To reads as %v, %v; want %q", to, err, cleanLine(s, maxName))
		}
		head, _, _ := bytes.Cut(m.Raw, []byte("\r\n\r\n"))
		for line := range strings.SplitSeq(string(head), "\r\n") {
			if strings.Contains(line, "=?") && len(line) > 76 {
				t.Errorf("a line with an encoded word has %d octets: %s", len(line), line)
			}
		}
	}
}

func TestAddressOutsideASCII(t *testing.T) {
	n := ordinary()
	n.To = addr("müller@example.net")
	m := compose(t, n)
	if err := onWire(m.Raw); err != nil {
		t.Error(err)
	}
	if got := parseMail(t, m.Raw).Header.Get("To"); got != "Carla Conti: ;" {
		t.Errorf("To is %q", got)
	}
}

func TestReferences(t *testing.T) {
	n := ordinary()
	n.References, n.InReplyTo = nil, ""
	h := parseMail(t, compose(t, n).Raw).Header
	if root := bracket(n.ThreadRoot); h.Get("References") != root || h.Get("In-Reply-To") != root {
		t.Errorf("first mail: %v", h)
	}

	for i := range 40 {
		n.References = append(n.References, fmt.Sprintf("%d.mail@chat.example.com", i))
	}
	n.References = append(n.References, "hostile\r\nBcc: x@y.example", "no-at", "two words@x.example", "<angle@x.example>", n.MessageID, n.References[39])
	n.InReplyTo = "x>\r\nBcc: y@z.example"
	got := n.references()
	if len(got) != maxReferences || got[0] != n.ThreadRoot || got[1] != "21.mail@chat.example.com" || got[19] != "39.mail@chat.example.com" {
		t.Errorf("got %q", got)
	}
	if n.inReplyTo() != n.ThreadRoot {
		t.Errorf("in reply to %q", n.inReplyTo())
	}
}

func TestIDs(t *testing.T) {
	const d = "chat.example.com"
	seen := map[string]bool{}
	for _, id := range []string{
		MessageID(d, "dlv_1"), MessageID(d, "dlv_2"),
		ThreadRoot(d, "a", "bc", "1"), ThreadRoot(d, "ab", "c", "1"), ThreadRoot(d, "a", "bc", "2"), ThreadRoot(d, "a", "sp ace@\r\n", "1"),
	} {
		if !validID(id) || seen[id] {
			t.Errorf("%q is malformed or there twice", id)
		}
		seen[id] = true
	}
	if !seen[ThreadRoot(d, "a", "bc", "1")] {
		t.Error("a thread's root changes")
	}
}

func TestRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Notification){
		"no sender":    func(n *Notification) { n.From = gateway.Address{} },
		"no recipient": func(n *Notification) { n.To = gateway.Address{} },
		"injecting recipient": func(n *Notification) {
			n.To = gateway.Address{LocalPart: "a", Domain: "b.example>\r\nBcc: <x@y.example"}
		},
		"injecting local part":   func(n *Notification) { n.To = gateway.Address{LocalPart: "a\r\nBcc: x", Domain: "b.example"} },
		"sender outside ASCII":   func(n *Notification) { n.From = addr("ü@example.com") },
		"reply-to outside ASCII": func(n *Notification) { n.ReplyTo = addr("ü@example.com") },
		"message id":             func(n *Notification) { n.MessageID = "a@b\r\nBcc: x" },
		"no message id":          func(n *Notification) { n.MessageID = "" },
		"thread root":            func(n *Notification) { n.ThreadRoot = "a b@c" },
		"unsubscribe script":     func(n *Notification) { n.UnsubscribeURL = "javascript:alert(1)" },
		"unsubscribe with CRLF":  func(n *Notification) { n.UnsubscribeURL = "https://x.example/\r\nBcc: y" },
		"unsubscribe with >":     func(n *Notification) { n.UnsubscribeURL = "https://x.example/>,<mailto:y" },
		"conversation relative":  func(n *Notification) { n.ConversationURL = "/inbox" },
		"list id":                func(n *Notification) { n.ListID = "a b" },
		"loop domain":            func(n *Notification) { n.LoopDomain = "x\r\ny" },
		"no date":                func(n *Notification) { n.Date = time.Time{} },
	} {
		n := ordinary()
		spoil(&n)
		if _, err := Compose(n); err == nil {
			t.Errorf("%s: composed", name)
		}
	}
}

// FuzzHeader: whatever strangers call themselves, the header has the same
// fields, the wire is 7-bit, and the mail has two parts.
func FuzzHeader(f *testing.F) {
	f.Add("Ann", "Hello", "a.pdf", "text", "id@x.example")
	f.Add("Ann\r\nBcc: x@y.example", "S\r\n\r\nbody", "a\"; x=\"\r\n.exe", "\r\n.\r\nMAIL FROM:<>", "a@b>\r\nX: y")
	f.Add("=?utf-8?q?a=0D=0ABcc:_x=40y?=", "\u202ecod.exe\u2028X: y", "\x00", "--=_x\r\nContent-Type: text/html", "")
	f.Add(strings.Repeat("é", 3000), strings.Repeat("\"\\", 900), strings.Repeat("a", 5000), strings.Repeat("http://x.y/ ", 4000), "@")
	f.Add("\xff\xfe", "\x85\u0085\u2029", "{{.}}", "<script>alert(1)</script>", "<>")
	f.Fuzz(func(t *testing.T, name, subject, file, text, id string) {
		n := ordinary()
		n.SenderNames, n.Via, n.RecipientName, n.ListName, n.FromName = []string{name, subject}, file, name, subject, ""
		n.Subject, n.Locale, n.InReplyTo, n.References = subject, id, id, []string{id, name}
		for i := range n.Messages {
			m := &n.Messages[i]
			m.SenderName, m.SenderPhoto, m.Text = name, id, text
			m.Attachment = &File{Name: file, URL: "https://x.example/" + file, Size: int64(len(text)), Image: i%2 == 0}
		}
		m := compose(t, n)
		if got := fieldNames(m.Raw); !slices.Equal(got, wanted) {
			t.Fatalf("fields are %q", got)
		}
		if err := onWire(m.Raw); err != nil {
			t.Fatal(err)
		}
		parsed := parseMail(t, m.Raw)
		for _, h := range []string{"From", "To", "Reply-To"} {
			if l, err := parsed.Header.AddressList(h); err != nil || len(l) != 1 {
				t.Fatalf("%s reads as %v, %v", h, l, err)
			}
		}
		if len(m.HTML) > MaxHTML {
			t.Fatalf("the HTML part has %d octets", len(m.HTML))
		}
		if n := bytes.Count(m.Raw, []byte("\r\n--"+boundary(n.MessageID))); n != 3 {
			t.Fatalf("%d boundaries", n)
		}
		if strings.Contains(m.HTML, "<script") || strings.ContainsAny(m.FromName+m.Subject, "\r\n\x00\u202e") {
			t.Fatal("not cleaned")
		}
	})
}

package compose

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// strict reads the mails of a directory with Python's email package, where every
// defect is an error, and prints how many it read.
const strict = `
import email, email.policy, os, sys
policy = email.policy.strict + email.policy.SMTP
once = ("Date", "From", "To", "Reply-To", "Subject", "Message-ID", "In-Reply-To", "References", "MIME-Version", "Content-Type")
ids, count = set(), 0
for entry in os.scandir(sys.argv[1]):
    raw = open(entry.path, "rb").read()
    raw.decode("ascii")
    assert max(map(len, raw.split(b"\r\n"))) <= 998 and raw.count(b"\n") == raw.count(b"\r\n"), entry.name
    m = email.message_from_bytes(raw, policy=policy)
    for part in m.walk():
        assert not part.defects, (entry.name, part.defects)
        for name, value in part.items():
            assert not value.defects, (entry.name, name, value, value.defects)
    assert [p.get_content_type() for p in m.walk()] == ["multipart/alternative", "text/plain", "text/html"], entry.name
    for p in m.iter_parts():
        assert p.get_content().strip(), entry.name
    for name in once:
        assert len(m.get_all(name, [])) == (0 if name == "Reply-To" and m[name] is None else 1), (entry.name, name)
    for name in ("From", "Reply-To"):
        assert m[name] is None or len(m[name].addresses) == 1, (entry.name, name)
    assert m["Date"].datetime is not None, entry.name
    ids.add(m["Message-ID"])
    count += 1
assert len(ids) == count, "a Message-ID is there twice"
print(count)
`

// TestStrictPython: as many mails as REPLYGATE_LONG=1 asks for, each of chance,
// have no defect in another's eyes (STANDARDS O01).
func TestStrictPython(t *testing.T) {
	python := "/usr/bin/python3"
	if _, err := os.Stat(python); err != nil {
		if python, err = exec.LookPath("python3"); err != nil {
			t.Skip("python3 is not installed")
		}
	}
	mails := 200
	if os.Getenv("REPLYGATE_LONG") != "" {
		mails = 10_000
	}
	dir := t.TempDir()
	chance := rand.New(rand.NewPCG(2026, 11))
	var c Composer
	for i := range mails {
		n := chanceMail(chance, i)
		m, err := c.Compose(n)
		if err != nil {
			t.Fatalf("mail %d: %v", i, err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%05d.eml", i)), m.Raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(python, "-c", strict, dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%.4000s", err, out)
	}
	if got := string(bytes.TrimSpace(out)); got != fmt.Sprint(mails) {
		t.Errorf("%s of %d mails were read", got, mails)
	}
}

// strange are what people call themselves and write.
var strange = []string{
	"Ann", "Ann Archer", "Jörg Müller", "佐藤 花子", "ليلى", "O'Neil, \"Bo\" (x) <y@z>", "=?utf-8?q?x?=", "a\r\nBcc: x@y.example", "\x00\x1b[31m", "\u202egpj.exe",
	"👩‍👩‍👧 family", "", " ", ".", "..\r\n.", "From me", "--=_x", "é" + "\u0301\u0301", strings.Repeat("long ", 60), strings.Repeat("ü", 300), strings.Repeat("x", 1200),
	"*bold* _it_ `code` :smile: <https://x.example/a|here> <@ann>", "```\ncode\n```", "https://x.example/" + strings.Repeat("a/", 500), "a=b=C3=A9", "\xff\xfe", "\u2028\u2029\ufeff",
}

// chanceMail is a mail of chance, the same for every run.
func chanceMail(r *rand.Rand, i int) Notification {
	pick := func() string { return strange[r.IntN(len(strange))] + strange[r.IntN(len(strange))] }
	tags := append(slices.Sorted(maps.Keys(locales)), "xx", "")
	n := ordinary()
	n.MessageID = fmt.Sprintf("m%d.mail@chat.example.com", i)
	n.SenderNames, n.Via, n.RecipientName, n.Subject, n.ListName = []string{pick(), pick()}, pick(), pick(), pick(), pick()
	n.Locale, n.MayReply, n.InReplyTo, n.References = tags[r.IntN(len(tags))], r.IntN(3) > 0, pick(), []string{pick(), "a.b@c.example", pick()}
	n.Earlier, n.UnsubscribeText, n.Date = r.IntN(3), pick(), noon.Add(time.Duration(i)*time.Hour)
	if r.IntN(5) == 0 {
		n.To = addr("müller@example.net")
	}
	if r.IntN(4) == 0 {
		n.Template = Template{HTML: supportBoard, Text: "{sender_name}: {message}\n{attachments}", Subject: "{{.Sender.Name}} {recipient_name}"}
	}
	n.Messages = nil
	for range 1 + r.IntN(6) {
		m := Message{SenderName: pick(), Text: pick() + "\n" + pick(), At: noon, System: r.IntN(6) == 0, Own: r.IntN(6) == 0}
		if r.IntN(3) == 0 {
			m.Attachment = &File{Name: pick(), URL: "https://x.example/" + pick(), Size: int64(r.IntN(1 << 24)), Image: r.IntN(2) == 0, Sticker: r.IntN(4) == 0}
		}
		if r.IntN(4) == 0 {
			m.Quote = &Quote{SenderName: pick(), Text: pick()}
		}
		n.Messages = append(n.Messages, m)
	}
	return n
}

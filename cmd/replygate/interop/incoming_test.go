package interop

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// swaks sends a mail and returns the dialogue and whether the end of data was
// answered 250.
func swaks(t *testing.T, port int, from, to string, raw []byte) (dialogue string, ok bool) {
	t.Helper()
	need(t, "swaks")
	file := filepath.Join(t.TempDir(), "mail.eml")
	// The data as it goes on the wire: swaks is told to leave it alone, so that
	// the signature holds.
	data := strings.ReplaceAll("\r\n"+strings.TrimSuffix(string(raw), "\r\n"), "\r\n.", "\r\n..")[2:] + "\r\n.\r\n"
	write(t, file, []byte(data))
	cmd := exec.Command("swaks", "--server", "127.0.0.1", "--port", strconv.Itoa(port), "--from", from, "--to", to,
		"--data", "@"+file, "--no-data-fixup", "--ehlo", "mail."+peopleMail, "--timeout", "20")
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// signed has dkimpy sign a mail as the people's provider does.
func (p *product) signed(raw []byte) []byte {
	p.t.Helper()
	return run(p.t, raw, python, "testdata/dkim_sign.py", peopleMail, p.personal.selector, p.personal.file)
}

var answers = map[string]string{
	"Gmail on the web":       "Yes, please send it.\n\nThe green one, as always.",
	"Outlook on the desktop": "Fine with me.",
	"Apple Mail":             "Merci ! À bientôt 🙂",
}

// TestRepliesOfThreeClients answers really sent notifications as three mail
// clients do, straight to the gateway and through a Postfix in front of it.
func TestRepliesOfThreeClients(t *testing.T) {
	needDkimpy(t)
	far := startSink(t)
	p := startProduct(t, far.port)
	front := startPostfix(t, p.smtp)
	for i, c := range clients {
		for route, port := range map[string]int{"direct": p.smtp, "relayed": front.port} {
			t.Run(c.name+", "+route, func(t *testing.T) {
				p.t = t
				conv := fmt.Sprintf("c%d%s", i, route)
				before := len(far.to(bobAddress))
				p.converse(conv, "The blue one is sold out.\nShall we send the green one instead?")
				p.say(conv, "We also have red: https://shop.test/red?size=m&x=1")
				o := readMail(t, notified(t, far, bobAddress, before+1).data)
				words := answers[c.name]
				mail := p.signed(reply(o, c, bobAddress, conv+"@mail."+peopleMail, words))
				if log, ok := swaks(t, port, bobAddress, o.replyTo, mail); !ok {
					t.Fatal(log)
				}
				eventually(t, "the reply in the conversation", func() bool { return len(p.texts(conv)) == 1 })
				if got := p.texts(conv)[0]; got != words {
					t.Errorf("posted %q, want %q", got, words)
				}
			})
		}
	}
	p.t = t
	webhooksVerify(t, p)
}

// webhooksVerify has the npm library of Standard Webhooks check all that came.
func webhooksVerify(t *testing.T, p *product) {
	need(t, "node")
	modules := os.Getenv("REPLYGATE_NODE")
	if modules == "" {
		skip(t, "REPLYGATE_NODE names no directory with the npm package standardwebhooks")
	}
	eventually(t, "webhooks of all replies", func() bool { return len(p.hooks.of("message.sent")) >= 6*3 })
	file := filepath.Join(t.TempDir(), "hooks.jsonl")
	lines := p.hooks.lines()
	write(t, file, lines)
	var got struct{ Good, Bad, Tampered int }
	if err := json.Unmarshal(run(t, nil, "node", "testdata/webhook_verify.mjs", modules, p.hooks.secret, file), &got); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(lines), "\n"); got.Good != n || got.Bad != 0 || got.Tampered != n {
		t.Errorf("of %d webhooks %d verify, %d do not, %d tampered ones are refused", n, got.Good, got.Bad, got.Tampered)
	}
}

// TestWhoMayWrite sends what must not be posted, and what must be posted once.
func TestWhoMayWrite(t *testing.T) {
	needDkimpy(t)
	far := startSink(t)
	p := startProduct(t, far.port)
	p.converse("c", "Are you there?")
	o := readMail(t, notified(t, far, bobAddress, 1).data)
	compose := func(from, id, words string) []byte { return reply(o, clients[0], from, id+"@mail."+peopleMail, words) }

	t.Run("unsigned is held", func(t *testing.T) {
		log, ok := swaks(t, p.smtp, bobAddress, o.replyTo, compose(bobAddress, "u", "I am Bob, honest"))
		if !ok {
			t.Fatal(log)
		}
		eventually(t, "reply.held", func() bool { return len(p.hooks.of("reply.held")) == 1 })
	})
	t.Run("forged From is refused", func(t *testing.T) {
		// Signed by the people's provider, but for another of its users; and
		// by nobody, from elsewhere.
		log, ok := swaks(t, p.smtp, "eve@evil.test", o.replyTo, compose("eve@evil.test", "f", "I am not Bob"))
		if ok || !strings.Contains(log, " 550 5.7.1") {
			t.Errorf("an unaligned stranger was not refused:\n%s", log)
		}
		alias := p.signed(compose("eve@"+peopleMail, "e", "I have my own account there"))
		if log, ok := swaks(t, p.smtp, "eve@"+peopleMail, o.replyTo, alias); !ok {
			t.Errorf("a verified stranger was not held:\n%s", log)
		}
		tampered := strings.Replace(string(p.signed(compose(bobAddress, "t", "Ten apples"))), "Ten apples", "Two apples", 1)
		if log, ok := swaks(t, p.smtp, bobAddress, o.replyTo, []byte(tampered)); !ok {
			t.Errorf("a broken signature was not held:\n%s", log)
		}
		eventually(t, "reply.rejected and two more reply.held", func() bool {
			return len(p.hooks.of("reply.rejected")) == 1 && len(p.hooks.of("reply.held")) == 3
		})
	})
	t.Run("three copies post once", func(t *testing.T) {
		mail := p.signed(compose(bobAddress, "once", "Yes!"))
		for range 3 {
			if log, ok := swaks(t, p.smtp, bobAddress, o.replyTo, mail); !ok {
				t.Fatal(log)
			}
		}
		eventually(t, "two duplicates", func() bool { return len(p.hooks.of("reply.duplicate")) == 2 })
	})
	t.Run("an automatic answer is recorded only", func(t *testing.T) {
		auto := strings.Replace(string(compose(bobAddress, "auto", "I am on holiday")), "MIME-Version:", "Auto-Submitted: auto-replied\r\nMIME-Version:", 1)
		if log, ok := swaks(t, p.smtp, bobAddress, o.replyTo, p.signed([]byte(auto))); !ok {
			t.Fatal(log)
		}
		eventually(t, "reply.automatic", func() bool { return len(p.hooks.of("reply.automatic")) == 1 })
	})
	t.Run("only a quotation is refused", func(t *testing.T) {
		log, ok := swaks(t, p.smtp, bobAddress, o.replyTo, p.signed(compose(bobAddress, "empty", "")))
		if ok || !strings.Contains(log, " 550 5.6.0") {
			t.Errorf("%s", log)
		}
	})
	t.Run("reading is not writing", func(t *testing.T) {
		p.call("PUT", "/users/carol", map[string]any{"name": "Carol", "email": "carol@" + peopleMail})
		p.call("PUT", "/conversations/c/participants/carol", map[string]any{"access": "Read"})
		p.say("c", "Hello Carol")
		carol := readMail(t, notified(t, far, "carol@"+peopleMail, 1).data)
		log, ok := swaks(t, p.smtp, "carol@"+peopleMail, carol.replyTo, p.signed(compose("carol@"+peopleMail, "carol", "Me too")))
		if ok || !strings.Contains(log, " 550 5.7.1 You may read this conversation") {
			t.Errorf("%s", log)
		}
	})
	if got := p.texts("c"); len(got) != 1 || got[0] != "Yes!" {
		t.Errorf("the conversation holds %q, want only Yes!", got)
	}
	records := p.call("GET", "/replies?limit=100", nil)["data"].([]any)
	if len(records) != 10 {
		t.Errorf("%d records of received mail, want 10: 3 held, 3 rejected, 1 posted, 2 duplicates, 1 automatic", len(records))
	}
}

// TestKill kills the gateway in a stream of replies, again and again: none that
// got its 250 is lost, none is posted twice.
func TestKill(t *testing.T) {
	needDkimpy(t)
	far := startSink(t)
	p := startProduct(t, far.port)
	p.converse("c", "How many?")
	o := readMail(t, notified(t, far, bobAddress, 1).data)
	rounds := 5
	if long() {
		rounds = 50
	}
	const total = 500
	mails := p.signedMany(o, total)
	acked := map[int]bool{}
	killed := 0
	for i := 0; i < total; {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p.smtp)))
		if err != nil {
			t.Fatal(err)
		}
		// Each kill falls right behind the final dot of one mail, while it is
		// being read, checked or committed.
		killAt := -1
		if killed < rounds {
			killAt = killed*total/rounds + 7
		}
		i = stream(p, conn, o.replyTo, mails, i, killAt, acked)
		conn.Close()
		if i < total {
			killed++
			p.start()
			i = max(0, i-5) // like a queue that saw no answer: what is not sure goes again
		}
	}
	got := map[string]int{}
	for _, text := range p.texts("c") {
		got[text]++
	}
	for i := range total {
		words := fmt.Sprintf("answer number %d", i)
		if acked[i] && got[words] == 0 {
			t.Errorf("%q got its 250 and is lost", words)
		}
		if got[words] > 1 {
			t.Errorf("%q was posted %d times", words, got[words])
		}
	}
	if len(acked) != total || len(got) != total {
		t.Errorf("%d acknowledged, %d posted, of %d", len(acked), len(got), total)
	}
	t.Logf("%d replies, %d kills, %d acknowledged, %d posted", total, killed, len(acked), len(got))
}

// signedMany signs many replies in one go: one process per mail would take minutes.
func (p *product) signedMany(o original, n int) [][]byte {
	p.t.Helper()
	var all strings.Builder
	const sep = "\n===8<===\n"
	for i := range n {
		words := fmt.Sprintf("answer number %d", i)
		all.WriteString(strings.ReplaceAll(string(reply(o, clients[0], bobAddress, fmt.Sprintf("k%d@mail.%s", i, peopleMail), words)), "\r\n", "\n") + sep)
	}
	out := run(p.t, []byte(all.String()), python, "testdata/dkim_sign.py", peopleMail, p.personal.selector, p.personal.file, sep)
	var mails [][]byte
	for m := range strings.SplitSeq(strings.TrimSuffix(string(out), sep), sep) {
		mails = append(mails, []byte(m))
	}
	if len(mails) != n {
		p.t.Fatalf("%d mails were signed, want %d", len(mails), n)
	}
	return mails
}

// stream sends mails over one connection until it breaks or all are sent, and
// returns the first that is not known to be taken. Before mail killAt is
// answered the gateway is killed.
func stream(p *product, conn net.Conn, to string, mails [][]byte, from, killAt int, acked map[int]bool) int {
	s := &session{conn: conn}
	s.expect("", 220)
	s.expect("EHLO mail."+peopleMail, 250)
	for i := from; i < len(mails); i++ {
		s.expect("MAIL FROM:<"+bobAddress+">", 250)
		s.expect("RCPT TO:<"+to+">", 250)
		s.expect("DATA", 354)
		s.send(string(mails[i]) + "\r\n.\r\n")
		if i == killAt {
			p.kill()
		}
		s.expect("", 250)
		if s.err != nil {
			return i
		}
		acked[i] = true
	}
	return len(mails)
}

package interop

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// bomb is a mail made to cost more than its size.
type bomb struct {
	name string
	// header is added to a mail's usual fields; body stands below.
	header, body string
	// refused: by its structure it must not be accepted. Others may be, but
	// are answered for good, and in the same time.
	refused bool
}

func times(s string, n int) string { return strings.Repeat(s, n) }

// fill repeats s up to n octets.
func fill(s string, n int) string { return strings.Repeat(s, n/len(s)+1)[:n] }

func nested(depth int, closed bool) string {
	var b strings.Builder
	for i := range depth {
		fmt.Fprintf(&b, "--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", i, i+1)
	}
	if closed {
		for i := depth; i > 0; i-- {
			fmt.Fprintf(&b, "\r\n--b%d--\r\n", i)
		}
	}
	return b.String()
}

func pieces(name string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ";\r\n %s*%d=x", name, i)
	}
	return b.String()
}

const (
	mixed  = "Content-Type: multipart/mixed; boundary=b0\r\n"
	folded = "\r\n b"
	mega   = 1 << 20
)

func bombs() []bomb {
	text, html := "Content-Type: text/plain; charset=", "Content-Type: text/html; charset=utf-8\r\n"
	lines := func(s string, n int) string { return times(fill(s, 900)+"\r\n", n/902) }
	return []bomb{
		{"nested 1000, closed", mixed, nested(1000, true), true},
		{"nested 24, open", mixed, nested(24, false), true},
		{"nested 40, open", mixed, nested(40, false), true},
		{"nested 20000, open", mixed, nested(20000, false), true},
		{"nested in one boundary", mixed, times("--b0\r\n"+mixed+"\r\n", 5000), true},
		{"100000 empty parts", mixed, times("--b0\r\n", 100_000), true},
		{"100000 parts", mixed, times("--b0\r\nContent-Type: text/plain\r\n\r\nx\r\n", 100_000), true},
		{"2000 digests", mixed, times("--b0\r\nContent-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\n--d--\r\n", 2000), true},
		{"a field of 400 kB", "X-Long: " + times(fill("x", 900)+"\r\n ", 450) + "x\r\n", "x", true},
		{"a field folded 100000 times", "X-Long: a" + times(folded, 100_000) + "\r\n", "x", true},
		{"5000 fields", times("X: y\r\n", 5000), "x", true},
		{"header without end", times("X-A: b\r\n", 200_000), "", true},
		{"a part's header of 400 kB", mixed, "--b0\r\nX-Pad: " + times(fill("y", 900)+"\r\n ", 450) + "\r\n\r\nx\r\n", true},
		{"a boundary too long", "Content-Type: multipart/mixed; boundary=" + fill("b", 71) + "\r\n", "x", true},
		{"a boundary in 150 pieces", "Content-Type: multipart/mixed" + pieces("boundary", 150) + "\r\n", "x", true},
		{"100000 blank lines", "", times("\r\n", 100_000), true},
		{"bare LF", "", times("x\n", mega/2), true},
		{"NUL", "", lines("\x00", mega), true},
		{"a line of 2 MB", "", fill("x", 2*mega), true},
		{"1000 authors", times("From: a@x.test\r\n", 990), "x", true},
		{"more than the limit", "", lines("x", 26*mega), true},
		{"10000 words encoded", "X-Words: " + times("=?utf-8?q?=C3=A4?=\r\n ", 1900) + "x\r\n", "x", false},
		{"a name in 1500 pieces", "Content-Disposition: attachment" + pieces("filename", 1500) + "\r\n", "x", false},
		{"10000 addresses", "To: " + times("a@example.com,\r\n ", 1900) + "b@x.test\r\n", "x", false},
		{"50000 references", "References: " + times(fill("<a@b>", 900)+"\r\n ", 250) + "<c@d>\r\n", "x", false},
		{"100 signatures", times("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=people.test; s=people; h=from; bh=AAAA; b=AAAA\r\n", 100), "x", false},
		{"base64 of junk", "Content-Transfer-Encoding: base64\r\n", lines("!*#", mega), false},
		{"quoted-printable of equals signs", "Content-Transfer-Encoding: quoted-printable\r\n", lines("=", mega), false},
		{"escapes of ISO-2022-JP", text + "iso-2022-jp\r\n", lines("\x1b$B\x1b(B", mega), false},
		{"UTF-16", text + "utf-16\r\nContent-Transfer-Encoding: base64\r\n", lines("AAAA", mega), false},
		{"UTF-7", text + "utf-7\r\n", lines("+ADw-", mega), false},
		{"HTML nested deeply", html, lines("<div>", mega), false},
		{"HTML of attributes", html, "<p " + lines("a=b ", mega) + ">", false},
		{"HTML tables", html, lines("<table><tr><td>", mega), false},
		{"HTML entities", html, lines("&amp;", mega), false},
		{"quotations in quotations", "", lines(">", mega), false},
		{"attributions", "", times("On Mon, Jan 1, 2024 at 1:00 PM a <a@b.c> wrote:\r\n", mega/50), false},
		{"mails in mails", "Content-Type: message/rfc822\r\n", times("Content-Type: message/rfc822\r\n\r\n", 20_000), false},
		{"uuencode", "", "begin 644 a\r\n" + times("M"+fill("x", 60)+"\r\n", mega/63), false},
		{"TNEF of junk", "Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n", "eJ8+Ig" + lines("AAAA", mega), false},
		{"a long line of words", "", fill("on wrote at ", mega-10), false},
	}
}

// mail makes the mail of a bomb, as Bob would send it.
func (b bomb) mail(to, id string) []byte {
	top := "To: " + to + "\r\n"
	if strings.HasPrefix(b.header, "To:") {
		top = ""
	}
	return []byte("From: " + bobAddress + "\r\n" + top + "Subject: x\r\nDate: " + time.Now().Format(time.RFC1123Z) + "\r\nMessage-ID: <" + id +
		"@mail." + peopleMail + ">\r\nMIME-Version: 1.0\r\n" + b.header + "\r\n" + b.body)
}

// TestBombs sends each from where Bob writes from, so that nothing is refused for
// want of authentication, while somebody else has a conversation: each is
// answered for good, and in the long form in 250 ms per MB while nobody else waits.
func TestBombs(t *testing.T) {
	far := startSink(t)
	p := startDoor(t, far.port, "")
	p.txt(peopleMail, "v=spf1 ip4:127.0.0.0/8 -all")
	p.converse("bombs", "Are you there?")
	bobs := readMail(t, notified(t, far, bobAddress, 1).data)
	p.call("PUT", "/users/dan", map[string]any{"name": "Dan", "email": "dan@" + peopleMail})
	p.call("PUT", "/conversations/calm", map[string]any{"subject": "Calm", "participants": []string{"ann", "dan"}})
	p.say("calm", "Good morning")
	dans := readMail(t, notified(t, far, "dan@"+peopleMail, 1).data)

	rounds := 1
	if long() {
		rounds = 20
	}
	stop, waits := p.chatter(dans)
	var slowest float64
	for round := range rounds {
		for i, b := range bombs() {
			data := b.mail(bobs.replyTo, fmt.Sprintf("bomb-%d-%d", round, i))
			allowed := max(250*time.Millisecond, time.Duration(float64(len(data))/mega*float64(250*time.Millisecond)))
			answer, took := p.explode(bobs.replyTo, data)
			for try := 0; try < 3 && took > allowed && long(); try++ { // somebody else's mail may have had the processor
				again := b.mail(bobs.replyTo, fmt.Sprintf("bomb-%d-%d-%d", round, i, try))
				answer, took = p.explode(bobs.replyTo, again)
			}
			slowest = max(slowest, took.Seconds()/allowed.Seconds())
			switch {
			case answer == "" || answer[0] != '5' && (b.refused || answer[0] != '2'):
				t.Errorf("%s (%d octets): %q", b.name, len(data), answer)
			case took > allowed && long():
				t.Errorf("%s (%d octets): answered after %v, allowed are %v", b.name, len(data), took, allowed)
			}
			if testing.Verbose() && round == 0 {
				t.Logf("%-34s %8d octets %6d ms  %.40s", b.name, len(data), took.Milliseconds(), strings.TrimSpace(answer))
			}
		}
	}
	close(stop)
	all := slices.Sorted(slices.Values(<-waits))
	p99 := all[len(all)*99/100]
	if p99 > time.Second && long() {
		t.Errorf("meanwhile the answers to others took %v (p99)", p99)
	}
	t.Logf("%d bombs, the slowest took %.0f %% of what is allowed; meanwhile %d mails of others, p50 %v, p99 %v, max %v", len(bombs())*rounds, slowest*100, len(all), all[len(all)/2], p99, all[len(all)-1])
}

// explode sends a bomb and returns the answer, and how long it took: of the
// clock, or of the processor if the gateway had to share that with others.
func (p *product) explode(to string, data []byte) (answer string, took time.Duration) {
	k := dialDoor(p.t, "127.0.66.1", p.smtp)
	defer k.conn.Close()
	k.want("", "220")
	k.want("EHLO mail."+peopleMail, "250")
	begun, spent := time.Now(), processorTime(p.cmd.Process.Pid)
	answer = k.mail(bobAddress, to, data)
	took = time.Since(begun)
	if took > 2*time.Second && long() {
		p.t.Errorf("no answer for %v", took)
	}
	if spent > 0 {
		took = min(took, processorTime(p.cmd.Process.Pid)-spent)
	}
	return answer, took
}

// processorTime is what a process has used so far, to 10 ms; 0 if the system
// does not tell.
func processorTime(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, found := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if err != nil || !found || len(f) < 13 {
		return 0
	}
	user, err1 := strconv.Atoi(f[11])
	system, err2 := strconv.Atoi(f[12])
	if err1 != nil || err2 != nil {
		return 0
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// chatter has somebody send replies one after the other, each over a connection
// of its own, until stop is closed; then it hands out how long each took.
func (p *product) chatter(o original) (stop chan struct{}, waits chan []time.Duration) {
	stop, waits = make(chan struct{}), make(chan []time.Duration, 1)
	go func() {
		var took []time.Duration
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		defer func() { waits <- took }()
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			begun := time.Now()
			err := sendOnce("127.0.99.1", p.smtp, o.to, o.replyTo, reply(o, clients[0], o.to, fmt.Sprintf("calm-%d@mail.%s", i, peopleMail), fmt.Sprintf("It is %d", i)))
			took = append(took, time.Since(begun))
			if err != nil {
				p.t.Errorf("somebody else: %v", err)
				return
			}
		}
	}()
	return stop, waits
}

// sendOnce sends a mail over a connection of its own, which must be taken.
func sendOnce(from string, port int, sender, to string, data []byte) error {
	conn, err := connect(from, port)
	if err != nil {
		return err
	}
	defer conn.Close()
	s := &session{conn: conn}
	s.expect("", 220)
	s.expect("EHLO mail."+peopleMail, 250)
	s.expect("MAIL FROM:<"+sender+">", 250)
	s.expect("RCPT TO:<"+to+">", 250)
	s.expect("DATA", 354)
	s.expect(strings.TrimSuffix(string(data), "\r\n")+"\r\n.", 250)
	s.expect("QUIT", 221)
	return s.err
}

package smtpd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// endings are the ways to write an end of data that some server has taken for
// one: all pairs of these around a dot.
func endings() []string {
	before := []string{"\r\n", "\n", "\r", "\r\r\n", "\n\r", "\r\n\r", "\n\n", "\x00", "\r\n\x00", "\x00\r\n", "\r\x00\n", " \r\n", "\r\n "}
	after := []string{"\r\n", "\n", "\r", "\r\r\n", "\n\r", "\x00\r\n", "\r\x00\n", "\r\n\x00", " \r\n", ".\r\n"}
	var out []string
	for _, b := range before {
		for _, a := range after {
			out = append(out, b+"."+a)
		}
	}
	return out
}

const smuggled = "MAIL FROM:<ceo@bank.example>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\nsmuggled\r\n"

// TestEndOfData: of every ending, the backend sees one message with exactly the
// octets up to CR LF "." CR LF, or none because they are not sound. Where the
// ending is the true one, what follows it are commands, by everybody's reading.
func TestEndOfData(t *testing.T) {
	conf := testConfig(t)
	for _, ending := range endings() {
		input := "EHLO c\r\nMAIL FROM:<ann@sender.example>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\nbody" +
			ending + smuggled + "\r\n.\r\nQUIT\r\n"
		for _, step := range []int{1, 2, 3, 1 << 20} {
			transcript, seen := judge(t, conf, []byte(input), step)
			if !strings.HasSuffix(transcript, "\r\n") || !strings.Contains(transcript, "221 2.0.0 ") {
				t.Errorf("%q, %d at a time: no answer to QUIT: %q", ending, step, transcript)
			}
			genuine := strings.Contains(ending, "\r\n.\r\n")
			if slices.Contains(seen, "MAIL <ceo@bank.example>") && !genuine {
				t.Errorf("%q, %d at a time: smuggled", ending, step)
			}
			if messages := strings.Count(strings.Join(seen, "|"), "DATA "); messages > 1 && !genuine {
				t.Errorf("%q, %d at a time: %d messages", ending, step, messages)
			}
		}
	}
}

// TestEndOfDataOnTheWire repeats it with sockets, in the clear and inside TLS:
// each variant is answered once, without a pause, and the session goes on.
func TestEndOfDataOnTheWire(t *testing.T) {
	for _, secure := range []bool{false, true} {
		r := &recorder{}
		conf := testConfig(t)
		conf.MaxPerNetwork, conf.ConnectionRate = 1000, -1
		addr, stop := serve(t, conf, r)
		for _, ending := range endings() {
			if strings.Contains(ending, "\r\n.\r\n") {
				continue
			}
			p := dial(t, addr)
			p.conn.SetDeadline(time.Now().Add(time.Minute))
			p.want("220 ")
			if secure {
				p.secure()
			}
			p.send("EHLO c\r\nMAIL FROM:<ann@sender.example>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\n")
			for _, want := range []string{"250", "250", "250", "354"} {
				p.want(want)
			}
			p.send("body" + ending + smuggled)
			p.send("\r\n.\r\n")
			got, err := p.reply()
			if err != nil || !strings.HasPrefix(got, "550 5.6.0 ") && !strings.HasPrefix(got, "250 ") {
				t.Errorf("%q: %q, %v", ending, got, err)
			}
			p.send("QUIT\r\n")
			p.want("221 ")
			p.want("EOF")
		}
		stop()
		for _, e := range r.seen() {
			if strings.Contains(e, "ceo@bank.example>") && strings.HasPrefix(e, "MAIL") {
				t.Error("smuggled")
			}
		}
	}
}

// TestDotStuffing: what a correct client stuffs arrives octet for octet, however
// it is cut into reads.
func TestDotStuffing(t *testing.T) {
	bodies := []string{
		"", "\r\n", ".\r\n", "..\r\n", "...\r\n", ".\r\n.\r\n", ".a\r\n", "a.\r\n", "a\r\n.\r\nb\r\n", "\r\n.\r\n", "\r\n\r\n.", ". \r\n", ".\t.\r\n", "x\r\n..\r\n...\r\n",
		strings.Repeat(".", 5000) + "\r\n", strings.Repeat(".\r\n", 3000), strings.Repeat("long ", 200_000) + "\r\n", "8-bit \xff\xfe\x80\r\n", strings.Repeat("\r\n", 2000),
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var b strings.Builder
		for range random.IntN(60) {
			b.WriteString([]string{".", "\r\n", "a", "\r\n.", "..", "xyz"}[random.IntN(6)])
		}
		bodies = append(bodies, b.String())
	}
	for _, body := range bodies {
		if !strings.HasSuffix(body, "\r\n") && body != "" {
			body += "\r\n"
		}
		stuffed := strings.ReplaceAll("\r\n"+body, "\r\n.", "\r\n..")[2:]
		input := "EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\n" + stuffed + ".\r\nQUIT\r\n"
		for _, step := range []int{1, 5, 4096, 1 << 20} {
			if step == 1 && len(input) > 100_000 {
				continue
			}
			_, seen := replay(t, Config{Hostname: "mx.example"}, []byte(input), step)
			want := []string{"MAIL <a@b.example>", bobRcpt, fmt.Sprintf("DATA %q", body), "CLOSE"}
			if !slices.Equal(seen, want) {
				t.Fatalf("%.80q, %d at a time: the backend saw %.200q", body, step, seen)
			}
		}
	}
}

// TestUnsoundMessages are read to their true end and refused.
func TestUnsoundMessages(t *testing.T) {
	for message, want := range map[string]string{
		"a\rb\r\n":                            "550 5.6.0 The message has line endings",
		"a\nb\r\n":                            "550 5.6.0 The message has line endings",
		"a\x00b\r\n":                          "550 5.6.0 The message has a NUL",
		"a\r\r\n":                             "550 5.6.0 The message has line endings",
		".\rx\r\n":                            "550 5.6.0 The message has line endings",
		strings.Repeat("x", 1<<20) + "\r\n":   "250 ",
		strings.Repeat("x", 1<<20+2) + "\r\n": "550 5.6.0 The message has a line that is too long",
	} {
		talk(t, testConfig(t), func() *recorder { return &recorder{} }, addressed(
			say("DATA\r\n", "354 "), say(message+".\r\n", want), say("NOOP\r\n", "250 "),
		))
	}
}

// naive finds the end and undoes dot-stuffing by search and replace.
func naive(in []byte) (content []byte, n int, found bool) {
	whole := append([]byte("\r\n"), in...)
	end := bytes.Index(whole, []byte("\r\n.\r\n"))
	if end < 0 {
		return nil, 0, false
	}
	// The first CR LF is DATA's own.
	return bytes.ReplaceAll(whole[:end+2], []byte("\r\n."), []byte("\r\n"))[2:], end + 3, true
}

func FuzzUnstuff(f *testing.F) {
	f.Add([]byte("a\r\n.\r\nb"), byte(1))
	f.Add([]byte("\r\r\n.\r\r\n.\r\n"), byte(2))
	f.Add([]byte(".\r\n"), byte(3))
	f.Fuzz(func(t *testing.T, in []byte, step byte) {
		var u unstuffer
		var got []byte
		read := 0
		for read < len(in) && !u.done {
			content, n := u.next(in[read:min(len(in), read+int(step)+1)])
			got, read = append(got, content...), read+n
		}
		want, n, found := naive(in)
		if u.done != found || found && (read != n || !bytes.Equal(got, want)) {
			t.Fatalf("%q: read %d, %v, %q; want %d, %v, %q", in, read, u.done, got, n, found, want)
		}
		if found {
			rest := bytes.ReplaceAll(in[:n], []byte("\r\n"), nil)
			if u.sound() == bytes.ContainsAny(rest, "\r\n\x00") {
				t.Fatalf("%q: sound is %v", in, u.sound())
			}
		}
	})
}

package interop

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// configure adds settings to [smtp] of a product that does not run yet.
func (p *product) configure(smtp string) {
	p.t.Helper()
	b, err := os.ReadFile(p.config())
	if err != nil {
		p.t.Fatal(err)
	}
	write(p.t, p.config(), bytes.Replace(b, []byte("[smtp]\n"), []byte("[smtp]\n"+smtp+"\n"), 1))
}

// startDoor is startProduct with more settings in [smtp].
func startDoor(t *testing.T, smarthost int, smtp string) *product {
	t.Helper()
	p := newProduct(t, smarthost)
	p.configure(smtp)
	p.start()
	p.call("PUT", "/roles/default", map[string]any{"delay": 0.2})
	return p
}

// received are the app's records of received mails.
func (p *product) received() []map[string]any {
	p.t.Helper()
	var out []map[string]any
	for after := ""; ; {
		page := p.call("GET", "/replies?limit=100"+after, nil)["data"].([]any)
		for _, r := range page {
			out = append(out, r.(map[string]any))
			after = "&startingAfter=" + r.(map[string]any)["id"].(string)
		}
		if len(page) < 100 {
			return out
		}
	}
}

// postconf changes the configuration of a Postfix instance that runs.
func (p *postfix) postconf(t *testing.T, settings ...string) {
	t.Helper()
	run(t, nil, "postconf", append([]string{"-c", p.conf, "-e"}, settings...)...)
	run(t, nil, "postfix", "-c", p.conf, "reload")
}

// service adds a service to master.cf; postconf makes it known.
func (p *postfix) service(t *testing.T, entry string) {
	t.Helper()
	f := strings.Fields(entry)
	run(t, nil, "postconf", "-c", p.conf, "-M", f[0]+"/"+f[1]+"="+entry)
}

// queued is how many mails wait in a Postfix instance.
func (p *postfix) queued(t *testing.T) int {
	t.Helper()
	return bytes.Count(run(t, nil, "postqueue", "-c", p.conf, "-j"), []byte("\n"))
}

// talker is a client that says what it likes, and holds every answer of the
// gateway against RFC 2034.
type talker struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	free bool // the server is not ours
}

// connect opens a connection from a loopback address.
func connect(from string, port int) (net.Conn, error) {
	d := net.Dialer{Timeout: time.Minute, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	return d.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

func dialDoor(t *testing.T, from string, port int) *talker {
	t.Helper()
	conn, err := connect(from, port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &talker{t: t, conn: conn, in: bufio.NewReader(conn)}
}

// proper is an answer with an enhanced code of its class.
var proper = regexp.MustCompile(`^(?:2\d\d[ -]2|4\d\d[ -]4|5\d\d[ -]5)\.\d{1,3}\.\d{1,3} [ -~]+\r\n$`)

// answer reads one answer; "" is the end of the connection.
func (k *talker) answer() string {
	k.t.Helper()
	k.conn.SetReadDeadline(time.Now().Add(time.Minute))
	var b strings.Builder
	for {
		line, err := k.in.ReadString('\n')
		b.WriteString(line)
		if err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				k.t.Fatalf("no answer in a minute, after %q", b.String())
			}
			return b.String()
		}
		if len(line) > 3 && line[3] != '-' {
			break
		}
	}
	whole := b.String()
	exempt := k.free || strings.HasPrefix(whole, "220 ") || strings.HasPrefix(whole, "354 ") || strings.Contains(whole, " greets ")
	for line := range strings.Lines(whole) {
		if !exempt && !proper.MatchString(line) {
			k.t.Errorf("an answer without enhanced code: %q", line)
		}
	}
	return whole
}

// say sends a line and reads the answer to it.
func (k *talker) say(line string) string {
	k.t.Helper()
	k.conn.SetWriteDeadline(time.Now().Add(time.Minute))
	if _, err := k.conn.Write([]byte(line + "\r\n")); err != nil {
		return ""
	}
	return k.answer()
}

// want is say with the beginning of the answer.
func (k *talker) want(line, prefix string) string {
	k.t.Helper()
	var got string
	if line == "" {
		got = k.answer()
	} else {
		got = k.say(line)
	}
	if !strings.HasPrefix(got, prefix) {
		k.t.Fatalf("%.80q was answered with %q, want %s", line, got, prefix)
	}
	return got
}

// mail sends one mail and returns the answer to its final dot.
func (k *talker) mail(from, to string, data []byte) string {
	k.t.Helper()
	k.want("MAIL FROM:<"+from+">", "250")
	k.want("RCPT TO:<"+to+">", "250")
	k.want("DATA", "354")
	stuffed := bytes.ReplaceAll(append([]byte("\r\n"), data...), []byte("\r\n."), []byte("\r\n.."))[2:]
	return k.say(strings.TrimSuffix(string(stuffed), "\r\n") + "\r\n.")
}

// relisten has a product that does not run yet listen at p.smtp.
func (p *product) relisten() {
	p.t.Helper()
	b, err := os.ReadFile(p.config())
	if err != nil {
		p.t.Fatal(err)
	}
	at := regexp.MustCompile(`(?m)(\[smtp\]\nlisten = )\[.*\]$`)
	write(p.t, p.config(), at.ReplaceAll(b, fmt.Appendf(nil, `${1}["127.0.0.1:%d"]`, p.smtp)))
}

// brake gives a product that does not run yet the limits on replies it has by
// default.
func (p *product) brake() {
	p.t.Helper()
	b, err := os.ReadFile(p.config())
	if err != nil {
		p.t.Fatal(err)
	}
	write(p.t, p.config(), bytes.Replace(b, []byte("[replies]\nper_hour = 0\nquick_in_a_row = 0\n"), nil, 1))
}

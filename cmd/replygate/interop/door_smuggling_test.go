package interop

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
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

// TestSmugglingThroughRelays sends every ending through Postfix and Exim: what
// each of them takes for one message is one record here, no more and no less,
// and none of it hangs.
func TestSmugglingThroughRelays(t *testing.T) {
	far := startSink(t)
	p := startDoor(t, far.port, "refusals_per_hour = 0")
	p.converse("c", "Are you there?")
	to := readMail(t, notified(t, far, bobAddress, 1).data).replyTo
	front := startPostfix(t, p.smtp)
	other := startExim(t, p.smtp)
	for _, relay := range []struct {
		name   string
		port   int
		queued func(*testing.T) int
	}{{"postfix", front.port, front.queued}, {"exim", other.port, other.queued}} {
		t.Run(relay.name, func(t *testing.T) {
			p.t = t
			before := len(p.received())
			var messages atomic.Int64
			took := make([]time.Duration, len(endings()))
			var sessions errgroup.Group
			sessions.SetLimit(8)
			for i, ending := range endings() {
				sessions.Go(func() error {
					begun := time.Now()
					n, err := smuggle(relay.port, to, fmt.Sprintf("%s-%d", relay.name, i), ending)
					messages.Add(int64(n))
					took[i] = time.Since(begun)
					return err
				})
			}
			if err := sessions.Wait(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "an empty queue", func() bool { return relay.queued(t) == 0 })
			if got := len(p.received()) - before; got != int(messages.Load()) {
				t.Errorf("%s took %d messages, the gateway has %d records of them", relay.name, messages.Load(), got)
			}
			slowest := slices.Max(took)
			if slowest > 5*time.Second && long() {
				t.Errorf("one took %v", slowest)
			}
			t.Logf("%d endings, %d messages by %s's own reading, the slowest took %v", len(endings()), messages.Load(), relay.name, slowest)
		})
	}
	p.t = t
}

// smuggle sends a mail with an ending in it and a second one behind, and returns
// how many messages the relay takes it for.
func smuggle(port int, to, id, ending string) (messages int, err error) {
	conn, err := connect("127.0.0.1", port)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	s := &session{conn: conn}
	s.expect("", 220)
	s.expect("EHLO client.test", 250)
	s.expect("MAIL FROM:<"+bobAddress+">", 250)
	s.expect("RCPT TO:<"+to+">", 250)
	s.expect("DATA", 354)
	s.send("From: " + bobAddress + "\r\nMessage-ID: <" + id + "@client.test>\r\nSubject: x\r\n\r\nbody " + id + ending +
		"MAIL FROM:<ceo@bank.test>\r\nRCPT TO:<" + to + ">\r\nDATA\r\nFrom: ceo@bank.test\r\nMessage-ID: <smuggled-" + id +
		"@client.test>\r\n\r\nsmuggled\r\n.\r\nQUIT\r\n")
	if s.err != nil {
		return 0, fmt.Errorf("%q: %w", ending, s.err)
	}
	rest, err := io.ReadAll(s.r)
	if err != nil {
		return 0, fmt.Errorf("%q: %w after %q", ending, err, rest)
	}
	return strings.Count(string(rest), " queued as ") + strings.Count(string(rest), " OK id="), nil
}

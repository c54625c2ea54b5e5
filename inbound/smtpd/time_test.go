package smtpd

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/gateway"
)

// pipeConn gives a pipe addresses.
type pipeConn struct {
	net.Conn
	from string
}

func (c pipeConn) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(mustAddr("192.0.2.25:25")) }
func (c pipeConn) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(mustAddr(c.from))
}

// bench is a server in a bubble of fake time, reached over pipes.
type bench struct {
	t    *testing.T
	l    *listener
	stop context.CancelFunc
	done chan error
}

func newBench(t *testing.T, c Config, b Backend) *bench {
	ctx, cancel := context.WithCancel(t.Context())
	x := &bench{t: t, l: newListener(), stop: cancel, done: make(chan error, 1)}
	go func() { x.done <- New(c, b).Serve(ctx, x.l) }()
	return x
}

// dial connects without waiting for the banner.
func (x *bench) dial(from string) *peer {
	ours, theirs := net.Pipe()
	x.l.conns <- pipeConn{theirs, from}
	return &peer{t: x.t, conn: ours, in: bufio.NewReader(ours)}
}

// end stops the server and returns how long that took.
func (x *bench) end() time.Duration {
	x.t.Helper()
	begun := time.Now()
	x.stop()
	if err := <-x.done; err != nil {
		x.t.Errorf("serve: %v", err)
	}
	return time.Since(begun)
}

// inBoth runs f in a bubble in the clear and in one inside TLS, with a client
// that has done its EHLO.
func inBoth(t *testing.T, c Config, b func() *recorder, f func(t *testing.T, x *bench, p *peer, r *recorder)) {
	for name, secure := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := b()
				x := newBench(t, c, r)
				p := x.dial("192.0.2.1:1234")
				p.want("220 ")
				if secure {
					p.secure()
				}
				p.send("EHLO c\r\n")
				p.want("250-")
				f(t, x, p, r)
				p.conn.Close()
				x.end()
				if seen := r.seen(); strings.Count(strings.Join(seen, "|"), "MAIL ") != strings.Count(strings.Join(seen, "|"), "CLOSE") {
					t.Errorf("transactions left open: %q", seen)
				}
			})
		})
	}
}

func plainRecorder() *recorder { return &recorder{} }

// addressed opens a mail on p, up to and with 354.
func (p *peer) addressed() {
	p.t.Helper()
	p.send("MAIL FROM:<ann@sender.example>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\n")
	for _, want := range []string{"250 ", "250 ", "354 "} {
		p.want(want)
	}
}

// drip sends one piece every pause until the other side has had enough, and
// returns when that was.
func drip(p *peer, piece string, pause time.Duration) time.Duration {
	begun := time.Now()
	stop := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if _, err := io.WriteString(p.conn, piece); err != nil {
					return
				}
			case <-stop:
				return
			}
		}
	}()
	p.in.Peek(1) // the answer, or the end
	took := time.Since(begun)
	defer func() { close(stop); p.conn.Close(); <-ended }()
	p.want("421 4.4.2 ")
	return took
}

func between(t *testing.T, what string, got, least, most time.Duration) {
	t.Helper()
	if got < least || got > most {
		t.Errorf("%s after %v, want %v to %v", what, got, least, most)
	}
}

func TestIdleClient(t *testing.T) {
	inBoth(t, testConfig(t), plainRecorder, func(t *testing.T, _ *bench, p *peer, _ *recorder) {
		begun := time.Now()
		p.want("421 4.4.2 Idle")
		between(t, "closed", time.Since(begun), 5*time.Minute, 5*time.Minute)
		p.want("EOF")
	})
}

func TestDrippingCommand(t *testing.T) {
	inBoth(t, testConfig(t), plainRecorder, func(t *testing.T, _ *bench, p *peer, _ *recorder) {
		between(t, "closed", drip(p, "N", 10*time.Second), 5*time.Minute, 5*time.Minute)
	})
}

func TestSlowMessage(t *testing.T) {
	inBoth(t, testConfig(t), plainRecorder, func(t *testing.T, _ *bench, p *peer, r *recorder) {
		p.addressed()
		between(t, "closed", drip(p, "x", time.Second), 2*time.Minute, 2*time.Minute+time.Second)
		if seen := r.seen(); strings.Contains(strings.Join(seen, "|"), "DATA") {
			t.Errorf("the backend saw %q", seen)
		}
	})
}

// TestMessageCutOff: whatever follows a message that timed out is never obeyed.
func TestMessageCutOff(t *testing.T) {
	inBoth(t, testConfig(t), plainRecorder, func(t *testing.T, _ *bench, p *peer, r *recorder) {
		p.addressed()
		p.send("half of it\r\n")
		begun := time.Now()
		p.want("421 4.4.2 The message comes in too slowly")
		between(t, "closed", time.Since(begun), 2*time.Minute, 2*time.Minute)
		io.WriteString(p.conn, "\r\n.\r\nMAIL FROM:<smuggled@x.example>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\nx\r\n.\r\n")
		p.conn.Close()
		synctest.Wait()
		if got := strings.Join(r.seen(), "|"); got != annMail+"|"+bobRcpt+"|CLOSE" {
			t.Errorf("the backend saw %s", got)
		}
	})
}

// TestUnhurriedMessage: 600 octets a second are enough, for 29 minutes.
func TestUnhurriedMessage(t *testing.T) {
	inBoth(t, testConfig(t), plainRecorder, func(t *testing.T, _ *bench, p *peer, r *recorder) {
		p.addressed()
		line := strings.Repeat("x", 5998) + "\r\n"
		tick := time.NewTicker(10 * time.Second)
		defer tick.Stop()
		for range 29 * 6 {
			<-tick.C
			p.send(line)
		}
		p.send(".\r\n")
		p.want("250 ")
		if n := len(r.mails[0].Data); n != 29*6*6000 {
			t.Errorf("%d octets arrived", n)
		}
	})
}

func TestEndlessMessage(t *testing.T) {
	inBoth(t, testConfig(t), plainRecorder, func(t *testing.T, _ *bench, p *peer, _ *recorder) {
		p.addressed()
		between(t, "closed", drip(p, strings.Repeat("x", 5998)+"\r\n", 10*time.Second), 30*time.Minute, 30*time.Minute)
	})
}

func TestSessionOutlived(t *testing.T) {
	inBoth(t, testConfig(t), plainRecorder, func(t *testing.T, _ *bench, p *peer, _ *recorder) {
		begun := time.Now()
		for time.Since(begun) < 119*time.Minute {
			p.send("NOOP\r\n")
			p.want("250 ")
			<-time.After(4 * time.Minute)
		}
		p.want("421 4.4.2 Session too long")
		between(t, "closed", time.Since(begun), 2*time.Hour, 2*time.Hour)
	})
}

// TestClientThatDoesNotRead cannot hold a session for longer than WriteTimeout.
func TestClientThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, testConfig(t), &recorder{})
		p := x.dial("192.0.2.1:1")
		begun := time.Now()
		if _, err := io.WriteString(p.conn, "EHLO c\r\n"); err == nil {
			t.Error("was read before the banner was")
		}
		between(t, "closed", time.Since(begun), time.Minute, time.Minute)
		x.end()
	})
}

func TestGreetDelay(t *testing.T) {
	conf := testConfig(t)
	conf.GreetDelay = 6 * time.Second
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, conf, &recorder{})
		patient := x.dial("192.0.2.1:1")
		begun := time.Now()
		patient.want("220 ")
		between(t, "greeted", time.Since(begun), 6*time.Second, 6*time.Second)
		early := x.dial("192.0.2.1:2")
		early.send("EHLO spammer\r\n")
		early.want("554 5.5.0 ")
		early.want("EOF")
		patient.send("QUIT\r\n")
		patient.want("221 ")
		x.end()
	})
}

// TestBackendOutOfTime: one that heeds its context is answered for after 20 s,
// and the session goes on.
func TestBackendOutOfTime(t *testing.T) {
	slow := func() *recorder {
		wait := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		return &recorder{
			rcpt: func(ctx context.Context, a gateway.Address) error {
				if a.LocalPart == "slow" {
					return wait(ctx)
				}
				return nil
			},
			data: func(ctx context.Context, _ Mail) (gateway.Status, error) { return gateway.Status{}, wait(ctx) },
		}
	}
	inBoth(t, testConfig(t), slow, func(t *testing.T, _ *bench, p *peer, _ *recorder) {
		begun := time.Now()
		p.addressed()
		p.send("x\r\n.\r\n")
		p.want("451 4.4.3 ")
		between(t, "answered", time.Since(begun), 20*time.Second, 20*time.Second)
		p.send("MAIL FROM:<>\r\nRCPT TO:<slow@chat.example>\r\n")
		p.want("250 ")
		p.want("451 4.4.3 ")
		between(t, "answered", time.Since(begun), 40*time.Second, 40*time.Second)
	})
}

// TestBackendThatHangs: one that does not is answered for all the same, before
// its own answer, and that one is not sent behind.
func TestBackendThatHangs(t *testing.T) {
	stuck := func() *recorder {
		return &recorder{data: func(context.Context, Mail) (gateway.Status, error) {
			<-time.After(time.Minute)
			return status(250, 2, 0, 0, "Queued after all"), nil
		}}
	}
	inBoth(t, testConfig(t), stuck, func(t *testing.T, x *bench, p *peer, r *recorder) {
		begun := time.Now()
		p.addressed()
		p.send("x\r\n.\r\n")
		p.want("451 4.4.3 ")
		between(t, "answered", time.Since(begun), 20*time.Second, 22*time.Second)
		p.want("EOF")
		x.end()
		between(t, "drained", time.Since(begun), time.Minute, time.Minute) // the backend is waited for
		if seen := r.seen(); seen[len(seen)-1] != "CLOSE" {
			t.Errorf("the backend saw %q", seen)
		}
		x.done <- nil
	})
}

// TestGuessing: recipients beyond the budget are answered slowly, then not at
// all; trusted relays are spared.
func TestGuessing(t *testing.T) {
	guess := "RCPT TO:<guess@other.example>\r\n"
	inBoth(t, testConfig(t), plainRecorder, func(t *testing.T, _ *bench, p *peer, _ *recorder) {
		p.send("MAIL FROM:<>\r\n")
		p.want("250 ")
		begun := time.Now()
		for range 20 {
			p.send(guess)
			p.want("550 5.1.1 ")
		}
		between(t, "20 guesses", time.Since(begun), 0, 0)
		for range 5 {
			p.send(guess)
			p.want("550 5.1.1 ")
		}
		between(t, "25 guesses", time.Since(begun), 25*time.Second, 25*time.Second)
		p.send(guess)
		p.want("421 4.7.0 ")
		p.want("EOF")
	})
	conf := testConfig(t)
	conf.Trusted = append(conf.Trusted, mustPrefix("192.0.2.0/24"))
	inBoth(t, conf, plainRecorder, func(t *testing.T, _ *bench, p *peer, _ *recorder) {
		p.send("MAIL FROM:<>\r\n")
		p.want("250 ")
		begun := time.Now()
		for range 50 {
			p.send(guess)
			p.want("550 5.1.1 ")
		}
		between(t, "50 guesses", time.Since(begun), 0, 0)
	})
}

func TestDrain(t *testing.T) {
	t.Run("idle sessions hear 421", func(t *testing.T) {
		inBoth(t, testConfig(t), plainRecorder, func(t *testing.T, x *bench, p *peer, _ *recorder) {
			x.stop()
			p.want("421 4.3.2 ")
			p.want("EOF")
			between(t, "drained", x.end(), 0, 0)
			x.done <- nil
		})
	})
	t.Run("a message in progress is finished", func(t *testing.T) {
		inBoth(t, testConfig(t), plainRecorder, func(t *testing.T, x *bench, p *peer, r *recorder) {
			p.addressed()
			p.send("half\r\n")
			synctest.Wait()
			x.stop()
			<-time.After(20 * time.Second)
			p.send("half\r\n.\r\nMAIL FROM:<>\r\n")
			p.want("250 2.0.0 ")
			p.want("421 4.3.2 ")
			p.want("EOF")
			between(t, "drained", x.end(), 0, 0)
			x.done <- nil
			if n := len(r.mails); n != 1 {
				t.Errorf("%d mails", n)
			}
		})
	})
	t.Run("but not for ever", func(t *testing.T) {
		inBoth(t, testConfig(t), plainRecorder, func(t *testing.T, x *bench, p *peer, _ *recorder) {
			p.addressed()
			begun := time.Now()
			x.stop()
			p.want("421 4.3.2 ")
			p.want("EOF")
			x.end()
			x.done <- nil
			between(t, "drained", time.Since(begun), 30*time.Second, 31*time.Second)
		})
	})
	t.Run("nobody is let in", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			x := newBench(t, testConfig(t), &recorder{})
			between(t, "drained", x.end(), 0, 0)
			select {
			case <-x.l.closed:
			default:
				t.Error("the listener is still open")
			}
		})
	})
}

package smtpd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/gateway"
)

func mustAddr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
func mustPrefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// TestConnectionsAreBounded, in all and per network, and places come back.
func TestConnectionsAreBounded(t *testing.T) {
	conf := testConfig(t)
	conf.MaxConnections, conf.MaxPerNetwork = 6, 2
	conf.Trusted = []netip.Prefix{mustPrefix("198.51.100.0/24")}
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, conf, &recorder{})
		in := map[string]*peer{}
		for _, c := range []struct{ from, want string }{
			{"192.0.2.1:1", "220 "}, {"192.0.2.250:1", "220 "}, {"192.0.2.7:1", "421 4.7.0 "}, {"[::ffff:192.0.2.8]:1", "421 4.7.0 "},
			{"[2001:db8::1]:1", "220 "}, {"[2001:db8::ffff:1]:1", "220 "}, {"[2001:db8::2]:1", "421 4.7.0 "},
			{"198.51.100.1:1", "220 "}, {"198.51.100.1:2", "220 "}, // the sixth
			{"198.51.100.1:3", "421 4.7.0 "}, {"[2001:db8:1::1]:1", "421 4.7.0 "},
		} {
			p := x.dial(c.from)
			p.want(c.want)
			if c.want[0] == '4' {
				p.want("EOF")
				continue
			}
			in[c.from] = p
		}
		in["192.0.2.1:1"].conn.Close()
		synctest.Wait()
		x.dial("192.0.2.9:1").want("220 ")
		for _, p := range in {
			p.conn.Close()
		}
		x.end()
	})
}

// TestMessagesInMemoryAreBounded: above the budget DATA is put off before a
// word of the message is sent, and a message that grows above it behind the dot.
func TestMessagesInMemoryAreBounded(t *testing.T) {
	conf := testConfig(t)
	conf.MaxSize, conf.DataMemory = 100_000, 100_000
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, conf, &recorder{})
		first, second := x.dial("192.0.2.1:1"), x.dial("192.0.2.1:2")
		for _, p := range []*peer{first, second} {
			p.want("220 ")
			p.send("EHLO c\r\n")
			p.want("250-")
			p.addressed()
		}
		line := strings.Repeat("x", 998) + "\r\n"
		first.send(strings.Repeat(line, 50))
		synctest.Wait() // until all of it is held
		second.send(strings.Repeat(line, 99) + ".\r\n")
		second.want("451 4.3.1 ")
		second.send("MAIL FROM:<> SIZE=90000\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\n")
		for _, want := range []string{"250 ", "250 ", "451 4.3.1 "} {
			second.want(want)
		}
		first.send(".\r\n")
		first.want("250 ")
		synctest.Wait() // behind its answer the memory is given back
		second.send("DATA\r\n")
		second.want("354 ")
		second.send(strings.Repeat(line, 99) + ".\r\n")
		second.want("250 ")
		first.conn.Close()
		second.conn.Close()
		x.end()
	})
}

// TestLargeMessagesTakeTurns, and usual ones do not wait for them.
func TestLargeMessagesTakeTurns(t *testing.T) {
	conf := testConfig(t)
	conf.MaxSize, conf.DataMemory = 2<<20, 8<<20
	synctest.Test(t, func(t *testing.T) {
		var atOnce, most atomic.Int64
		x := newBench(t, conf, &recorder{data: func(_ context.Context, m Mail) (gateway.Status, error) {
			if len(m.Data) > usualMessage {
				most.Store(max(most.Load(), atOnce.Add(1)))
				defer atOnce.Add(-1)
				<-time.After(2 * time.Second)
			}
			return status(250, 2, 0, 0, "Queued"), nil
		}})
		large := strings.Repeat(strings.Repeat("x", 998)+"\r\n", 1000)
		begun := time.Now()
		answers := make(chan string, 5)
		for i := range 5 {
			p := x.dial(fmt.Sprintf("192.0.2.1:%d", i+1))
			p.want("220 ")
			p.send("EHLO c\r\n")
			p.want("250-")
			p.addressed()
			p.send(large)
			go func() {
				io.WriteString(p.conn, ".\r\n")
				got, _ := p.reply()
				answers <- got[:9]
				p.conn.Close()
			}()
		}
		synctest.Wait()
		small := x.dial("192.0.2.9:1")
		small.want("220 ")
		small.send("EHLO c\r\n")
		small.want("250-")
		small.addressed()
		small.send("x\r\n.\r\n")
		small.want("250 ")
		between(t, "a usual message", time.Since(begun), 0, 0)
		small.conn.Close()
		for range 5 {
			if got := <-answers; got != "250 2.0.0" {
				t.Errorf("answered %s", got)
			}
		}
		between(t, "five large ones", time.Since(begun), 6*time.Second, 6*time.Second)
		if most.Load() != 2 {
			t.Errorf("%d at once", most.Load())
		}
		x.end()
	})
}

// TestPanicsStayInTheirSession, and with Close they cost no answer at all.
func TestPanicsStayInTheirSession(t *testing.T) {
	r := &panicking{recorder: recorder{}}
	addr, stop := serve(t, testConfig(t), r)
	defer stop()
	other := dial(t, addr)
	other.want("220 ")
	p := dial(t, addr)
	p.want("220 ")
	p.send("EHLO c\r\n")
	p.want("250-")
	p.addressed()
	p.send("x\r\n.\r\n")
	p.want("250 ")
	p.send("MAIL FROM:<>\r\nRSET\r\nQUIT\r\n")
	for _, want := range []string{"250 ", "250 ", "221 ", "EOF"} {
		p.want(want)
	}
	other.send("QUIT\r\n")
	other.want("221 ")
}

type panicking struct{ recorder }

func (r *panicking) Begin(ctx context.Context, c Client, from gateway.ReversePath, o MailOptions) (Transaction, error) {
	tx, err := r.recorder.Begin(ctx, c, from, o)
	return panickingTx{tx}, err
}

type panickingTx struct{ Transaction }

func (panickingTx) Close() { panic("boom") }

// clumsy is an observer with a bug.
type clumsy struct{ blind }

func (clumsy) Answer(verb string, _ gateway.Status) {
	if verb == "VRFY" || verb == "NOOP" {
		panic("boom")
	}
}

// TestPanicOfTheGuard ends its session, in words, and no other.
func TestPanicOfTheGuard(t *testing.T) {
	for _, command := range []string{"VRFY x\r\n", "NOOP\r\n"} { // in a read of the engine, in a write
		conf := testConfig(t)
		conf.Observer = clumsy{}
		talk(t, conf, func() *recorder { return &recorder{} }, addressed(say(command, "421 4.3.0 ", "EOF")))
	}
}

// TestLastWordsArrive although the client is still sending.
func TestLastWordsArrive(t *testing.T) {
	conf := testConfig(t)
	conf.MaxSize = 10_000
	addr, stop := serve(t, conf, &recorder{})
	defer stop()
	p := dial(t, addr)
	p.want("220 ")
	p.send("EHLO c\r\n")
	p.want("250-")
	p.addressed()
	p.send(strings.Repeat("x", 500_000)) // 20 times what is read
	p.want("552 5.3.4 ")
	p.want("EOF")
}

// TestEarlyTalker: what lies in the socket when the banner is due is not an SMTP
// client's.
func TestEarlyTalker(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := dial(t, l.Addr().String())
	p.send("EHLO spammer\r\nMAIL FROM:<>\r\n") // is there before anybody accepts
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for !inputWaits(conn) {
		if time.Now().After(deadline) {
			t.Skip("this system does not tell what lies in a socket")
		}
	}
	fake := newListener()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- New(testConfig(t), &recorder{}).Serve(ctx, fake) }()
	fake.conns <- conn
	p.want("554 5.5.0 ")
	if got, err := p.reply(); err == nil || got != "" {
		t.Errorf("went on: %q", got)
	}
	cancel()
	<-done
}

// failingListener fails a few times for want of descriptors, then for good.
type failingListener struct {
	*listener
	mu       sync.Mutex
	failures int
}

func (l *failingListener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failures > 0 {
		l.failures--
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return nil, io.ErrUnexpectedEOF
}

func TestAcceptFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		err := New(testConfig(t), &recorder{}).Serve(t.Context(), &failingListener{listener: newListener(), failures: 10})
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("serve: %v", err)
		}
		between(t, "ten failures", time.Since(begun), 2*time.Second, 5*time.Second)
	})
}

// observed keeps what an observer was told.
type observed struct {
	mu    sync.Mutex
	words []string
}

func (o *observed) add(words ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.words = append(o.words, strings.Join(words, " "))
}

func (o *observed) Connection(how string)             { o.add("connection", how) }
func (o *observed) Ended(why string, _ time.Duration) { o.add("ended", why) }
func (o *observed) Answer(verb string, s gateway.Status) {
	o.add("answer", verb, s.String()[:3])
}
func (o *observed) Message(size int64, s gateway.Status, _ time.Duration) {
	o.add("message", s.String()[:3])
}

func TestObserver(t *testing.T) {
	conf, o := testConfig(t), &observed{}
	conf.Observer = o
	addr, stop := serve(t, conf, &recorder{})
	p := dial(t, addr)
	p.want("220 ")
	p.send("EHLO c\r\n")
	p.want("250-")
	p.addressed()
	p.send("x\r\n.\r\nSECRET\r\nQUIT\r\n")
	for _, want := range []string{"250 ", "500 ", "221 "} {
		p.want(want)
	}
	stop()
	want := "connection accepted|answer EHLO 250|answer MAIL 250|answer RCPT 250|message 250|answer . 250|answer  500|answer QUIT 221|ended quit"
	if got := strings.Join(o.words, "|"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

package delivery

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/outbound/route"
)

// again is one more transaction over a connection that is open.
const again = mailC + "S: 250 ok\n" + rcptC + "S: 250 ok\nC: DATA\nS: 354 go\nD:\nS: 250 2.0.0 again\n"

// deliver is one mail of the ordinary kind.
func deliver(t testing.TB, c *Client) gateway.Attempt {
	return c.Deliver(t.Context(), hopWith(route.None), envelope(), []byte(plainMail))
}

func TestReuse(t *testing.T) {
	const refused = mailC + "S: 250 ok\n" + rcptC + "S: 550 5.1.1 no\nC: RSET\nS: 250 ok\n"
	for _, c := range []struct {
		name    string
		scripts []string
		pause   time.Duration // before each mail but the first
		uses    int
		want    []string // statuses begin so
	}{
		{"one connection for all", []string{done + again + again}, time.Second, 0, []string{"250", "250", "250"}},
		{"after a refused recipient", []string{toRcpt + rcptC + "S: 550 5.1.1 no\nC: RSET\nS: 250 ok\n" + again + refused + again}, time.Second, 0, []string{"550", "250", "550", "250"}},
		{"after a refused mail", []string{toDot + "S: 554 5.7.1 spam\n" + again}, time.Second, 0, []string{"554", "250"}},
		{"after a refused sender", []string{hello + mailC + "S: 550 5.1.7 no\n" + again}, time.Second, 0, []string{"550", "250"}},
		{"not after RSET was refused", []string{toRcpt + rcptC + "S: 550 5.1.1 no\nC: RSET\nS: 502 what\nH:", done}, time.Second, 0, []string{"550", "250"}},
		{"not after 421", []string{hello + mailC + "S: 421 4.3.2 bye\nH:", done}, time.Second, 0, []string{"421", "250"}},
		{"not after it was idle", []string{done, done}, 31 * time.Second, 0, []string{"250", "250"}},
		{"not after its last use", []string{done + again, done}, time.Second, 2, []string{"250", "250", "250"}},
		{"a kept one was closed by the peer", []string{done + "X:", done}, time.Second, 0, []string{"250", "250"}},
		{"a kept one ends with 421", []string{done + mailC + "S: 421 4.4.2 idle too long\nX:", done}, time.Second, 0, []string{"250", "250"}},
		{"a kept one fails later on", []string{done + mailC + "S: 250 ok\n" + rcptC + "X:", done}, time.Second, 0, []string{"250", "451", "250"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &peer{t: t, scripts: c.scripts}
				client := newClient(p, nil)
				client.MaxUses = c.uses
				for i, want := range c.want {
					if i > 0 {
						<-time.After(c.pause)
					}
					if a := deliver(t, client); !strings.HasPrefix(a.Status.String(), want) {
						t.Errorf("mail %d: got %v, want %s", i+1, a.Status, want)
					}
				}
				client.Close()
				p.wg.Wait()
				if p.used != len(c.scripts) {
					t.Errorf("%d connections, want %d", p.used, len(c.scripts))
				}
				if len(client.pool.lanes) != 0 {
					t.Errorf("%d lanes are left", len(client.pool.lanes))
				}
			})
		})
	}
}

// TestIdleIsEnded: an unused connection gets its QUIT, and leaves nothing behind.
func TestIdleIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{t: t, scripts: []string{done}}
		client := newClient(p, nil)
		deliver(t, client)
		<-time.After(29 * time.Second)
		synctest.Wait()
		if strings.Contains(p.heard(), "QUIT") {
			t.Error("ended too early")
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		if !strings.HasSuffix(p.heard(), "QUIT") {
			t.Errorf("heard %s", p.heard())
		}
		p.wg.Wait()
		if len(client.pool.lanes) != 0 {
			t.Error("the lane is left")
		}
		client.Close()
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{t: t, scripts: []string{done}}
		client := newClient(p, nil)
		deliver(t, client)
		client.Close()
		p.wg.Wait()
		if !strings.HasSuffix(p.heard(), "QUIT") {
			t.Errorf("heard %s", p.heard())
		}
		if a := deliver(t, client); a.Status != errClosed {
			t.Errorf("got %v after Close", a.Status)
		}
		client.Close()
	})
}

// TestBound: no more connections than allowed, and who waits can give up.
func TestBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{t: t, scripts: []string{toDot + "H:", toDot + "H:"}}
		client := newClient(p, nil)
		client.MaxConnections = 2
		var wg sync.WaitGroup
		var gaveUp atomic.Int32
		for range 5 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				a := client.Deliver(ctx, hopWith(route.None), envelope(), []byte(plainMail))
				if a.Status.Temporary() && !Ambiguous(a) {
					gaveUp.Add(1)
				}
			})
		}
		wg.Wait()
		if gaveUp.Load() != 3 || p.used != 2 {
			t.Errorf("%d gave up, %d connections", gaveUp.Load(), p.used)
		}
		client.Close()
		p.wg.Wait()
	})
}

// TestHopsAreApart: a connection made as one identity serves no other.
func TestHopsAreApart(t *testing.T) {
	a := hopWith(route.StartTLS)
	b, c, d := a, a, a
	b.Auth = &route.Credentials{Username: "u", Password: "p"}
	c.Auth = &route.Credentials{Username: "u", Password: "p"}
	d.TLS = route.Opportunistic
	if keyOf(a) == keyOf(b) || keyOf(b) != keyOf(c) || keyOf(a) == keyOf(d) {
		t.Error("hops are told apart wrongly")
	}
}

// TestConcurrent has many mails share few connections.
func TestConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const mails, connections = 60, 3
		p := &peer{t: t}
		// Which connection gets how many mails is left to chance: each script
		// takes a share, and one more connection is there for each change.
		for range mails {
			p.scripts = append(p.scripts, done)
		}
		client := newClient(p, nil)
		client.MaxConnections, client.MaxUses = connections, 1
		var wg sync.WaitGroup
		for i := range mails {
			wg.Go(func() {
				if a := deliver(t, client); !a.Status.Positive() {
					t.Errorf("mail %d: %v", i, a.Status)
				}
			})
		}
		wg.Wait()
		client.Close()
		p.wg.Wait()
		if len(p.mails) != mails {
			t.Errorf("%d mails arrived", len(p.mails))
		}
	})
}

func TestWithoutToken(t *testing.T) {
	for _, c := range []struct{ text, local, want string }{
		{"<b0secretsecret@x> no", "b0secretsecret", "<[address]@x> no"},
		{"B0SECRETSECRET and b0secretsecret", "b0secretsecret", "[address] and [address]"},
		{"short stays: ann", "ann", "short stays: ann"},
		{"nothing", "b0secretsecret", "nothing"},
		{"İ b0secretsecret", "b0secretsecret", "İ [address]"},
	} {
		if got := withoutToken(c.text, c.local); got != c.want {
			t.Errorf("%q: got %q", c.text, got)
		}
	}
}

// BenchmarkDeliver sends over one kept connection to a peer in the same process.
func BenchmarkDeliver(b *testing.B) {
	for _, size := range []int{6 << 10, 100 << 10} {
		b.Run(fmt.Sprintf("%dkB", size>>10), func(b *testing.B) {
			sink := newSink(b)
			client := &Client{Hostname: "gate.example", MaxUses: 1 << 30}
			defer client.Close()
			raw := []byte("Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("x", 74)+"\r\n", size/76))
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if a := client.Deliver(b.Context(), sink.hop(), envelope(), raw); !a.Status.Positive() {
					b.Fatal(a.Status)
				}
			}
		})
	}
}

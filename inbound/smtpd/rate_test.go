package smtpd

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestBucket(t *testing.T) {
	var b bucket
	now := time.Unix(1e9, 0)
	count := func() (n int) {
		for b.take(now, 60, time.Minute) {
			n++
		}
		return n
	}
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{0, 60}, {0, 0}, {500 * time.Millisecond, 0}, {500 * time.Millisecond, 1}, {10 * time.Second, 10}, {time.Hour, 60}} {
		now = now.Add(c.after)
		if got := count(); got != c.want {
			t.Errorf("%v later %d, want %d", c.after, got, c.want)
		}
	}
}

// TestMeterIsBounded: an attacker with more networks than there is memory does
// not fill it, and those that are full again go first.
func TestMeterIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeter(10, time.Minute)
		network := func(i int) netip.Prefix {
			var a [16]byte
			binary.BigEndian.PutUint64(a[:], uint64(i)+1)
			return netip.PrefixFrom(netip.AddrFrom16(a), 64)
		}
		for i := range maxNetworks {
			m.take(network(i))
		}
		<-time.After(time.Minute)
		spent := network(-2)
		for range 10 {
			m.take(spent)
		}
		if m.take(spent) || len(m.used) > 10 {
			t.Errorf("%d networks are remembered", len(m.used))
		}
		for i := range 2 * maxNetworks {
			m.take(network(i))
		}
		if n := len(m.used); n != maxNetworks {
			t.Errorf("%d networks are remembered", n)
		}
	})
}

func TestConnectionRate(t *testing.T) {
	conf := testConfig(t)
	conf.ConnectionRate = 3
	conf.Trusted = []netip.Prefix{mustPrefix("198.51.100.0/24")}
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, conf, &recorder{})
		call := func(from, want string) {
			t.Helper()
			p := x.dial(from)
			p.want(want)
			p.conn.Close()
			synctest.Wait()
		}
		for range 3 {
			call("192.0.2.1:1", "220 ")
		}
		call("192.0.2.200:1", "421 4.7.0 ")
		call("192.0.3.1:1", "220 ")
		for range 10 {
			call("198.51.100.1:1", "220 ")
		}
		<-time.After(20 * time.Second)
		call("192.0.2.200:1", "220 ")
		call("192.0.2.200:1", "421 4.7.0 ")
		x.end()
	})
}

// TestGuessingInManySessions: a network that hides its guesses in many sessions
// is slowed down all the same, while its genuine mail goes through.
func TestGuessingInManySessions(t *testing.T) {
	conf := testConfig(t)
	conf.RefusalRate = 30
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, conf, &recorder{})
		begin := func(from string) *peer {
			p := x.dial(from)
			p.want("220 ")
			p.send("EHLO c\r\nMAIL FROM:<>\r\n")
			p.want("250-")
			p.want("250 ")
			return p
		}
		begun := time.Now()
		for range 6 {
			p := begin("192.0.2.1:1")
			for range 5 {
				p.send("RCPT TO:<guess@other.example>\r\n")
				p.want("550 5.1.1 ")
			}
			p.conn.Close()
		}
		between(t, "30 guesses", time.Since(begun), 0, 0)
		p := begin("192.0.2.77:1")
		for range 5 {
			p.send("RCPT TO:<guess@other.example>\r\n")
			p.want("550 5.1.1 ")
		}
		between(t, "5 more", time.Since(begun), 25*time.Second, 25*time.Second)
		p.send("NOOP\r\n")
		p.want("421 4.7.0 ")
		honest := begin("192.0.2.78:1")
		honest.send("RCPT TO:<bob@chat.example>\r\n")
		honest.want("250 ")
		honest.conn.Close()
		elsewhere := begin("198.51.100.1:1")
		at := time.Now()
		elsewhere.send("RCPT TO:<guess@other.example>\r\n")
		elsewhere.want("550 5.1.1 ")
		between(t, "elsewhere", time.Since(at), 0, 0)
		elsewhere.conn.Close()
		x.end()
	})
}

// TestAlarm: many guesses in all are told of, once in a while.
func TestAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAdmission(Config{RefusalRate: -1}.withDefaults())
		told := 0
		for range 3 * alarmGuesses {
			if _, alarm := a.guess(netip.Prefix{}); alarm {
				told++
			}
		}
		if told != 1 {
			t.Errorf("told %d times", told)
		}
	})
}

package interop

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSpeed stands the gateway with everything switched on beside Postfix, which
// only queues, and Haraka with a webhook plugin, which does not sync: the same
// mails from the same generator, in turns, in one run. It prints a table and
// holds nothing; docs/speed.md says how to read it.
func TestSpeed(t *testing.T) {
	if !long() {
		t.Skip("takes minutes and a quiet machine; set REPLYGATE_LONG=1")
	}
	others := needPeers(t)
	b := newSpeedBench(t, others, 2000)
	b.accept("4 kB", b.small, 10)
	b.accept("4 kB", b.small, 50)
	b.accept("50 kB", b.large, 10)
	b.handOver()
	t.Logf("figures\n%s", b.table.String())
}

// speedBench is the gateway, its peers and the mails for all of them.
type speedBench struct {
	t            *testing.T
	peers        peers
	product      *product
	hooks, other *receiver
	small, large mails
	table        strings.Builder
}

const postfixPort, harakaPort, otherHooks = 2525, 2627, 8099

func newSpeedBench(t *testing.T, others peers, n int) *speedBench {
	far := startSink(t)
	p := newProduct(t, far.port)
	p.apart = true
	p.configure(fmt.Sprintf("connections_per_minute = 1000000\ntls_cert = %q\ntls_key = %q", p.dir+"/tls.pem", p.dir+"/tls.key"))
	run(t, nil, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=mx.gateway.test", "-keyout", p.dir+"/tls.key", "-out", p.dir+"/tls.pem")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	p.txt("bench._domainkey."+peopleMail, "v=DKIM1; k=rsa; p="+base64.StdEncoding.EncodeToString(public))
	p.txt(peopleMail, "v=spf1 ip4:127.0.0.1 -all")
	p.start()
	b := &speedBench{t: t, peers: others, product: p}
	var url string
	b.hooks, url = startReceiver(t, 0, `"origin":"email"`) // what was posted, not what was held
	b.other, _ = startReceiver(t, otherHooks, "")
	to := b.converse(n, far)
	p.call("PUT", "/roles/default", map[string]any{"delay": 3600})
	p.call("PUT", "/endpoints/main", map[string]any{"url": url})
	b.small = others.makeMails(t, key, to, n, 4096)
	b.large = others.makeMails(t, key, to, n/2, 51200)
	others.start(t, "postfix")
	others.start(t, "haraka-webhook")
	return b
}

// converse makes n people with a conversation each, in which they were notified
// of a message, and returns their reply addresses.
func (b *speedBench) converse(n int, far *sink) []string {
	p := b.product
	p.call("PUT", "/roles/default", map[string]any{"delay": 0.2})
	p.call("PUT", "/users/ann", map[string]any{"name": "Ann Field"})
	to := make([]string, n)
	for i := range n {
		user, conv := fmt.Sprint("u", i), fmt.Sprint("c", i)
		p.call("PUT", "/users/"+user, map[string]any{"name": "Alice Example", "email": person(i)})
		p.call("PUT", "/conversations/"+conv, map[string]any{"subject": "Build 4711 failed on staging", "participants": []string{"ann", user}})
		p.say(conv, "The second step still fails on the staging host. Shall we raise the limit?")
		to[i] = p.call("GET", "/conversations/"+conv+"/participants/"+user+"/email", nil)["emailAddress"].(string)
	}
	within(b.t, 2*time.Minute, "everybody was notified", func() bool {
		far.mu.Lock()
		defer far.mu.Unlock()
		return len(far.got) >= n
	})
	return to
}

// accept sends the mails to each server, in turns, and notes the rates.
func (b *speedBench) accept(size string, m mails, sessions int) {
	var ours, postfix, haraka []speedRun
	for round := range 4 { // the first warms up
		b.hooks.reset()
		b.other.reset()
		o := b.ours(m, sessions)
		pf := b.peer("postfix", m, postfixPort, sessions, "reply@discard.test")
		b.peers.settle(b.t)
		hk := b.peer("haraka-webhook", m, harakaPort, sessions, "reply@hook.test")
		if round > 0 {
			ours, postfix, haraka = append(ours, o), append(postfix, pf), append(haraka, hk)
		}
	}
	what := fmt.Sprintf("%s, %d sessions", size, sessions)
	o := middle(ours)
	b.row(what, "gateway", o, "")
	b.row(what, "Postfix", middle(postfix), fmt.Sprintf("%.2f×", o.Rate/middle(postfix).Rate))
	b.row(what, "Haraka", middle(haraka), fmt.Sprintf("%.2f×", o.Rate/middle(haraka).Rate))
}

// speedRun is one run at one server.
type speedRun struct {
	sending
	cpu    float64 // ms a mail
	anon   int     // MiB at most, of the gateway
	handed float64 // webhooks a second, of the gateway
}

func middle(all []speedRun) speedRun {
	slices.SortFunc(all, func(a, b speedRun) int { return int(a.Rate - b.Rate) })
	return all[len(all)/2]
}

func (b *speedBench) row(what, who string, r speedRun, ratio string) {
	line := fmt.Sprintf("%-20s %-8s %6.0f/s  p50 %6.1f ms  p99 %7.1f ms  CPU %5.2f ms", what, who, r.Rate, r.Latency.P50, r.Latency.P99, r.cpu)
	if r.handed > 0 {
		line += fmt.Sprintf("  to webhook %5.0f/s  RssAnon %d MiB", r.handed, r.anon)
	}
	b.t.Log(line, ratio)
	fmt.Fprintln(&b.table, line, ratio)
}

// ours is a run at the gateway; its processor time holds the telling of webhooks.
func (b *speedBench) ours(m mails, sessions int) speedRun {
	pid := b.product.cmd.Process.Pid
	stop, most := make(chan struct{}), 0
	var watch sync.WaitGroup
	watch.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			most = max(most, rssAnon(b.t, pid))
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	})
	before := used(b.t, pid)
	r := speedRun{sending: b.peers.send(b.t, m, b.product.smtp, sessions, m.n, "")}
	r.handed = b.hooks.handedOver(b.t, r.sending)
	r.cpu = (used(b.t, pid) - before) * 1000 / float64(m.n)
	close(stop)
	watch.Wait()
	r.anon = most
	return r
}

func (b *speedBench) peer(name string, m mails, port, sessions int, to string) speedRun {
	before := b.peers.cpu(b.t, name)
	r := speedRun{sending: b.peers.send(b.t, m, port, sessions, m.n, to)}
	r.cpu = (b.peers.cpu(b.t, name) - before) * 1000 / float64(m.n)
	return r
}

// handOver compares how fast mails become webhooks with Postfix's pipe(8) to a
// shell script with curl and to a Python script.
func (b *speedBench) handOver() {
	b.hooks.reset()
	o := b.ours(b.small, 10)
	for _, app := range []struct{ name, domain string }{{"sh+curl", "hooksh.test"}, {"python", "hook.test"}} {
		b.other.reset()
		s := b.peers.send(b.t, b.small, postfixPort, 10, 600, "reply@"+app.domain)
		rate := b.other.handedOver(b.t, s)
		b.peers.settle(b.t)
		fmt.Fprintf(&b.table, "mail to webhook      gateway %5.0f/s, Postfix with %s %4.0f/s: %.1f×\n", o.handed, app.name, rate, o.handed/rate)
	}
}

package interop

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// arrivals is a receiver that notes when each event that came by mail was read.
type arrivals struct {
	mu sync.Mutex
	at map[string]time.Time // by the words of the mail
}

func (a *arrivals) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var b [64 << 10]byte
	n := 0
	for {
		k, err := r.Body.Read(b[n:])
		if n += k; err != nil || n == len(b) {
			break
		}
	}
	at, body := time.Now(), string(b[:n])
	i := strings.Index(body, "latency-")
	if i < 0 || !strings.Contains(body, `"origin":"email"`) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if word := body[i : i+12]; a.at[word].IsZero() {
		a.at[word] = at
	}
}

// hand gives a mail to the gateway and returns when its 250 came.
func hand(port int, from, to, mail string) (acked time.Time, err error) {
	c, err := smtp.Dial(fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return acked, err
	}
	defer c.Close()
	if err := errors.Join(c.Hello("mail."+peopleMail), c.Mail(from), c.Rcpt(to)); err != nil {
		return acked, err
	}
	w, err := c.Data()
	if err != nil {
		return acked, err
	}
	if _, err := io.WriteString(w, mail); err != nil {
		return acked, err
	}
	if err := w.Close(); err != nil {
		return acked, err
	}
	return time.Now(), c.Quit()
}

// TestReplyToWebhook measures from the 250 of a reply to the moment its webhook
// was read, at 50 replies a second, each authenticated by SPF and with all checks.
// REPLYGATE_LONG holds it to the product's own bounds: 3 ms in the middle, 20 ms at
// the 99th percentile.
func TestReplyToWebhook(t *testing.T) {
	need(t, "openssl")
	n := 150
	if long() {
		n = 1500
	}
	p := newProduct(t, freePort(t))
	p.txt(peopleMail, "v=spf1 ip4:127.0.0.1 -all")
	p.start()
	got := &arrivals{at: map[string]time.Time{}}
	srv := httptest.NewServer(got)
	defer srv.Close()
	p.call("PUT", "/endpoints/main", map[string]any{"url": srv.URL, "types": []string{"message.sent"}})
	to := make([]string, n)
	for i := range n {
		user, conv := fmt.Sprint("u", i), fmt.Sprint("c", i)
		p.call("PUT", "/users/"+user, map[string]any{"name": user, "email": user + "@" + peopleMail})
		p.call("PUT", "/conversations/"+conv, map[string]any{"participants": []string{user}})
		to[i] = p.call("GET", "/conversations/"+conv+"/participants/"+user+"/email", nil)["emailAddress"].(string)
	}

	acked := make([]time.Time, n)
	tick := time.NewTicker(time.Second / 50)
	defer tick.Stop()
	var sending sync.WaitGroup
	for i := range n {
		<-tick.C
		sending.Go(func() {
			from := fmt.Sprintf("u%d@%s", i, peopleMail)
			mail := fmt.Sprintf("From: <%s>\r\nTo: <%s>\r\nSubject: Re: Order\r\nMessage-ID: <l%d@%s>\r\nDate: %s\r\n\r\nlatency-%04d, thanks.\r\n",
				from, to[i], i, peopleMail, time.Now().Format(time.RFC1123Z), i)
			var err error
			if acked[i], err = hand(p.smtp, from, to[i], mail); err != nil {
				t.Errorf("mail %d: %v", i, err)
			}
		})
	}
	sending.Wait()
	eventually(t, "every webhook", func() bool {
		got.mu.Lock()
		defer got.mu.Unlock()
		return len(got.at) == n
	})
	took := make([]time.Duration, n)
	for i := range n {
		took[i] = got.at[fmt.Sprintf("latency-%04d", i)].Sub(acked[i])
	}
	slices.Sort(took)
	t.Logf("250 to webhook: p50 %v, p90 %v, p99 %v, longest %v", took[n/2], took[n*9/10], took[n*99/100], took[n-1])
	const middle, tail = 3 * time.Millisecond, 20 * time.Millisecond
	if long() && (took[n/2] > middle || took[n*99/100] > tail) {
		t.Errorf("p50 %v and p99 %v, want at most %v and %v", took[n/2], took[n*99/100], middle, tail)
	}
}

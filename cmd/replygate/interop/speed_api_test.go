package interop

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestAPISpeed has 32 clients write through the API; each call is answered when
// its transaction is on the disk. It prints figures and holds none.
func TestAPISpeed(t *testing.T) {
	if !long() {
		t.Skip("its figures want a quiet machine; set REPLYGATE_LONG=1")
	}
	far := startSink(t)
	p := newProduct(t, far.port)
	p.start()
	p.call("PUT", "/roles/default", map[string]any{"delay": 3600})
	for i := range 200 {
		user, conv := fmt.Sprint("u", i), fmt.Sprint("c", i)
		p.call("PUT", "/users/"+user, map[string]any{"name": "Alice Example", "email": person(i)})
		p.call("PUT", "/conversations/"+conv, map[string]any{"subject": "Order 1047", "participants": []string{"u0", user}})
	}
	message := func(i int) (string, string, string) {
		return "POST", fmt.Sprintf("/conversations/c%d/messages", i%200), fmt.Sprintf(`[{"sender":"u%d","type":"UserMessage","text":"The second step still fails on the staging host (%d)."}]`, i%200, i)
	}
	user := func(i int) (string, string, string) {
		return "PUT", fmt.Sprintf("/users/u%d", i%5000), fmt.Sprintf(`{"name":"Alice Example %d","email":["%s"],"custom":{"plan":"b"}}`, i, person(i%5000))
	}
	mix := func(i int) (string, string, string) {
		if i%2 == 0 {
			return message(i / 2)
		}
		return user(i / 2)
	}
	var table strings.Builder
	for _, told := range []string{"webhooks told", "no endpoint"} {
		if told == "no endpoint" {
			p.call("DELETE", "/endpoints/main", nil)
		}
		for _, w := range []struct {
			name string
			call func(int) (string, string, string)
		}{{"POST messages", message}, {"PUT user", user}, {"half of each", mix}} {
			p.writes(2000, w.call) // warm
			before := used(t, p.cmd.Process.Pid)
			const n = 8000
			took := p.writes(n, w.call)
			cpu := (used(t, p.cmd.Process.Pid) - before) * 1000 / n
			fmt.Fprintf(&table, "API writes, 32 clients  %-14s %-14s %6.0f/s  CPU %.2f ms\n", w.name, told, n/took.Seconds(), cpu)
		}
	}
	t.Logf("figures\n%s", table.String())
}

// writes makes n calls from 32 clients and returns how long they took.
func (p *product) writes(n int, call func(i int) (method, path, body string)) time.Duration {
	p.t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	defer client.CloseIdleConnections()
	var next atomic.Int64
	var all sync.WaitGroup
	begun := time.Now()
	for range 32 {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := p.write(client, call, i); err != nil {
					p.t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(begun)
}

func (p *product) write(client *http.Client, call func(i int) (method, path, body string), i int) error {
	method, path, body := call(i)
	url := fmt.Sprintf("%s:%d/v1/%s%s", loopback, p.http, appName, path)
	req, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s %s", method, path, resp.Status, answer)
	}
	return err
}

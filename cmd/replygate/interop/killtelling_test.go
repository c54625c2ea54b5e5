package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

// TestKillWhileTelling kills the gateway while a backend posts messages and is told
// of them, again and again. What was answered 200 has its event, every event
// arrives, and one that arrives twice does so with the same id and bytes.
func TestKillWhileTelling(t *testing.T) {
	need(t, "openssl")
	rounds := 6
	if long() {
		rounds = 100
	}
	p := newProduct(t, freePort(t))
	p.start()
	p.call("PUT", "/users/ann", map[string]any{"name": "Ann"})
	for c := range 10 {
		p.call("PUT", fmt.Sprintf("/conversations/c%d", c), map[string]any{"participants": []string{"ann"}})
	}
	var acked []string
	for range rounds {
		busy, died := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(died)
			<-busy
			<-time.After(time.Duration(rand.N(400)) * time.Millisecond)
			p.kill()
		}()
		for n, none := 0, true; ; n++ {
			id, err := p.tryPost(fmt.Sprintf("/conversations/c%d/messages", n%10), fmt.Sprint("message ", n))
			if err != nil && none && n < 100 {
				continue // a connection of the one that was killed
			}
			if err != nil && none {
				t.Fatal(err)
			}
			if err != nil {
				break
			}
			if acked = append(acked, id); none {
				none = false
				close(busy)
			}
		}
		<-died
		p.start()
	}
	logged := p.eventIDs("message.sent")
	eventually(t, "every event at the receiver", func() bool {
		got := map[string]bool{}
		for _, h := range p.hooks.of("message.sent") {
			got[h.Headers["webhook-id"]] = true
		}
		for id := range logged {
			if !got[id] {
				return false
			}
		}
		return true
	})
	bodies, told, twice := map[string]string{}, map[string]bool{}, 0
	for _, h := range p.hooks.of("message.sent") {
		id := h.Headers["webhook-id"]
		if old, again := bodies[id]; again {
			twice++
			if old != h.Body {
				t.Errorf("event %s came with other bytes", id)
			}
		}
		if bodies[id] = h.Body; !logged[id] {
			t.Errorf("event %s was told and is not in the log", id)
		}
		var e struct {
			Data struct{ Message struct{ ID string } }
		}
		json.Unmarshal([]byte(h.Body), &e)
		told[e.Data.Message.ID] = true
	}
	for _, id := range acked {
		if !told[id] {
			t.Errorf("message %s was answered 200 and never told", id)
		}
	}
	if len(acked) < rounds {
		t.Errorf("only %d messages were posted", len(acked))
	}
	t.Logf("%d kills, %d messages answered, %d events, %d told twice", rounds, len(acked), len(logged), twice)
}

// tryPost posts a message, which may fail because nobody is there.
func (p *product) tryPost(path, text string) (id string, err error) {
	body, err := json.Marshal([]any{map[string]any{"sender": "ann", "type": "UserMessage", "text": text}})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(p.t.Context(), "POST", fmt.Sprintf("%s:%d/v1/%s%s", loopback, p.http, appName, path), bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var made []struct{ ID string }
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || len(made) != 1 {
		return "", fmt.Errorf("%s: %v", resp.Status, err)
	}
	return made[0].ID, nil
}

// eventIDs are those of all events of a type in the log.
func (p *product) eventIDs(typ string) map[string]bool {
	p.t.Helper()
	out := map[string]bool{}
	after := ""
	for {
		page := p.call("GET", "/events?limit=100&types="+typ+"&after="+after, nil)
		for _, e := range page["data"].([]any) {
			out[e.(map[string]any)["id"].(string)] = true
		}
		if next := page["next"].(string); next != after {
			after = next
			continue
		}
		return out
	}
}

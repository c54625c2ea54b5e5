package interop

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// hooks is the chat backend's webhook receiver: it keeps what came, as it came.
type hooks struct {
	srv    *httptest.Server
	secret string
	mu     sync.Mutex
	got    []hook
}

type hook struct {
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	typ     string
}

func startHooks(t *testing.T) *hooks {
	h := &hooks{}
	h.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "short", http.StatusBadRequest)
			return
		}
		k := hook{Headers: map[string]string{}, Body: string(body)}
		for _, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature", "X-TalkJS-Timestamp", "X-TalkJS-Signature"} {
			k.Headers[name] = r.Header.Get(name)
		}
		var e struct{ Type string }
		json.Unmarshal(body, &e)
		k.typ = e.Type
		h.mu.Lock()
		h.got = append(h.got, k)
		h.mu.Unlock()
	}))
	t.Cleanup(h.srv.Close)
	return h
}

func (h *hooks) url() string { return h.srv.URL + "/hooks" }

// of returns the webhooks of a type so far.
func (h *hooks) of(typ string) []hook {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []hook
	for _, k := range h.got {
		if k.typ == typ {
			out = append(out, k)
		}
	}
	return out
}

// lines writes all of them as JSON lines.
func (h *hooks) lines() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	var b bytes.Buffer
	for _, k := range h.got {
		json.NewEncoder(&b).Encode(k)
	}
	return b.Bytes()
}

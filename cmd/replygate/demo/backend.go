package demo

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// backend is the chat application: it calls the API and receives webhooks. It
// checks their signatures with its own few lines, as any receiver would.
type backend struct {
	n      *narrator
	secret string // whsec_…
	srv    *http.Server
	addr   net.Addr
	done   chan struct{}
	events chan hook

	base, key string
}

// hook is a webhook whose signature was verified.
type hook struct {
	Type string          `json:"type"`
	Seq  uint64          `json:"seq"`
	Data json.RawMessage `json:"data"`
	raw  []byte
	id   string
}

func openBackend(n *narrator) (*backend, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &backend{n: n, addr: l.Addr(), done: make(chan struct{}), events: make(chan hook, 256)}
	b.srv = &http.Server{Handler: http.HandlerFunc(b.receive), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		defer close(b.done)
		b.srv.Serve(l) // ends with Close
	}()
	return b, nil
}

func (b *backend) close() {
	b.srv.Close()
	<-b.done
}

func (b *backend) url() string { return "http://" + b.addr.String() + "/hooks" }

func (b *backend) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil {
		err = verify(b.secret, r.Header, body)
	}
	h := hook{raw: body, id: r.Header.Get("webhook-id")}
	if err == nil {
		err = json.Unmarshal(body, &h)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case b.events <- h:
	default:
		http.Error(w, "busy", http.StatusServiceUnavailable)
	}
}

// verify follows the Standard Webhooks specification, section "Signature
// scheme", and nothing of the product's own code.
func verify(secret string, h http.Header, body []byte) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", h.Get("webhook-id"), h.Get("webhook-timestamp"))
	mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for got := range strings.FieldsSeq(h.Get("webhook-signature")) {
		if hmac.Equal([]byte(got), []byte(want)) {
			return nil
		}
	}
	return errors.New("the webhook's signature does not verify")
}

// next waits for the next webhook of a type that ok accepts; others are passed over.
func (b *backend) next(ctx context.Context, typ string, ok func(hook) bool) (hook, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		select {
		case h := <-b.events:
			if h.Type == typ && (ok == nil || ok(h)) {
				return h, nil
			}
		case <-ctx.Done():
			return hook{}, fmt.Errorf("no %s webhook came within %v", typ, patience)
		}
	}
}

// call makes one API call, prints it, and decodes the answer into out.
func (b *backend) call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, b.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+b.key)
	req.Header.Set("Content-Type", "application/json")
	b.n.wire("→", strings.TrimSpace(method+" "+strings.TrimPrefix(req.URL.EscapedPath(), "/")+"  "+string(body)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		b.n.wire("←", resp.Status+"  "+string(answer))
		return fmt.Errorf("%s %s: %s %s", method, path, resp.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

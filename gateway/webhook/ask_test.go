package webhook

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/gatewaytest"
	"github.com/replygate/replygate/gateway/secret"
)

// asker asks an app whose hook is at a URL.
func asker(c Config, url string) (*Asker, gateway.App) {
	c.Box, c.Log = secret.NewBox(secret.Generate()), quiet
	return NewAsker(c), gateway.App{
		ID: "shop", Keys: []gateway.Key{{ID: "key_1", Sealed: c.Box.Seal(secret.PurposeAPIKey, []byte(apiKey))}},
		Authorise: &gateway.AuthoriseHook{URL: url, Secrets: []gateway.EndpointSecret{{Sealed: c.Box.Seal(secret.PurposeWebhook, []byte(whsec1))}}},
	}
}

var question = gateway.Question{
	Conversation: "order/1", User: "bob", From: gateway.Address{LocalPart: "bob", Domain: "people.test"}, Verified: true, MessageID: "a@people.test",
}

// TestAsk is the table of what a hook may answer.
func TestAsk(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	stall := func(begin string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, begin)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	}
	elsewhere := atomic.Int32{}
	for name, c := range map[string]struct {
		serve http.HandlerFunc
		want  gateway.Permission
		err   string
	}{
		"allow":                    {answer(200, `{"allow": true}`), gateway.Permission{Allowed: true}, ""},
		"allow, with 202 and more": {answer(202, `{"allow": true, "reason": "ignored", "more": [1]}`), gateway.Permission{Allowed: true}, ""},
		"refuse":                   {answer(200, `{"allow": false}`), gateway.Permission{}, ""},
		"refuse, with a reason":    {answer(200, `{"allow": false, "reason": "You were banned."}`), gateway.Permission{Words: "You were banned."}, ""},
		"refuse, with null":        {answer(200, `{"allow": false, "reason": null}`), gateway.Permission{}, ""},
		"a reason with control":    {answer(200, `{"allow": false, "reason": " a\r\nb\u0000\u202ec\t d "}`), gateway.Permission{Words: "a bc d"}, ""},
		"500":                      {answer(500, `{"allow": true}`), gateway.Permission{}, "answered 500"},
		"403 is no refusal":        {answer(403, `{"allow": false}`), gateway.Permission{}, "answered 403"},
		"404":                      {answer(404, `not found`), gateway.Permission{}, "answered 404"},
		"nothing":                  {answer(200, ``), gateway.Permission{}, "the answer is not"},
		"204":                      {answer(204, ``), gateway.Permission{}, "the answer is not"},
		"garbage":                  {answer(200, "<html>\xff"), gateway.Permission{}, "the answer is not"},
		"two answers":              {answer(200, `{"allow": true} {"allow": false}`), gateway.Permission{}, "the answer is not"},
		"an array":                 {answer(200, `[true]`), gateway.Permission{}, "the answer is not"},
		"true":                     {answer(200, `true`), gateway.Permission{}, "the answer is not"},
		"a word":                   {answer(200, `{"allow": "true"}`), gateway.Permission{}, "the answer is not"},
		"a number":                 {answer(200, `{"allow": 1}`), gateway.Permission{}, "the answer is not"},
		"neither":                  {answer(200, `{"allow": null}`), gateway.Permission{}, "the answer is not"},
		"a reason of another type": {answer(200, `{"allow": false, "reason": 5}`), gateway.Permission{}, "the answer is not"},
		"too much":                 {answer(200, `{"allow": true, "x": "`+strings.Repeat("x", maxPermission)+`"}`), gateway.Permission{}, "the answer has more than"},
		"no end":                   {func(w http.ResponseWriter, r *http.Request) { io.Copy(w, endless{r.Context()}) }, gateway.Permission{}, "the answer has more than"},
		"silence":                  {stall(""), gateway.Permission{}, "no answer in time"},
		"a slow body":              {stall(`{"allow": tr`), gateway.Permission{}, "no answer in time"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, gateway.Permission{}, "redirects are not followed"},
		"a redirect with permission": {answer(302, `{"allow": true}`), gateway.Permission{}, "redirects are not followed"},
		"hung up":                    {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, gateway.Permission{}, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/elsewhere" {
					elsewhere.Add(1)
				}
				io.Copy(io.Discard, r.Body) // or it does not notice that the caller is gone
				c.serve(w, r)
			}))
			defer srv.Close()
			defer srv.CloseClientConnections()
			a, app := asker(Config{AllowNetworks: loopback, AllowHTTP: true}, srv.URL+"/may")
			defer a.Close()
			p, err := a.Ask(t.Context(), app, question)
			if p != c.want || err == nil && c.err != "" || err != nil && (c.err == "" || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("%+v, %v; want %+v, %q", p, err, c.want, c.err)
			}
		})
	}
	t.Cleanup(func() {
		if n := elsewhere.Load(); n > 0 {
			t.Errorf("%d redirects were followed", n)
		}
	})
}

// endless never ends but with its context.
type endless struct{ ctx context.Context }

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), e.ctx.Err()
}

// TestAskTakesASecond, and no more, wherever the time goes.
func TestAskTakesASecond(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"silence": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"a drip": func(w http.ResponseWriter, r *http.Request) {
			for range 20 {
				io.WriteString(w, " ")
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(300 * time.Millisecond):
				}
			}
		},
		"nearly too late": func(w http.ResponseWriter, _ *http.Request) {
			<-time.After(AskTime - time.Millisecond)
			io.WriteString(w, `{"allow": true}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, app := asker(Config{AllowHTTP: true}, "http://backend.test/may")
				b := bench{t: t, teller: &Teller{client: a.client}}
				b.fakeNet(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					io.Copy(io.Discard, r.Body) // or it does not notice that the caller is gone
					serve(w, r)
				}))
				begun := time.Now()
				p, err := a.Ask(t.Context(), app, question)
				late := name != "nearly too late"
				if took := time.Since(begun); took > AskTime || late && took < AskTime || p.Allowed == late || (err != nil) != late {
					t.Errorf("after %v: %+v, %v", took, p, err)
				}
				a.Close()
			})
		})
	}
}

// TestQuestion: signed both ways, as the schema has it, over one connection.
func TestQuestion(t *testing.T) {
	be := &backend{answer: always(200), body: `{"allow": true}`}
	srv := httptest.NewUnstartedServer(be)
	conns := atomic.Int32{}
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	a, app := asker(Config{AllowNetworks: loopback, AllowHTTP: true, UserAgent: "Replygate/1"}, srv.URL+"/may?x=1")
	defer a.Close()
	for range 5 {
		if p, err := a.Ask(t.Context(), app, question); err != nil || !p.Allowed {
			t.Fatal(p, err)
		}
	}
	bare := question
	bare.From, bare.MessageID = gateway.Address{}, ""
	if _, err := a.Ask(t.Context(), app, bare); err != nil {
		t.Fatal(err)
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections for questions one after the other", n)
	}
	wh, err := standardwebhooks.NewWebhook(whsec1)
	if err != nil {
		t.Fatal(err)
	}
	schemas, seen := gatewaytest.LoadSchemas(t, "../../docs/schema"), map[string]bool{}
	for _, got := range be.calls() {
		if err := wh.Verify(got.body, got.header); err != nil {
			t.Errorf("Standard Webhooks: %v", err)
		}
		if got.header.Get("X-TalkJS-Signature") != talkjsSignature([]byte(apiKey), got.header.Get("X-TalkJS-Timestamp"), got.body) {
			t.Error("X-TalkJS-Signature is another")
		}
		if got.length != int64(len(got.body)) || got.header.Get("Content-Type") != "application/json" || got.header.Get("User-Agent") != "Replygate/1" {
			t.Errorf("header %v, length %d", got.header, got.length)
		}
		if wrong := schemas.Check("authorise.question", got.body); len(wrong) > 0 {
			t.Errorf("%s: %s", got.body, wrong)
		}
		if seen[got.id] || !strings.Contains(string(got.body), `"id":"`+got.id+`"`) || strings.Contains(got.id, ".") {
			t.Errorf("webhook-id %q of %s", got.id, got.body)
		}
		seen[got.id] = true
	}
	for body, ok := range map[string]bool{`{"allow":true}`: true, `{"allow":false,"reason":"No"}`: true, `{"reason":"No"}`: false, `{"allow":"yes"}`: false} {
		if wrong := schemas.Check("authorise.answer", []byte(body)); (len(wrong) == 0) != ok {
			t.Errorf("%s: %s", body, wrong)
		}
	}
}

// TestNobodyIsAskedInside: where endpoints may not be, hooks may not be either.
func TestNobodyIsAskedInside(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"allow": true}`) }))
	defer srv.Close()
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	reached := atomic.Int32{}
	srv.Config.ConnState = func(net.Conn, http.ConnState) { reached.Add(1) }
	for _, url := range []string{
		srv.URL, "https://localhost:" + port, "https://[::1]:" + port, "https://[::ffff:127.0.0.1]:" + port, "https://0:" + port,
		"https://10.0.0.1/", "https://169.254.169.254/latest", "http://93.184.216.34/", "https://93.184.216.34:25/", "file:///etc/passwd",
	} {
		a, app := asker(Config{}, url)
		if p, err := a.Ask(t.Context(), app, question); err == nil || p.Allowed {
			t.Errorf("%s: %+v, %v", url, p, err)
		}
		a.Close()
	}
	if n := reached.Load(); n > 0 {
		t.Errorf("%d connections to loopback", n)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	a, app := asker(Config{AllowNetworks: loopback, AllowHTTP: true}, "http://"+closed.Addr().String())
	defer a.Close()
	if _, err := a.Ask(t.Context(), app, question); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody there: %v", err)
	}
}

// TestOneAppsHookIsSlow: it is asked so many questions at a time; the others fail
// at once, and another app's are answered.
func TestOneAppsHookIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, app := asker(Config{AllowHTTP: true, AllowNetworks: []netip.Prefix{}}, "http://backend.test/slow")
		var running, most atomic.Int32
		b := bench{t: t, teller: &Teller{client: a.client}}
		b.fakeNet(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			if r.URL.Path == "/slow" {
				most.Store(max(most.Load(), running.Add(1)))
				defer running.Add(-1)
				<-r.Context().Done()
				return
			}
			io.WriteString(w, `{"allow": true}`)
		}))
		var all sync.WaitGroup
		var busy atomic.Int32
		for range maxAsking + 10 {
			all.Go(func() {
				_, err := a.Ask(t.Context(), app, question)
				if err == nil {
					t.Error("silence is an answer")
				} else if err.Error() == errTooMany.Error() {
					busy.Add(1)
				}
			})
		}
		synctest.Wait()
		other := app
		other.ID, other.Authorise = "club", &gateway.AuthoriseHook{URL: "http://backend.test/quick", Secrets: app.Authorise.Secrets}
		if p, err := a.Ask(t.Context(), other, question); err != nil || !p.Allowed {
			t.Errorf("another app: %+v, %v", p, err)
		}
		all.Wait()
		if most.Load() != maxAsking || busy.Load() != 10 || len(a.asking) != 0 {
			t.Errorf("%d at a time, %d turned away, %d counted still", most.Load(), busy.Load(), len(a.asking))
		}
		if _, err := a.Ask(t.Context(), other, question); err != nil {
			t.Error(err)
		}
		a.Close()
	})
}

// TestAskedQuietly: the log names neither secrets nor who wrote.
func TestAskedQuietly(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(500)
		fmt.Fprint(w, r.Header.Get("webhook-signature"))
	}))
	defer srv.Close()
	a, app := asker(Config{AllowNetworks: loopback, AllowHTTP: true}, srv.URL+"/may?key=secret")
	defer a.Close()
	var log strings.Builder
	a.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a.Ask(t.Context(), app, question)
	if s := log.String(); !strings.Contains(s, "authorise hook failed") || strings.Contains(s, "people.test") || strings.Contains(s, "secret") || strings.Contains(s, "v1,") {
		t.Error(s)
	}
}

// FuzzPermission: whatever a hook answers, its words are one bounded plain line.
func FuzzPermission(f *testing.F) {
	for _, s := range []string{`{"allow": true}`, `{"allow": false, "reason": "a\r\n250 b"}`, `{"allow": false, "reason": "` + strings.Repeat("ü ", 300) + `"}`, `[`, `{"allow":false,"reason":"\ud800 whsec_AAAA"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := readPermission(body)
		if err != nil && p != (gateway.Permission{}) || p.Allowed && p.Words != "" {
			t.Errorf("%+v, %v", p, err)
		}
		if w := p.Words; len(w) > gateway.MaxWords || !utf8.ValidString(w) || strings.ContainsFunc(w, unicode.IsControl) || strings.Contains(w, "whsec_A") || strings.TrimSpace(w) != w {
			t.Errorf("words %q", w)
		}
	})
}

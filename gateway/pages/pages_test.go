package pages_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/pages"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/storage/bolt"
)

const domain = "reply.example.com"

var ann = gateway.Address{LocalPart: "ann", Domain: "example.org"}

// site is Pages over a real store with one app and two links.
type site struct {
	t        *testing.T
	store    store.Store
	pages    http.Handler
	box      *secret.Box
	minter   *token.Minter
	log      *bytes.Buffer
	leave    string // the unsubscribe token
	suppress suppression.Service
}

func newSite(t *testing.T, wrap func(pages.Unsubscriber) pages.Unsubscriber) *site {
	st, err := bolt.Open(filepath.Join(t.TempDir(), "db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	keys := secret.Generate()
	s := &site{
		t: t, store: st, box: secret.NewBox(keys), minter: token.NewMinter(keys),
		log: &bytes.Buffer{}, suppress: suppression.Service{Store: st},
	}
	var u pages.Unsubscriber = s.suppress
	if wrap != nil {
		u = wrap(u)
	}
	s.pages = pages.New(pages.Config{
		Store: st, Unsubscriber: u, Tokens: s.minter, Domain: domain, Box: s.box,
		Chat: &chat.Service{Store: st, Tokens: s.minter, Domain: domain},
		Log:  slog.New(slog.NewTextHandler(s.log, nil)),
	})
	s.update(func(tx store.Tx) error {
		return store.Apps.Put(tx, store.AppKey("shop"), gateway.App{ID: "shop", Name: "Birch & Sons <b>"})
	})
	s.leave = s.link(token.Unsubscribe, store.HandleRow{Address: ann, User: "u1"})
	return s
}

func (s *site) update(fn func(store.Tx) error) {
	s.t.Helper()
	if err := s.store.Update(s.t.Context(), store.SystemScope("test"), fn); err != nil {
		s.t.Fatal(err)
	}
}

// link stores a handle's row and mints its token.
func (s *site) link(p token.Purpose, row store.HandleRow) string {
	s.t.Helper()
	h := gateway.NewHandle()
	row.Handle, row.App, row.Purpose, row.CreatedAt = h, "shop", string(rune(p)), time.Now()
	s.update(func(tx store.Tx) error { return store.Handles.Put(tx, store.HandleKey(h), row) })
	return s.minter.Mint(p, h, domain)
}

func (s *site) unsubscribed() bool {
	s.t.Helper()
	_, found, err := s.suppress.Find(s.t.Context(), "shop", ann)
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

func (s *site) do(method, path, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	s.pages.ServeHTTP(w, r)
	return w
}

const urlencoded = "application/x-www-form-urlencoded"

func TestLookingChangesNothing(t *testing.T) {
	s := newSite(t, nil)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			method := []string{"GET", "HEAD", "OPTIONS"}[i%3]
			path := "/u/" + s.leave
			if i%2 == 0 {
				path += "?List-Unsubscribe=One-Click&do=unsubscribe"
			}
			if w := s.do(method, path, urlencoded, "List-Unsubscribe=One-Click"); w.Code >= 300 || (method != "GET") != (w.Body.Len() == 0) {
				t.Errorf("%s: %d with %d octets", method, w.Code, w.Body.Len())
			}
		})
	}
	wg.Wait()
	for _, method := range []string{"PUT", "DELETE", "PATCH", "TRACE"} {
		if w := s.do(method, "/u/"+s.leave, urlencoded, "do=unsubscribe"); w.Code != 405 || w.Header().Get("Allow") == "" {
			t.Errorf("%s: %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
	if s.unsubscribed() {
		t.Error("looking at the link unsubscribed")
	}
}

func multipartBody(t *testing.T, name, value string) (contentType, body string) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	if err := m.WriteField(name, value); err != nil {
		t.Fatal(err)
	}
	m.Close()
	return m.FormDataContentType(), b.String()
}

func TestOneClick(t *testing.T) {
	multi, multiBody := multipartBody(t, "List-Unsubscribe", "One-Click")
	for name, c := range map[string]struct{ contentType, body string }{
		"urlencoded":   {urlencoded, "List-Unsubscribe=One-Click"},
		"with charset": {urlencoded + "; charset=utf-8", "List-Unsubscribe=One-Click\r\n"},
		"multipart":    {multi, multiBody},
		"no type":      {"", "List-Unsubscribe=One-Click"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			for range 3 {
				w := s.do("POST", "/u/"+s.leave, c.contentType, c.body)
				if w.Code != 200 || w.Header().Get("Location") != "" || w.Header().Get("Set-Cookie") != "" {
					t.Errorf("answer %d, headers %v", w.Code, w.Header())
				}
				if !s.unsubscribed() {
					t.Error("not unsubscribed")
				}
			}
			if n := s.events(gateway.EventAddressUnsubscribed); n != 1 {
				t.Errorf("%d events of one unsubscribing", n)
			}
			got, _, _ := s.suppress.Find(t.Context(), "shop", ann)
			if got.Kind != suppression.OneClick {
				t.Errorf("kind %q", got.Kind)
			}
		})
	}
}

func (s *site) events(typ gateway.EventType) (n int) {
	s.t.Helper()
	err := s.store.View(s.t.Context(), func(rd store.Reader) error {
		n = 0
		return store.EventLog.Scan(rd, store.Range{Prefix: store.AppKey("shop")}, func(_ store.Key, e gateway.Event) (bool, error) {
			if e.Type == typ {
				n++
			}
			return true, nil
		})
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func TestPageAndUndo(t *testing.T) {
	s := newSite(t, nil)
	path := "/u/" + strings.ToUpper(s.leave) // mail clients have been seen to do that
	for _, step := range []struct {
		method, body string
		says, offers string
		out          bool
	}{
		{"GET", "", "Unsubscribe?", "unsubscribe", false},
		{"POST", "do=unsubscribe", "You are unsubscribed", "resubscribe", true},
		{"GET", "", "You are unsubscribed", "resubscribe", true},
		{"POST", "do=resubscribe", "You get emails again", "unsubscribe", false},
		{"POST", "do=resubscribe", "You get emails again", "unsubscribe", false},
		{"GET", "", "Unsubscribe?", "unsubscribe", false},
	} {
		w := s.do(step.method, path, urlencoded, step.body)
		page := w.Body.String()
		if w.Code != 200 || !strings.Contains(page, "<h1>"+step.says+"</h1>") || !strings.Contains(page, `value="`+step.offers+`"`) {
			t.Errorf("%s %q: %d\n%s", step.method, step.body, w.Code, page)
		}
		if s.unsubscribed() != step.out {
			t.Errorf("after %s %q: unsubscribed %v", step.method, step.body, !step.out)
		}
		if strings.Contains(page, "ann@") || !strings.Contains(page, "a•••@example.org") || !strings.Contains(page, "Birch &amp; Sons &lt;b&gt;") {
			t.Errorf("address or app shown badly:\n%s", page)
		}
	}
	if log := strings.ToLower(s.log.String()); strings.Contains(log, s.leave[6:]) || !strings.Contains(log, s.leave[:6]) {
		t.Errorf("the log shows a secret, or nothing:\n%s", s.log)
	}
}

// Undoing what one did does not lift what a bounce did.
func TestUndoKeepsSuppression(t *testing.T) {
	s := newSite(t, nil)
	if err := s.suppress.Suppress(t.Context(), suppression.Fact{App: "shop", Address: ann, Kind: suppression.Hard}); err != nil {
		t.Fatal(err)
	}
	s.do("POST", "/u/"+s.leave, urlencoded, "do=unsubscribe")
	if w := s.do("GET", "/u/"+s.leave, "", ""); !strings.Contains(w.Body.String(), "You are unsubscribed") {
		t.Error("the page does not show the unsubscribing")
	}
	s.do("POST", "/u/"+s.leave, urlencoded, "do=resubscribe")
	if got, found, _ := s.suppress.Find(t.Context(), "shop", ann); !found || got.Reason != gateway.ReasonSuppressed {
		t.Errorf("suppression %v, %+v", found, got)
	}
}

func TestBadPosts(t *testing.T) {
	s := newSite(t, nil)
	for name, c := range map[string]struct{ contentType, body string }{
		"empty":         {urlencoded, ""},
		"other value":   {urlencoded, "List-Unsubscribe=No"},
		"too large":     {urlencoded, "x=" + strings.Repeat("y", 1<<20) + "&do=unsubscribe"},
		"bad multipart": {"multipart/form-data", "do=unsubscribe"},
		"bad escape":    {urlencoded, "do=%zz"},
	} {
		if w := s.do("POST", "/u/"+s.leave, c.contentType, c.body); w.Code != 400 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if s.unsubscribed() {
		t.Error("a bad POST unsubscribed")
	}
}

func TestBadLinks(t *testing.T) {
	s := newSite(t, nil)
	other := s.leave[:39] + "2"
	if other == s.leave {
		other = s.leave[:39] + "3"
	}
	reply := s.link(token.Reply, store.HandleRow{Address: ann})
	nobody := s.minter.Mint(token.Unsubscribe, gateway.NewHandle(), domain)
	elsewhere := s.minter.Mint(token.Unsubscribe, 5, "other.example.com")
	var pages []string
	for _, path := range []string{"/", "/u/", "/u/x", "/u/" + other, "/u/" + reply, "/u/" + nobody, "/u/" + elsewhere, "/u/" + s.leave + "/", "//u/" + s.leave, "/u//" + s.leave, "/x/../u/" + s.leave, "/a/" + s.leave, "/a/x", "/c/" + s.leave, "/c/x", "/c/" + nobody} {
		for _, method := range []string{"GET", "POST"} {
			w := s.do(method, path, urlencoded, "List-Unsubscribe=One-Click")
			if method == "POST" && strings.HasPrefix(path, "/a/") {
				continue // 405
			}
			if w.Code != 404 {
				t.Errorf("%s %s: %d", method, path, w.Code)
			}
			pages = append(pages, w.Body.String())
		}
	}
	for _, p := range pages {
		if p != pages[0] {
			t.Fatal("bad links are answered differently")
		}
	}
	if s.unsubscribed() {
		t.Error("a bad link unsubscribed")
	}
}

func TestStrictHeaders(t *testing.T) {
	s := newSite(t, nil)
	for _, path := range []string{"/u/" + s.leave, "/u/x", "/nothing"} {
		h := s.do("GET", path, "", "").Header()
		for k, want := range map[string]string{
			"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
			"X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store",
			"Content-Type": "text/html; charset=utf-8",
		} {
			if h.Get(k) != want {
				t.Errorf("%s: %s is %q", path, k, h.Get(k))
			}
		}
		csp := h.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
}

// sick is an Unsubscriber whose store is away.
type sick struct{ pages.Unsubscriber }

func (sick) Unsubscribe(context.Context, suppression.Fact) error { return errors.New("away") }

func TestStoreTroubleIs503(t *testing.T) {
	s := newSite(t, func(u pages.Unsubscriber) pages.Unsubscriber { return sick{u} })
	w := s.do("POST", "/u/"+s.leave, urlencoded, "List-Unsubscribe=One-Click")
	if w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("answer %d %v", w.Code, w.Header())
	}
}

// TestPicture writes the pages for looking at, where a directory is named.
func TestPicture(t *testing.T) {
	dir := os.Getenv("REPLYGATE_PAGES")
	if dir == "" {
		t.Skip("REPLYGATE_PAGES names no directory to write the pages to")
	}
	s := newSite(t, nil)
	for name, c := range map[string]struct{ method, path, body string }{
		"ask": {"GET", "/u/" + s.leave, ""}, "left": {"POST", "/u/" + s.leave, "do=unsubscribe"}, "bad": {"GET", "/u/x", ""},
	} {
		w := s.do(c.method, c.path, urlencoded, c.body)
		b, _ := io.ReadAll(w.Body)
		head := `<meta http-equiv="Content-Security-Policy" content="` + w.Header().Get("Content-Security-Policy") + `"><meta charset`
		b = bytes.Replace(b, []byte("<meta charset"), []byte(head), 1)
		if err := os.WriteFile(filepath.Join(dir, name+".html"), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

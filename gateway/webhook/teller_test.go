package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
)

const (
	whsec1 = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	whsec2 = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
	// whsecOld was replaced and its overlap is over.
	whsecOld = "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk"
	apiKey   = "sk_live_0123456789"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func TestSignedBothWays(t *testing.T) {
	be := &backend{}
	srv := httptest.NewServer(be)
	defer srv.Close()
	b := newBench(t, Config{AllowNetworks: loopback, AllowHTTP: true}, gateway.Endpoint{ID: "ep_1", URL: srv.URL + "/hook?x=1"})
	b.update(func(tx store.Tx) error {
		app, err := store.Apps.Get(tx, store.AppKey("shop"))
		if err != nil {
			return err
		}
		now := time.Now()
		app.Endpoints[0].Secrets = []gateway.EndpointSecret{
			b.sealed(whsec2, time.Time{}), b.sealed(whsec1, now.Add(time.Hour)), b.sealed(whsecOld, now.Add(-time.Second)),
		}
		app.Keys = append(app.Keys,
			gateway.Key{ID: "key_2", Sealed: b.box.Seal(secret.PurposeAPIKey, []byte("revoked")), CreatedAt: now, RevokedAt: &now},
			gateway.Key{ID: "key_3", Sealed: b.box.Seal(secret.PurposeAPIKey, []byte("test")), CreatedAt: now, Test: true})
		return store.Apps.Put(tx, store.AppKey("shop"), app)
	})
	b.run()
	b.record("c1", map[string]string{"text": "first"})
	id := b.record("c1", map[string]string{"text": "grüße <b>"})
	eventually(t, "both told", func() bool { return len(be.calls()) == 2 })
	got := be.calls()[1]

	for _, key := range []string{whsec1, whsec2} {
		wh, err := standardwebhooks.NewWebhook(key)
		if err != nil {
			t.Fatal(err)
		}
		if err := wh.Verify(got.body, got.header); err != nil {
			t.Errorf("Standard Webhooks: %v", err)
		}
		if err := wh.Verify(append(got.body, ' '), got.header); err == nil {
			t.Error("Standard Webhooks: a changed body verifies")
		}
	}
	if n := len(strings.Fields(got.header.Get("webhook-signature"))); n != 2 {
		t.Errorf("%d signatures for two secrets", n)
	}
	mac := hmac.New(sha256.New, []byte(apiKey))
	fmt.Fprintf(mac, "%s.%s", got.header.Get("X-TalkJS-Timestamp"), got.body)
	if want := strings.ToUpper(hex.EncodeToString(mac.Sum(nil))); got.header.Get("X-TalkJS-Signature") != want {
		t.Errorf("X-TalkJS-Signature %q, want %q", got.header.Get("X-TalkJS-Signature"), want)
	}

	var body map[string]any
	if err := json.Unmarshal(got.body, &body); err != nil {
		t.Fatal(err)
	}
	if body["id"] != string(id) || body["type"] != "message.sent" || body["appId"] != "shop" || body["seq"] != 2.0 || len(body) != 6 ||
		body["data"].(map[string]any)["text"] != "grüße <b>" || body["createdAt"].(float64) < 1e12 {
		t.Errorf("body %s", got.body)
	}
	if got.id != string(id) || got.length != int64(len(got.body)) || len(got.coded) > 0 ||
		got.header.Get("Content-Type") != "application/json" || got.header.Get("Replygate-Prev-Seq") != "1" ||
		got.header.Get("Accept-Encoding") != "" || got.header.Get("webhook-attempt") != "1" {
		t.Errorf("header %v, length %d, encoding %v", got.header, got.length, got.coded)
	}
	eventually(t, "stored", func() bool { return b.tell(id, "ep_1").State == event.Told })
	b.stop()
	if log := b.log.String(); strings.Contains(log, "gr") && strings.Contains(log, "text=") || strings.Contains(log, srv.URL) || !strings.Contains(log, "trace=trc_1") {
		t.Errorf("log:\n%s", log)
	}
}

func always(status int) func(int, *http.Request) (int, http.Header) {
	return func(int, *http.Request) (int, http.Header) { return status, nil }
}

func TestScheduleOverThreeDays(t *testing.T) {
	be := &backend{answer: always(500)}
	inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
		began := time.Now()
		id := b.record("c1", "x")
		time.Sleep(5 * 24 * time.Hour)
		synctest.Wait()
		got := be.calls()
		if len(got) != 10 {
			t.Fatalf("%d attempts", len(got))
		}
		last := began
		for i, want := range schedule.Delays {
			d := got[i].at.Sub(last)
			last = got[i].at
			if slack := want/10 + 10*time.Millisecond; d < want-slack || d > want+slack {
				t.Errorf("attempt %d came after %v, want %v", i+1, d, want)
			}
			if !bytes.Equal(got[i].body, got[0].body) || got[i].id != string(id) || got[i].header.Get("webhook-attempt") != fmt.Sprint(i+1) {
				t.Errorf("attempt %d differs", i+1)
			}
		}
		if tell := b.tell(id, "ep_1"); tell.State != event.Dead || len(tell.Attempts) != 10 || tell.Attempts[9].Status != 500 {
			t.Errorf("afterwards: %+v", tell)
		}
	})
}

func TestFailedOnes(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		header http.Header
		second time.Duration // when the second attempt comes, at the least
	}{
		"redirect":          {302, http.Header{"Location": {"http://backend.test/elsewhere"}}, 4 * time.Second},
		"not found":         {404, nil, 4 * time.Second},
		"switching":         {304, nil, 4 * time.Second},
		"retry-after":       {429, http.Header{"Retry-After": {"3600"}}, time.Hour},
		"retry-after date":  {503, http.Header{"Retry-After": {"Sat, 01 Jan 2000 02:00:00 GMT"}}, 2 * time.Hour},
		"retry-after month": {503, http.Header{"Retry-After": {"2592000"}}, 24 * time.Hour},
		"retry-after, 500":  {500, http.Header{"Retry-After": {"3600"}}, 4 * time.Second},
		"nonsense":          {503, http.Header{"Retry-After": {"soon"}}, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			be := &backend{answer: func(n int, _ *http.Request) (int, http.Header) {
				if n == 1 {
					return c.status, c.header
				}
				return 204, nil
			}}
			inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
				began := time.Now()
				id := b.record("c1", "x")
				time.Sleep(30 * time.Hour)
				synctest.Wait()
				got := be.calls()
				if len(got) != 2 {
					t.Fatalf("%d attempts", len(got))
				}
				if d := got[1].at.Sub(began); d < c.second || d > c.second+2*time.Second {
					t.Errorf("second attempt after %v, want %v", d, c.second)
				}
				if tell := b.tell(id, "ep_1"); tell.State != event.Told || tell.Attempts[0].Status != c.status {
					t.Errorf("afterwards: %+v", tell)
				}
			})
		})
	}
}

func TestTimeoutCountsAsFailure(t *testing.T) {
	be := &backend{answer: func(n int, r *http.Request) (int, http.Header) {
		if n == 1 {
			<-r.Context().Done()
		}
		return 200, nil
	}}
	inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
		id := b.record("c1", "x")
		time.Sleep(time.Minute)
		synctest.Wait()
		tell := b.tell(id, "ep_1")
		if len(tell.Attempts) != 2 || tell.Attempts[0].Took != 15_000 || tell.Attempts[0].Status != 0 || tell.Attempts[0].Error != "no answer in time" {
			t.Errorf("%+v", tell)
		}
	})
}

func TestGoneDisables(t *testing.T) {
	be := &backend{answer: func(_ int, r *http.Request) (int, http.Header) {
		if r.URL.Path == "/hook" {
			time.Sleep(time.Second) // until then the second event is there
			return 410, nil
		}
		return 200, nil
	}}
	inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
		id := b.record("c1", "x")
		second := b.record("c1", "y") // queued behind it
		time.Sleep(time.Minute)
		synctest.Wait()
		if a, c := b.tell(id, "ep_1"), b.tell(second, "ep_1"); a.State != event.Dead || c.State != event.Dead || len(c.Attempts) != 1 || c.Attempts[0].Status != 0 {
			t.Errorf("tellings %+v, %+v", a, c)
		}
		got := be.calls()
		if len(got) != 2 || !strings.Contains(string(got[1].body), `"type":"endpoint.disabled"`) || !strings.Contains(string(got[1].body), `"endpointId":"ep_1"`) {
			t.Errorf("%d calls, the last with %s", len(got), got[len(got)-1].body)
		}
		b.stop()
		if log := b.log.String(); strings.Count(log, `level=ERROR msg="endpoint disabled`) != 1 || !strings.Contains(log, "endpoint=ep_1 reason=gone") {
			t.Errorf("log:\n%s", log)
		}
	})
}

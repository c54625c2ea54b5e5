package webhook

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/store"
)

func (b *bench) app() (app gateway.App) {
	b.t.Helper()
	b.update(func(tx store.Tx) (err error) {
		app, err = store.Apps.Get(tx, store.AppKey("shop"))
		return err
	})
	return app
}

// only are the calls that came to a path.
func only(got []told, path string) []told {
	return slices.DeleteFunc(got, func(c told) bool { return c.path != path })
}

// A receiver may end an event's attempts by a header; its next event is told.
func TestReceiverAbandonsAMessage(t *testing.T) {
	be := &backend{answer: func(n int, _ *http.Request) (int, http.Header) {
		if n == 1 {
			return 422, http.Header{"Webhook-Delivery": {"abort-message"}}
		}
		return 200, nil
	}}
	inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
		first, second := b.record("c1", "a"), b.record("c1", "b")
		time.Sleep(time.Hour)
		synctest.Wait()
		if a, c := b.tell(first, "ep_1"), b.tell(second, "ep_1"); a.State != event.Dead || len(a.Attempts) != 1 || c.State != event.Told {
			t.Errorf("%+v, %+v", a, c)
		}
		if n := len(be.calls()); n != 2 {
			t.Errorf("%d attempts", n)
		}
	})
}

// Five days of nothing but failures disable an endpoint and tell the others; one
// success in between begins the count anew, and so does enabling it again.
func TestFailingForDaysDisables(t *testing.T) {
	for name, c := range map[string]struct {
		success  time.Duration // 0: never
		disabled bool
	}{"never a success": {0, true}, "one on the third day": {60 * time.Hour, false}} {
		t.Run(name, func(t *testing.T) {
			be := &backend{}
			inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
				began := time.Now()
				be.answer = func(_ int, r *http.Request) (int, http.Header) {
					since := time.Since(began)
					if r.URL.Path == "/other" || c.success > 0 && since > c.success && since < c.success+2*time.Hour {
						return 200, nil
					}
					return 500, nil
				}
				for day := 0; time.Since(began) < 6*24*time.Hour; day++ {
					b.record("c1", fmt.Sprint("hour ", day))
					time.Sleep(time.Hour)
				}
				synctest.Wait()
				ep := b.app().Endpoints[0]
				if ep.Disabled != c.disabled || c.disabled && ep.DisabledBy != gateway.DisabledByFailing {
					t.Fatalf("disabled is %v by %q", ep.Disabled, ep.DisabledBy)
				}
				notices := only(be.calls(), "/other")
				if !c.disabled {
					if len(notices) != 0 {
						t.Errorf("%d notices", len(notices))
					}
					return
				}
				if len(notices) != 1 || !strings.Contains(string(notices[0].body), `"reason":"failing"`) || !strings.Contains(string(notices[0].body), fmt.Sprintf(`"failingSince":%d`, began.UnixMilli())) {
					t.Fatalf("the other endpoint was told %d times: %s", len(notices), notices[0].body)
				}
				if d := notices[0].at.Sub(began); d < failTime || d > failTime+25*time.Hour {
					t.Errorf("disabled after %v", d)
				}
				before := len(be.calls())
				b.record("c1", "later")
				time.Sleep(time.Hour)
				synctest.Wait()
				if n := len(be.calls()); n != before {
					t.Errorf("%d attempts at a disabled endpoint", n-before)
				}
			})
		})
	}
}

// Failures far apart are not days of failing.
func TestRareFailuresDoNotDisable(t *testing.T) {
	be := &backend{answer: always(500)}
	inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
		for range 3 {
			b.record("c1", "x")
			time.Sleep(10 * 24 * time.Hour) // its attempts take three of them
		}
		synctest.Wait()
		if b.app().Endpoints[0].Disabled {
			t.Error("disabled")
		}
	})
}

// A ping goes to its endpoint alone, disabled or not, once.
func TestPing(t *testing.T) {
	be := &backend{answer: always(503)}
	inBubble(t, gateway.Endpoint{Disabled: true, Types: []gateway.EventType{gateway.EventMessageRead}}, be, func(t *testing.T, b *bench) {
		ep := b.app().Endpoints[0]
		var id gateway.EventID
		b.update(func(tx store.Tx) (err error) {
			id, err = event.Ping(tx, "shop", ep, time.Now())
			return err
		})
		time.Sleep(48 * time.Hour)
		synctest.Wait()
		got := be.calls()
		if len(got) != 1 || got[0].path != "/hook" || !strings.Contains(string(got[0].body), `"type":"webhook.ping"`) {
			t.Fatalf("%d calls", len(got))
		}
		if tell := b.tell(id, "ep_1"); tell.State != event.Dead || tell.Tries != 1 {
			t.Errorf("%+v", tell)
		}
	})
}

// Redelivered, an event has the same id and bytes, a new attempt number, and
// holds up nobody.
func TestRedeliveryIsTheSame(t *testing.T) {
	be := &backend{answer: always(200)}
	inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
		id := b.record("c1", "grüße <b>")
		synctest.Wait()
		for range 2 {
			time.Sleep(time.Hour)
			b.update(func(tx store.Tx) error {
				e, err := store.EventLog.Get(tx, event.Key("shop", id))
				if err != nil {
					return err
				}
				if err := event.Redeliver(tx, e, "ep_1", time.Now()); err != nil {
					return err
				}
				return event.Redeliver(tx, e, "ep_1", time.Now()) // it waits already
			})
			synctest.Wait()
		}
		got := be.calls()
		if len(got) != 3 {
			t.Fatalf("%d calls", len(got))
		}
		for i, c := range got {
			if c.id != string(id) || !bytes.Equal(c.body, got[0].body) || c.header.Get("webhook-attempt") != fmt.Sprint(i+1) {
				t.Errorf("call %d: %s, attempt %s", i, c.id, c.header.Get("webhook-attempt"))
			}
		}
	})
}

// A replay tells what the endpoint missed, was refused, or all, of the types it
// wants, in bounded steps, and no more than that.
func TestReplay(t *testing.T) {
	for status, want := range map[string][]int{
		event.ReplayFailed:  {1, 3},
		event.ReplayMissing: {0, 2},
		event.ReplayAll:     {0, 1, 2, 3, 4},
	} {
		t.Run(status, func(t *testing.T) {
			be := &backend{answer: always(200)}
			inBubble(t, gateway.Endpoint{Disabled: true}, be, func(t *testing.T, b *bench) {
				enable := func(on bool) {
					b.update(func(tx store.Tx) error {
						app, err := store.Apps.Get(tx, store.AppKey("shop"))
						app.Endpoints[0].Disabled = !on
						if err != nil {
							return err
						}
						return store.Apps.Put(tx, store.AppKey("shop"), app)
					})
				}
				put := func(on bool, answer int) gateway.EventID {
					enable(on)
					be.set(always(answer))
					id := b.record("c1", "x")
					time.Sleep(100 * time.Hour) // until it is told, or dead
					synctest.Wait()
					return id
				}
				early := time.Now()
				b.record("c1", "before")
				time.Sleep(time.Hour)
				since := time.Now()
				all := []gateway.EventID{put(false, 200), put(true, 500), put(false, 200), put(true, 500), put(true, 200)}
				until := time.Now()
				time.Sleep(time.Hour)
				b.record("c1", "after")
				synctest.Wait()
				enable(true)
				be.set(always(200))
				before := len(be.calls())
				b.update(func(tx store.Tx) error {
					r := event.Replay{Since: since, Until: until, Status: status}
					if err := r.Start(tx, "shop", "ep_1", time.Now()); err != nil {
						return err
					}
					if err := r.Start(tx, "shop", "ep_1", time.Now()); err != event.ErrReplaying {
						t.Errorf("a second one: %v", err)
					}
					return nil
				})
				time.Sleep(time.Minute)
				synctest.Wait()
				var got []gateway.EventID
				for _, c := range be.calls()[before:] {
					got = append(got, gateway.EventID(c.id))
				}
				var ids []gateway.EventID
				for _, i := range want {
					ids = append(ids, all[i])
				}
				slices.Sort(got)
				if !slices.Equal(got, ids) {
					t.Errorf("told %v, want %v of %v (since %v)", got, ids, all, early)
				}
			})
		})
	}
}

// A long replay goes in steps, and ends when its endpoint does.
func TestReplayIsBounded(t *testing.T) {
	be := &backend{answer: always(200)}
	inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
		for i := range 1000 {
			b.record(gateway.ConversationID(fmt.Sprint(i)), "x")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		before, began := len(be.calls()), time.Now()
		start := func() {
			b.update(func(tx store.Tx) error {
				r := event.Replay{Since: began.Add(-time.Hour), Until: time.Now(), Status: event.ReplayAll}
				return r.Start(tx, "shop", "ep_1", time.Now())
			})
		}
		start()
		time.Sleep(450 * time.Millisecond)
		synctest.Wait()
		if n := len(be.calls()) - before; n < 300 || n > 600 {
			t.Errorf("%d events in the first five steps", n)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(be.calls()) - before; n != 1000 {
			t.Errorf("%d events in all", n)
		}
		start()
		b.update(func(tx store.Tx) error {
			app, err := store.Apps.Get(tx, store.AppKey("shop"))
			app.Endpoints = app.Endpoints[1:]
			if err != nil {
				return err
			}
			return store.Apps.Put(tx, store.AppKey("shop"), app)
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		b.update(func(tx store.Tx) error {
			if _, err := tx.Item(event.ReplayItem("shop", "ep_1")); err == nil {
				t.Error("the replay to a deleted endpoint goes on")
			}
			return nil
		})
	})
}

// What the receiver answers is kept for whoever looks for its fault: the first
// kibibyte, without secrets.
func TestResponseIsKeptRedacted(t *testing.T) {
	for name, c := range map[string]struct{ answer, want string }{
		"words":   {"no such route\n", "no such route\n"},
		"long":    {strings.Repeat("ä", 2000), strings.Repeat("ä", 512)},
		"odd":     {"x" + strings.Repeat("ä", 2000), "x" + strings.Repeat("ä", 511)},
		"binary":  {"\x00\xff\xfe", "(not text)"},
		"control": {"a\x1b[31mb\x00c\td", "a[31mbc\td"},
		"key":     {`{"key":"sk_live_0123456789abcdef","secret":"` + whsec1 + `"}`, `{"key":"[redacted]","secret":"[redacted]"}`},
		"bearer":  {"Authorization: Bearer abcdefgh.ijkl", "Authorization: [redacted]"},
		"address": {"to r" + strings.Repeat("a2", 20) + "@reply.example.com", "to [redacted]@reply.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(500)
				io.WriteString(w, c.answer)
			}))
			defer srv.Close()
			b := newBench(t, Config{AllowHTTP: true, AllowNetworks: loopback})
			defer b.store.Close()
			defer b.teller.Close()
			tg := &telling{endpoint: gateway.Endpoint{URL: srv.URL, Secrets: b.secrets()}, event: gateway.Event{Data: []byte("{}")}}
			if a := b.teller.attempt(t.Context(), tg); a.response != c.want {
				t.Errorf("kept %q, want %q", a.response, c.want)
			}
		})
	}
	t.Run("echoed signatures", func(t *testing.T) {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.Header.Get("webhook-signature"), " ", r.Header.Get("X-TalkJS-Signature"), " seen")
		}))
		defer srv.Close()
		b := newBench(t, Config{AllowHTTP: true, AllowNetworks: loopback})
		defer b.store.Close()
		defer b.teller.Close()
		tg := &telling{app: b.app(), endpoint: gateway.Endpoint{URL: srv.URL, Secrets: b.secrets()}, event: gateway.Event{Data: []byte("{}")}}
		if a := b.teller.attempt(t.Context(), tg); a.response != "[redacted] [redacted] seen" {
			t.Errorf("kept %q", a.response)
		}
	})
}

// Only the latest attempt keeps what was answered.
func TestOneResponseIsKept(t *testing.T) {
	be := &backend{answer: always(500), body: "broken"}
	inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
		id := b.record("c1", "x")
		time.Sleep(time.Hour)
		synctest.Wait()
		tell := b.tell(id, "ep_1")
		for i, a := range tell.Attempts {
			if kept := a.Response == "broken"; kept != (i == len(tell.Attempts)-1) {
				t.Errorf("attempt %d of %d keeps %q", i+1, len(tell.Attempts), a.Response)
			}
		}
		if tell.Tries != len(tell.Attempts) || tell.Tries < 3 {
			t.Errorf("%d tries", tell.Tries)
		}
	})
}

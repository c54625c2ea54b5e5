package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// eventPage is an answer of GET /events.
type eventPage struct {
	Data []wire.Event
	Next string
}

func (l *lab) events(query string) (p eventPage) {
	l.Helper()
	l.do("GET", "/events"+query, "").is(200).into(&p)
	return p
}

func (p eventPage) ids() (out []string) {
	for _, e := range p.Data {
		out = append(out, string(e.ID))
	}
	return out
}

// record puts events beside the chat, as they come from elsewhere.
func (l *lab) record(types ...gateway.EventType) (ids []string) {
	l.Helper()
	l.update(func(tx store.Tx) error {
		ids = nil
		app, err := store.Apps.Get(tx, store.AppKey("shop"))
		for _, t := range types {
			if err != nil {
				break
			}
			var id gateway.EventID
			id, err = event.Record(tx, &app, nil, t, map[string]string{"of": string(t)}, time.Now(), "")
			ids = append(ids, string(id))
		}
		return err
	})
	return ids
}

// TestEventsArePulled: in order, from any place on, by type, and never another
// app's.
func TestEventsArePulled(t *testing.T) {
	l := newLab(t).populate()
	for i := range 25 {
		l.say(fmt.Sprint("message ", i))
	}
	var all []string
	next := ""
	for {
		p := l.events("?limit=7&after=" + next)
		if len(p.Data) == 0 {
			if p.Next != next {
				t.Errorf("at the end next is %q, was %q", p.Next, next)
			}
			break
		}
		if p.Next != string(p.Data[len(p.Data)-1].ID) {
			t.Errorf("next %q after %q", p.Next, p.ids())
		}
		all, next = append(all, p.ids()...), p.Next
	}
	if len(all) != 27 || !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != 27 {
		t.Fatalf("%d events, sorted %v", len(all), slices.IsSorted(all))
	}
	if p := l.events("?types=user.created"); len(p.Data) != 2 || p.Data[0].Type != "user.created" || p.Next != all[26] {
		t.Errorf("by type: %v, next %s", p.ids(), p.Next)
	}
	if p := l.events("?types=user.updated,message.sent&types=user.created&limit=100"); len(p.Data) != 27 {
		t.Errorf("by three types: %d", len(p.Data))
	}
	if p := l.events("?after=now"); len(p.Data) != 0 || p.Next != all[26] {
		t.Errorf("from now: %v, next %s", p.ids(), p.Next)
	}
	if p := l.events("?after=evt_0&limit=1"); p.Data[0].ID != gateway.EventID(all[0]) {
		t.Errorf("from an id that never was: %s", p.Data[0].ID)
	}
	if p := l.events("?after=undefined&types=null&wait=&limit=100"); len(p.Data) != 27 {
		t.Errorf("absent values: %d", len(p.Data))
	}
	l.raw("GET", "/v1/club/events", l.other, "").is(200, `{"data":[],"next":"evt_"}`)
	l.raw("GET", "/v1/club/events/"+all[0], l.other, "").is(404)
	for query, field := range map[string]string{
		"?after=msg_1": "after", "?types=message.sung": "types", "?limit=0": "limit", "?limit=101": "limit", "?wait=61": "wait", "?wait=-1": "wait",
		"?wait=NaN": "wait", "?status=told": "status", "?endpoint=none": "status",
	} {
		l.do("GET", "/events"+query, "").wrong(field)
	}
	l.do("GET", "/events?status=dead&endpoint=none", "").is(404)
	l.do("GET", "/events/"+all[0], "").is(200).has(`"id":"`+all[0]+`"`, `"endpoints":[]`)
	l.do("GET", "/events/evt_none", "").is(404)
	l.do("HEAD", "/events?wait=60", "").is(200)
}

// TestLongPoll waits for an event that comes, for one of a type among others, and
// for none.
func TestLongPoll(t *testing.T) {
	l := newLab(t)
	type got struct {
		page eventPage
		took time.Duration
	}
	poll := func(query string) <-chan got {
		done := make(chan got, 1)
		began := time.Now()
		go func() {
			var p eventPage
			l.do("GET", "/events"+query, "").is(200).into(&p)
			done <- got{p, time.Since(began)}
		}()
		return done
	}
	if g := <-poll("?wait=0.2"); len(g.page.Data) != 0 || g.took < 200*time.Millisecond || g.page.Next != "evt_" {
		t.Errorf("nothing came: %+v", g)
	}
	some, one := poll("?wait=60&after=now"), poll("?wait=60&after=now&types=user.updated")
	eventually(t, "both wait", func() bool { return l.server.waiting.count("shop") == 2 })
	ids := l.record("user.created")
	if g := <-some; !slices.Equal(g.page.ids(), ids) || g.page.Next != ids[0] {
		t.Errorf("told %v, want %v", g.page.ids(), ids)
	}
	ids = append(ids, l.record("message.sent", "user.updated", "user.created")...)
	if g := <-one; !slices.Equal(g.page.ids(), ids[2:3]) {
		t.Errorf("told %v, want %v", g.page.ids(), ids[2:3])
	}
	if g := <-poll("?wait=60&after=" + ids[1]); !slices.Equal(g.page.ids(), ids[2:]) || g.took > 40*time.Second {
		t.Errorf("what is there already: %v after %v", g.page.ids(), g.took)
	}
	eventually(t, "nobody waits", func() bool { return l.server.waiting.count("shop") == 0 })
}

func (wg *waiting) count(app gateway.AppID) int {
	wg.mu.Lock()
	defer wg.mu.Unlock()
	return wg.n[app]
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick, end := time.NewTicker(time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not in time: %s", what)
		}
	}
}

// listener reads server-sent events.
type listener struct {
	t     *testing.T
	stop  context.CancelFunc
	lines chan string
	resp  *http.Response
}

func (l *lab) listen(query string, head ...string) *listener {
	l.Helper()
	ctx, stop := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, "GET", l.url+"/v1/shop/events"+query, nil)
	l.ok(err)
	req.Header.Set("Authorization", "Bearer "+l.key)
	req.Header.Set("Accept", "text/event-stream")
	for i := 0; i+1 < len(head); i += 2 {
		req.Header.Set(head[i], head[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	l.ok(err)
	li := &listener{t: l.T, stop: stop, lines: make(chan string, 1000), resp: resp}
	go func() {
		defer close(li.lines)
		for s := bufio.NewScanner(resp.Body); s.Scan(); {
			li.lines <- s.Text()
		}
	}()
	l.Cleanup(func() { stop(); resp.Body.Close() })
	return li
}

// next returns the next event of the stream as id, event and data lines.
func (li *listener) next() (id, typ string, e wire.Event) {
	li.t.Helper()
	end := time.After(time.Minute)
	for {
		select {
		case line, ok := <-li.lines:
			if !ok {
				li.t.Fatal("the stream ended")
			}
			field, value, _ := strings.Cut(line, ": ")
			switch field {
			case "id":
				id = value
			case "event":
				typ = value
			case "data":
				if err := json.Unmarshal([]byte(value), &e); err != nil {
					li.t.Fatal(err)
				}
				return id, typ, e
			}
		case <-end:
			li.t.Fatal("nothing came")
		}
	}
}

// TestStream tells what was and what comes, once each and in order, and goes on
// where a client that was cut off says it was.
func TestStream(t *testing.T) {
	l := newLab(t)
	ids := l.record("user.created", "user.updated")
	all := l.listen("")
	if got := all.resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("Content-Type %q", got)
	}
	some := l.listen("?types=message.sent&after=now")
	for range 120 { // more than a page
		ids = append(ids, l.record("message.read")...)
	}
	ids = append(ids, l.record("message.sent", "message.sent")...)
	for i, want := range ids {
		id, typ, e := all.next()
		if id != want || string(e.ID) != want || typ != string(e.Type) {
			t.Fatalf("event %d is %s (%s), want %s", i, id, typ, want)
		}
	}
	if id, _, _ := some.next(); id != ids[122] {
		t.Errorf("by type: %s, want %s", id, ids[122])
	}
	all.stop()
	back := l.listen("?after="+ids[0], "Last-Event-ID", ids[120])
	if id, _, _ := back.next(); id != ids[121] {
		t.Errorf("after coming back: %s, want %s", id, ids[121])
	}
	eventually(t, "the one cut off is forgotten", func() bool { return l.server.waiting.count("shop") == 2 })
}

// TestStreamEndsWithItsKey, be it idle or busy; an idle one shows that it lives.
func TestStreamEndsWithItsKey(t *testing.T) {
	l := newLab(t)
	l.server.waiting.beat = 20 * time.Millisecond
	for _, kind := range []string{"idle", "busy"} {
		k, err := l.apps.CreateKey(t.Context(), "shop", false)
		l.ok(err)
		li := l.listen("?after=now", "Authorization", "Bearer "+k.Secret)
		for line := range li.lines {
			if line == ":" {
				break
			}
		}
		l.ok(l.apps.RevokeKey(t.Context(), "shop", k.ID))
		end, tick := time.After(time.Minute), time.NewTicker(5*time.Millisecond)
		defer tick.Stop()
		for open := true; open; {
			select {
			case _, open = <-li.lines:
			case <-tick.C:
				if kind == "busy" {
					l.record("user.created")
				}
			case <-end:
				t.Fatalf("the %s stream of a revoked key goes on", kind)
			}
		}
	}
}

// TestStreamsAreBounded: too many of an app are refused, another's are not.
func TestStreamsAreBounded(t *testing.T) {
	l := newLab(t)
	for range maxWaiting {
		l.listen("")
	}
	refused := l.listen("")
	if refused.resp.StatusCode != http.StatusTooManyRequests || refused.resp.Header.Get("Retry-After") == "" {
		t.Errorf("one too many: %s", refused.resp.Status)
	}
	l.raw("GET", "/v1/club/events?wait=0.01", l.other, "").is(200)
	close(l.stopping)
	eventually(t, "all end when the server stops", func() bool { return l.server.waiting.count("shop") == 0 })
	l.do("GET", "/events?wait=30", "").is(200, `{"data":[],"next":"evt_"}`)
}

// tells puts how telling an event to an endpoint ended.
func (l *lab) tells(id, ep, state string) {
	l.Helper()
	l.update(func(tx store.Tx) error {
		e, err := store.EventLog.Get(tx, event.Key("shop", gateway.EventID(id)))
		if err != nil {
			return err
		}
		tell, err := store.EventTells.Get(tx, event.TellKey("shop", e.ID, gateway.EndpointID(ep)))
		if err != nil {
			return err
		}
		tell.State, tell.Tries = state, 1
		tell.Attempts = []store.TellAttempt{{At: time.Now(), Status: 500, Error: "answered 500", Took: 12, Response: "no"}}
		return errors.Join(event.Conclude(tx, e, tell), tx.Cancel(store.EventItem("shop", e.Conversation, e.ID, gateway.EndpointID(ep))))
	})
}

func (l *lab) queued(id, ep string) bool {
	l.Helper()
	var err error
	l.ok(l.engine.View(context.Background(), func(rd store.Reader) error {
		_, err = rd.Item(store.EventItem("shop", "", gateway.EventID(id), gateway.EndpointID(ep)))
		return nil
	}))
	return err == nil
}

// TestDeadLettersAreListedAndRedelivered to one endpoint or to all.
func TestDeadLettersAreListedAndRedelivered(t *testing.T) {
	l := newLab(t)
	for _, ep := range []string{"a", "b"} {
		l.do("PUT", "/endpoints/"+ep, `{"url":"https://chat.example.com/`+ep+`"}`).is(200)
	}
	l.do("PUT", "/endpoints/few", `{"url":"https://chat.example.com/few","types":["message.read"]}`).is(200)
	ids := l.record("message.sent", "message.sent", "user.created", "message.sent")
	l.tells(ids[0], "a", event.Dead)
	l.tells(ids[1], "b", event.Dead)
	l.tells(ids[2], "a", event.Dead)
	l.tells(ids[2], "b", event.Dead)
	l.tells(ids[3], "a", event.Told)
	for query, want := range map[string][]string{
		"?status=dead": ids[:3], "?status=dead&endpoint=a": {ids[0], ids[2]}, "?status=dead&endpoint=b&types=message.sent": {ids[1]},
		"?status=dead&limit=2": ids[:2], "?status=dead&after=" + ids[1]: ids[2:3], "?status=dead&endpoint=few": nil,
	} {
		if p := l.events(query); !slices.Equal(p.ids(), want) {
			t.Errorf("%s: %v, want %v", query, p.ids(), want)
		}
	}
	l.do("POST", "/events/"+ids[2]+"/redeliver", `{"endpointId":"a"}`).is(200, `{"endpointIds":["a"]}`)
	if !l.queued(ids[2], "a") || l.queued(ids[2], "b") {
		t.Error("not queued for the one endpoint it was asked for")
	}
	if p := l.events("?status=dead&endpoint=a"); !slices.Equal(p.ids(), ids[:1]) {
		t.Errorf("dead after redelivery: %v", p.ids())
	}
	l.do("POST", "/events/"+ids[3]+"/redeliver", "").is(200, `{"endpointIds":["a","b"]}`)
	l.do("GET", "/events/"+ids[3], "").is(200).has(`"state":"waiting"`, `"response":"no"`, `"status":500`, `"tookMs":12`)
	l.do("POST", "/events/"+ids[3]+"/redeliver", `{"endpointId":"few"}`).is(200, `{"endpointIds":["few"]}`)
	l.do("POST", "/events/"+ids[3]+"/redeliver", `{"endpointId":"none"}`).is(404)
	l.do("POST", "/events/evt_none/redeliver", "").is(404)
	l.do("PUT", "/endpoints/b", `{"disabled":true}`).is(200).has(`"disabledBy":"caller"`)
	l.do("POST", "/events/"+ids[1]+"/redeliver", `{"endpointId":"b"}`).is(409)
	l.do("POST", "/events/"+ids[1]+"/redeliver", "").is(200, `{"endpointIds":["a"]}`)
	l.do("GET", "/endpoints/a/attempts?limit=2", "").is(200).has(`"eventId":"`+ids[3]+`"`, `"next":"evt_`)
	l.do("GET", "/endpoints/few/attempts", "").is(200).has(`"eventId":"`+ids[3]+`"`, `"next":null`)
	l.do("GET", "/endpoints/none/attempts", "").is(404)
}

// TestReplayIsAsked: what may be asked, and that there is one at a time.
func TestReplayIsAsked(t *testing.T) {
	l := newLab(t)
	l.do("PUT", "/endpoints/a", `{"url":"https://chat.example.com/a"}`).is(200)
	l.do("GET", "/endpoints/a", "").is(200).has(`"replay":null`, `"failingSince":null`)
	for body, field := range map[string]string{
		`{"since":5,"until":3}`: "since", `{"status":"lost"}`: "status", `{"types":["x"]}`: "types", `{"since":"yesterday"}`: "since",
	} {
		l.do("POST", "/endpoints/a/replay", body).wrong(field)
	}
	l.do("POST", "/endpoints/a/replay", `{"since":1000,"types":["message.sent"],"status":"all"}`).is(200).has(`"status":"all"`, `"queued":0`)
	l.do("POST", "/endpoints/a/replay", "").is(409)
	l.do("GET", "/endpoints/a", "").is(200).has(`"replay":{`, `"types":["message.sent"]`)
	l.do("POST", "/endpoints/none/replay", "").is(404)
	l.do("PUT", "/endpoints/a", `{"disabled":true}`).is(200)
	l.do("POST", "/endpoints/a/replay", "").is(409)
}

// TestSecretsRotate: shown once, told of by their times, ended at once if wished.
func TestSecretsRotate(t *testing.T) {
	l := newLab(t)
	var made, next struct {
		Secret  string
		Secrets []struct{ Until *int64 }
	}
	l.do("PUT", "/endpoints/a", `{"url":"https://chat.example.com/a"}`).is(200).into(&made)
	l.do("POST", "/endpoints/a/secrets", "").is(200).into(&next)
	if made.Secret == "" || next.Secret == "" || next.Secret == made.Secret || len(next.Secrets) != 2 || next.Secrets[0].Until != nil {
		t.Fatalf("%+v, then %+v", made, next)
	}
	day := time.Until(time.UnixMilli(*next.Secrets[1].Until))
	if day < 23*time.Hour || day > 24*time.Hour {
		t.Errorf("the old one signs for %v", day)
	}
	if shown := l.do("GET", "/endpoints/a", "").is(200); strings.Contains(shown.body, "whsec_") || strings.Contains(shown.body, "sealed") {
		t.Errorf("shown again: %s", shown.body)
	}
	l.do("DELETE", "/endpoints/a/secrets", "").is(200, "{}")
	l.do("GET", "/endpoints/a", "").has(`"until":null}]`)
	l.do("POST", "/endpoints/a/secrets", `{"oldValidFor":"7d"}`).is(200)
	l.do("POST", "/endpoints/a/secrets", `{"oldValidFor":0}`).is(200).into(&next)
	if len(next.Secrets) != 1 {
		t.Errorf("%d are left when the old ones end at once", len(next.Secrets))
	}
	l.do("POST", "/endpoints/a/secrets", `{"oldValidFor":"8d"}`).wrong("oldValidFor")
	l.do("POST", "/endpoints/a/secrets", `{"oldValidFor":[]}`).wrong("oldValidFor")
	l.do("POST", "/endpoints/none/secrets", "").is(404)
}

// TestPingIsForOneEndpoint, disabled or not.
func TestPingIsForOneEndpoint(t *testing.T) {
	l := newLab(t)
	l.do("PUT", "/endpoints/a", `{"url":"https://chat.example.com/a","types":["message.sent"],"disabled":true}`).is(200)
	l.do("PUT", "/endpoints/b", `{"url":"https://chat.example.com/b"}`).is(200)
	var made struct{ EventID string }
	l.do("POST", "/endpoints/a/ping", "").is(200).into(&made)
	if !l.queued(made.EventID, "a") || l.queued(made.EventID, "b") {
		t.Error("not queued for the endpoint alone")
	}
	l.do("GET", "/events/"+made.EventID, "").is(200).has(`"type":"webhook.ping"`, `"data":{"endpointId":"a","url":"https://chat.example.com/a"}`)
	l.do("POST", "/endpoints/none/ping", "").is(404)
}

// TestEndpointPutMerges: what the body does not name stays.
func TestEndpointPutMerges(t *testing.T) {
	l := newLab(t)
	l.do("PUT", "/endpoints/a", `{"types":["message.sent"]}`).wrong("url")
	l.do("PUT", "/endpoints/a", `{"url":"https://chat.example.com/a","types":["message.sent"],"ordering":"strict"}`).is(200)
	l.do("PUT", "/endpoints/a", `{"disabled":true}`).is(200).has(`"url":"https://chat.example.com/a"`, `"types":["message.sent"]`, `"ordering":"strict"`, `"disabled":true`)
	l.do("PUT", "/endpoints/a", `{"types":[],"disabled":false,"url":null}`).is(200).has(`"types":[]`, `"disabled":false`, `"disabledBy":null`)
}

type refuseAll struct{}

func (refuseAll) CheckURL(string) error {
	return errors.New("the operator can allow its network by allow_networks")
}

// TestEndpointURLIsChecked: a refusal says what the operator can do.
func TestEndpointURLIsChecked(t *testing.T) {
	l := newLab(t)
	l.server.URLs = refuseAll{}
	l.do("PUT", "/endpoints/a", `{"url":"https://10.0.0.1/"}`).wrong("url").has("The operator can allow its network by allow_networks.")
}

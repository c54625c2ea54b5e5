package api

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// making is a call that makes something, with another body for the same route.
type making struct {
	path, body, other string
	// count is what grows by one with each that is made; empty: nothing that is
	// counted.
	count string
}

// makings are the POSTs that make something, by their routes.
func makings(l *lab) map[string]making {
	l.Helper()
	l.populate()
	l.do("PUT", "/endpoints/main", `{"url":"https://chat.example.com/hooks"}`).is(200)
	l.do("PUT", "/authorise", `{"url":"https://chat.example.com/may"}`).is(200)
	l.say("An event")
	now := time.Now()
	l.update(func(tx store.Tx) error {
		for _, id := range []gateway.ReplyID{"rpl_1", "rpl_2"} {
			r := gateway.Reply{
				ID: id, Conversation: "c1", Participant: "bob", State: gateway.ReplyHeld, Reason: gateway.ReasonUnauthentic, ReceivedAt: now, UpdatedAt: now,
				MessageID: string(id) + "@x.test", Digest: string(id), Content: &gateway.ReplyContent{Text: "Words"},
			}
			if err := store.PutReply(tx, "shop", r); err != nil {
				return err
			}
		}
		return nil
	})
	l.do("GET", "/conversations/c1/participants/bob/email", "").is(200)
	var events struct{ Data []struct{ ID string } }
	l.do("GET", "/events", "").is(200).into(&events)
	const text, other = `"text":"Hello","sender":"ann","type":"UserMessage"`, `"text":"Other","sender":"ann","type":"UserMessage"`
	one := `{"conversationId":"%s","recipient":{"id":"bob","email":"bob@people.test"},"messages":[{"text":"Hi","sender":{"id":"ann"}}]}`
	return map[string]making{
		"conversations/*/messages":        {"/conversations/c1/messages", "[{" + text + "}]", "[{" + other + "}]", "/conversations/c1/messages?limit=100"},
		"import/conversations/*/messages": {"/import/conversations/c1/messages", "[{" + text + `,"timestamp":1509132622706}]`, "[{" + other + `,"timestamp":1509132622706}]`, "/conversations/c1/messages?limit=100"},
		"notifications":                   {"/notifications", fmt.Sprintf(one, "c9"), fmt.Sprintf(one, "c8"), "/conversations/c9/messages?limit=100"},
		"keys":                            {"/keys", `{"scope":"read"}`, `{"scope":"write"}`, "/keys"},
		"files":                           {"/files?filename=a.txt", "a file", "another file", ""},
		"endpoints/*/secrets":             {"/endpoints/main/secrets", `{}`, `{"oldValidFor":60}`, ""},
		"endpoints/*/ping":                {"/endpoints/main/ping", `{}`, `{"other":1}`, "/events?limit=100"},
		"endpoints/*/replay":              {"/endpoints/main/replay", `{"status":"all"}`, `{"status":"failed"}`, ""},
		"authorise/secrets":               {"/authorise/secrets", `{}`, `{"oldValidFor":60}`, ""},
		"events/*/redeliver":              {"/events/" + events.Data[0].ID + "/redeliver", `{}`, `{"endpointId":"main"}`, ""},
		"conversations/*/notifications":   {"/conversations/c1/notifications", `{}`, `{"other":1}`, ""},
		"replies/*/approve":               {"/replies/rpl_1/approve", `{}`, `{"other":1}`, "/conversations/c1/messages?limit=100"},
		"replies/*/reject":                {"/replies/rpl_2/reject", `{}`, `{"other":1}`, ""},
	}
}

// makeNothing are the POSTs that ask, or that leave things as another call of
// theirs would.
var makeNothing = []string{"batch", "presences", "render", "parse", "authorise/ask", "conversations/*/readBy/*", "conversations/*/messages/*", "notifications/run"}

// TestIdempotencyKeys: on every POST that makes something, the same call is done
// once and answered alike, also after a restart; another body is 422; another key
// of the app is another caller.
func TestIdempotencyKeys(t *testing.T) {
	l := newLab(t)
	all := makings(l)
	for _, r := range table() {
		name := strings.Join(r.path, "/")
		if _, makes := all[name]; r.method == "POST" && !makes && !strings.Contains(" "+strings.Join(makeNothing, " ")+" ", " "+name+" ") {
			t.Errorf("nobody said what a second POST %s does", name)
		}
	}
	var second struct{ Secret string }
	l.do("POST", "/keys", "").is(200).into(&second)
	answers := map[string]string{}
	for name, m := range all {
		count := func() int {
			if m.count == "" {
				return 0
			}
			var list struct{ Data []any }
			l.do("GET", m.count, "").into(&list)
			return len(list.Data)
		}
		before := count()
		first := l.do("POST", m.path, m.body, "Idempotency-Key", name).is(200)
		made := count()
		if m.count != "" && made != before+1 {
			t.Errorf("%s: made %d", name, made-before)
		}
		l.do("POST", m.path, m.body, "Idempotency-Key", name).is(200, first.body)
		l.do("POST", m.path, m.other, "Idempotency-Key", name).is(422).has("IDEMPOTENCY_KEY_REUSED")
		l.do("POST", m.path, m.body, "Idempotency-Key", strings.Repeat("k", 256)).is(400)
		if after := count(); after != made {
			t.Errorf("%s: %d were made again", name, after-made)
		}
		answers[name] = first.body
	}
	l.raw("POST", "/v1/shop/keys", second.Secret, `{"scope":"write"}`, "Idempotency-Key", "keys").is(200) // not 422
	l.ok(l.engine.Close())
	l.holdsNot(answers["keys"], answers["endpoints/*/secrets"])
	l.start()
	for name, m := range all {
		l.do("POST", m.path, m.body, "Idempotency-Key", name).is(200, answers[name])
	}
}

// holdsNot holds that the database contains no secret of an answer.
func (l *lab) holdsNot(answers ...string) {
	l.Helper()
	var db []byte
	l.ok(fs.WalkDir(os.DirFS(l.dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(l.dir, name))
		db = append(db, b...)
		return err
	}))
	if !bytes.Contains(db, []byte("The shop")) {
		l.Fatal("this is not the database")
	}
	for _, a := range answers {
		_, secret, _ := strings.Cut(a, `"secret":"`)
		secret, _, _ = strings.Cut(secret, `"`)
		if secret == "" || bytes.Contains(db, []byte(secret)) {
			l.Errorf("the database holds the secret %q", secret)
		}
	}
}

// TestFormIsTheSameFile: a form is written with another boundary each time.
func TestFormIsTheSameFile(t *testing.T) {
	l := newLab(t)
	first := ""
	for i := range 3 {
		body, kind := form(t, "photo.png", "content")
		a := l.do("POST", "/files", body, "Content-Type", kind, "Idempotency-Key", "k").is(200)
		if i > 0 && a.body != first {
			t.Errorf("another file: %s and %s", first, a.body)
		}
		first = a.body
	}
	body, kind := form(t, "photo.png", "other content")
	l.do("POST", "/files", body, "Content-Type", kind, "Idempotency-Key", "k").is(422)
}

// TestIdempotencyAtOnce: of calls at one time one is done, and all are answered so.
func TestIdempotencyAtOnce(t *testing.T) {
	l := newLab(t).populate()
	before := len(l.do("GET", "/keys", "").ids())
	for path, body := range map[string]string{
		"/conversations/c1/messages":        `[{"text":"Hello","sender":"ann","type":"UserMessage"}]`,
		"/import/conversations/c1/messages": `[{"text":"Hello","sender":"ann","type":"UserMessage","timestamp":1509132622706}]`,
		"/notifications":                    `{"conversationId":"c1","recipient":{"id":"bob"},"messages":[{"text":"Hi","sender":{"id":"ann"}}]}`,
		"/keys":                             `{}`,
	} {
		var callers sync.WaitGroup
		answers := make([]string, 8)
		for i := range answers {
			callers.Go(func() { answers[i] = l.do("POST", path, body, "Idempotency-Key", path).is(200).body })
		}
		callers.Wait()
		for _, a := range answers {
			if a != answers[0] {
				t.Errorf("%s: %s and %s", path, a, answers[0])
			}
		}
	}
	if n := len(l.do("GET", "/conversations/c1/messages", "").ids()); n != 3 {
		t.Errorf("%d messages, want one of each call", n)
	}
	if n := len(l.do("GET", "/keys", "").ids()) - before; n != 1 {
		t.Errorf("%d keys were made", n)
	}
}

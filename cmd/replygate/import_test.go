package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// backend calls the API of one app of a running server.
type backend struct {
	*testing.T
	base, key string
}

// appOf makes an app and a backend that has its key.
func (p place) appOf(t *testing.T, addr addresses, id string) backend {
	t.Helper()
	var made struct{ Keys []struct{ Secret string } }
	unmarshal(t, must(t, "app", "create", id, "--config", p.config, "--json"), &made)
	return backend{t, "http://" + addr.HTTP + "/v1/" + id, made.Keys[0].Secret}
}

func (b backend) call(method, path, body string, out any) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+b.key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, answer, err)
	}
	if out != nil {
		unmarshal(b.T, string(answer), out)
	}
}

// list pages through a list as exporters do.
func (b backend) list(path string) []map[string]any {
	b.Helper()
	out, after := []map[string]any{}, ""
	for {
		var page struct{ Data []map[string]any }
		b.call("GET", path+"?limit=3&startingAfter="+url.QueryEscape(after), "", &page)
		out = append(out, page.Data...)
		if len(page.Data) < 3 {
			return out
		}
		after = page.Data[2]["id"].(string)
	}
}

// export writes everything into three files: an array each, and the messages as
// an array for every conversation.
func (b backend) export(dir string) (users, conversations []map[string]any, messages [][]map[string]any) {
	b.Helper()
	users, conversations = b.list("/users"), b.list("/conversations")
	for _, c := range conversations {
		messages = append(messages, b.list("/conversations/"+url.PathEscape(c["id"].(string))+"/messages"))
	}
	for name, v := range map[string]any{"users": users, "conversations": conversations, "messages": messages} {
		raw, err := json.Marshal(v)
		if err == nil && dir != "" {
			err = os.WriteFile(filepath.Join(dir, "app-"+name+".json"), raw, 0o600)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return users, conversations, messages
}

// populate makes what an app has after a while.
func (b backend) populate() {
	for i := range 7 {
		b.call("PUT", fmt.Sprintf("/users/u%d", i), fmt.Sprintf(`{"name":"User %d","email":["u%d@people.test"],"phone":["+331"],"role":"buyer","locale":"fr","photoUrl":"x","welcomeMessage":"Hi","availabilityText":"now","custom":{"n":"%d"},"pushTokens":{"fcm:%d":true}}`, i, i, i, i), nil)
	}
	b.call("PUT", "/users/agent%20%2F%201", `{"name":"Agent","kind":"agent","timeZone":"Europe/Paris","quietHours":{"from":"22:00","to":"07:00"}}`, nil)
	for i, c := range []string{"c1", "c%202%2F%C3%BC", "empty", "left"} {
		b.call("PUT", "/conversations/"+c, fmt.Sprintf(`{"subject":"Subject %d","participants":["u0","u1","agent / 1","stub"],"welcomeMessages":["a","b"],"custom":{"k":"%d"},"photoUrl":"p"}`, i, i), nil)
		b.call("PATCH", "/conversations/"+c+"/participants/u1", `{"access":"Read","notify":"MentionsOnly"}`, nil)
		b.call("PATCH", "/conversations/"+c+"/participants/stub", `{"notify":false}`, nil)
		if c == "empty" {
			continue
		}
		var last []struct{ ID string }
		for n := range 4 {
			b.call("POST", "/conversations/"+c+"/messages", fmt.Sprintf(`[{"text":"One %d 🙂","sender":"u0","type":"UserMessage","custom":{"a":"1"}},{"text":"Two","type":"SystemMessage"},{"text":"","sender":"agent / 1","type":"UserMessage","attachment":{"url":"https://files.test/x","name":"x","size":9}},{"location":[1.5,-2],"sender":"stub","type":"UserMessage"}]`, n), &last)
		}
		b.call("POST", "/conversations/"+c+"/messages", `[{"text":"Answer","sender":"u1","type":"UserMessage","referencedMessageId":"`+last[0].ID+`"}]`, nil)
		b.call("PUT", "/conversations/"+c+"/messages/"+last[0].ID, `{"text":"Edited"}`, nil)
		b.call("POST", "/conversations/"+c+"/readBy/u1", "", nil)
	}
	b.call("DELETE", "/conversations/left/participants/u0", "", nil)
}

// TestImportRoundTrip: what was exported and imported is shown as it was; a
// second time changes nothing, and nobody is told.
func TestImportRoundTrip(t *testing.T) {
	p := newPlace(t)
	addr, stop := p.serve(t)
	defer stop()
	from, to := p.appOf(t, addr, "from"), p.appOf(t, addr, "to")
	from.populate()
	dir := t.TempDir()
	users, conversations, messages := from.export(dir)

	var done importDone
	s := command("", "import", "to", dir, "--config", p.config, "--json")
	if s.code != 0 || !strings.Contains(s.err, "found 8 users, 4 conversations, 51 messages") || !strings.Contains(s.err, "51 of 51 messages") {
		t.Fatalf("exit %d\n%s%s", s.code, s.out, s.err)
	}
	unmarshal(t, s.out, &done)
	want := importDone{importCount{8, 0, 0}, importCount{4, 0, 0}, importCount{51, 0, 0}, []importNote{}, 0}
	if !reflect.DeepEqual(done, want) {
		t.Errorf("%+v, want %+v", done, want)
	}
	same(t, to, users, conversations, messages)

	again := command("", "import", "to", dir, "--config", p.config)
	if again.code != 0 || !strings.Contains(again.out, "messages      0 imported, 51 were here, 0 skipped") || !strings.Contains(again.out, "users         0 imported, 8 were here") {
		t.Errorf("exit %d\n%s%s", again.code, again.out, again.err)
	}
	same(t, to, users, conversations, messages)
	for _, path := range []string{"/events", "/notifications", "/deliveries"} {
		var list struct{ Data []any }
		to.call("GET", path, "", &list)
		if len(list.Data) != 0 {
			t.Errorf("%s has %v", path, list.Data)
		}
	}
	var list struct{ Data []struct{ IsUnread bool } }
	to.call("GET", "/users/u1/conversations", "", &list)
	for _, c := range list.Data {
		if c.IsUnread {
			t.Errorf("what was read is unread: %+v", list.Data)
		}
	}
	// The conversation goes on, and only what is new counts.
	to.call("POST", "/conversations/c1/messages", `[{"text":"New","sender":"u0","type":"UserMessage"}]`, nil)
	if got := to.list("/conversations/c1/messages"); got[0]["text"] != "New" || len(got) != 18 {
		t.Errorf("%d messages, the newest %v", len(got), got[0])
	}
}

// same compares all that GET shows; messages say that they were imported.
func same(t *testing.T, to backend, users, conversations []map[string]any, messages [][]map[string]any) {
	t.Helper()
	imported := func(m map[string]any) map[string]any {
		out := map[string]any{}
		for k, v := range m {
			out[k] = v
		}
		out["origin"] = "import"
		return out
	}
	byID := func(list []map[string]any) map[string]map[string]any {
		out := map[string]map[string]any{}
		for _, r := range list {
			if m, ok := r["lastMessage"].(map[string]any); ok {
				r["lastMessage"] = imported(m)
			}
			out[r["id"].(string)] = r
		}
		return out
	}
	gotUsers, gotConversations, gotMessages := to.export("")
	equal(t, "users", byID(gotUsers), byID(users))
	equal(t, "conversations", byID(gotConversations), byID(conversations))
	for i, c := range gotConversations { // of the same activity, so in the same order
		var want []map[string]any
		for j, w := range conversations {
			if w["id"] == c["id"] {
				for _, m := range messages[j] {
					want = append(want, imported(m))
				}
			}
		}
		if len(want) > 0 {
			equal(t, "messages of "+c["id"].(string), gotMessages[i], want)
		}
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	a, errA := json.MarshalIndent(got, "", " ")
	b, errB := json.MarshalIndent(want, "", " ")
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("%s:\n%s\nwant\n%s", what, a, b)
	}
}

// TestImportOfTalkJS: what TalkJS's own export has, oddities included; what cannot
// be taken is told, and keeps nothing else out. It works without a server.
func TestImportOfTalkJS(t *testing.T) {
	p := newPlace(t)
	must(t, "app", "create", "shop", "--config", p.config)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"users.jsonl": `{"id":"ann","name":"Ann","email":["ann@people.test","nonsense"],"role":null,"photoUrl":null,"headerPhotoUrl":"h","welcomeMessage":null,"availabilityText":null,"locale":null,"phone":null,"custom":{},"createdAt":1609459200123,"pushTokens":null}
{"id":"bob","name":"Bob","email":null,"createdAt":null,"custom":{"n":5}}
{"id":"carl","name":"Carl","email":"carl@people.test","createdAt":1e18}
{"id":7,"name":"Seven"}
`,
		"conversations.json": `{"data":[{"id":"c","subject":"S","topicId":"t","photoUrl":null,"welcomeMessages":null,"custom":{},"lastMessage":null,"participants":{"ann":{"access":"ReadWrite","notify":true},"carl":{"access":"Read","notify":false}},"createdAt":1609459300000},
{"id":"list","participants":["ann","carl"]},{"id":"bad","participants":{"ann":{"access":"Owner","notify":true}}}]}`,
		"messages.json": `[[
{"id":"msg_3","conversationId":"c","senderId":"gone","sender":null,"type":"UserMessage","origin":"web","text":"Third","readBy":["ann","gone"],"attachment":null,"location":null,"custom":{},"referencedMessageId":"msg_1","createdAt":1609459302000,"editedAt":1609459400000},
{"id":"msg_2","conversationId":"c","senderId":null,"type":"SystemMessage","text":"Second","readBy":[],"createdAt":1609459302000},
{"id":"msg_1","conversationId":"c","sender":{"id":"ann","name":"Ann"},"type":"UserMessage","text":null,"attachment":{"url":"https://x.test/a.png","size":12},"createdAt":1609459301000},
{"conversationId":"c","sender":"carl","text":"No id","timestamp":1609459300500},
{"id":"msg_x","conversationId":"c","type":"UserMessage","text":"Nobody's","createdAt":1609459301000},
{"id":"msg_y","conversationId":"c","senderId":"ann","type":"UserMessage","text":"Without a time"}],
[{"id":"msg_z","conversationId":"elsewhere","senderId":"ann","type":"UserMessage","text":"Lost","createdAt":1609459301000}], [{"unheard":"of"}]]`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, known := range []int{0, 1} {
		var done importDone
		unmarshal(t, command("", "import", "shop", dir, "--config", p.config, "--json").out, &done)
		n := func(made int) (c importCount) {
			c.Imported, c.Known = made*(1-known), made*known
			return c
		}
		want := importDone{Users: n(2), Conversations: n(2), Messages: n(4)}
		want.Users.Skipped, want.Conversations.Skipped, want.Messages.Skipped = 2, 1, 3
		got := done
		got.Notes, got.NoteCount = nil, 0
		if !reflect.DeepEqual(got, want) || done.NoteCount != len(done.Notes) {
			t.Errorf("%+v, want %+v", done, want)
		}
		var told []string
		for _, n := range done.Notes {
			told = append(told, fmt.Sprint(n.Kind, " ", n.ID, " ", n.Skipped, " ", n.Reason))
		}
		for _, want := range []string{
			`user ann false email: "nonsense"`, "user bob true custom: ", "user 7 true id: ", "conversation bad true access: ", "message msg_x true senderId: ",
			"message msg_y true createdAt: ", "message  true 1 messages: their conversation is neither", "other  true at octet",
		} {
			if !strings.Contains(strings.Join(told, "\n"), want) {
				t.Errorf("nothing says %q:\n%s", want, strings.Join(told, "\n"))
			}
		}
		if len(told) != 8 {
			t.Errorf("%d notes: %v", len(told), told)
		}
	}
	addr, stop := p.serve(t)
	defer stop()
	shop := backend{t, "http://" + addr.HTTP + "/v1/shop", newKey(t, p, "shop")}
	var ann, carl struct {
		Email     []string
		CreatedAt int64
	}
	shop.call("GET", "/users/ann", "", &ann)
	shop.call("GET", "/users/carl", "", &carl)
	if len(ann.Email) != 1 || ann.CreatedAt != 1609459200123 || carl.CreatedAt < 1609459200123 || carl.CreatedAt > 1e15 {
		t.Errorf("%+v %+v", ann, carl)
	}
	var c map[string]any
	shop.call("GET", "/conversations/c", "", &c)
	if fmt.Sprint(c["participants"]) != "map[ann:map[access:ReadWrite notify:true] carl:map[access:Read notify:false]]" || c["createdAt"] != 1609459300000.0 {
		t.Errorf("%v", c)
	}
	var texts []any
	for _, m := range shop.list("/conversations/c/messages") {
		texts = append(texts, m["text"], m["senderId"], m["readBy"], m["editedAt"])
	}
	if got, want := fmt.Sprint(texts), "[Third gone [ann] 1.6094594e+12 Second <nil> [] <nil>  ann [] <nil> No id carl [] <nil>]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func newKey(t *testing.T, p place, app string) string {
	t.Helper()
	var made struct{ Secret string }
	unmarshal(t, must(t, "app", "key", "create", app, "--config", p.config, "--json"), &made)
	return made.Secret
}

// TestImportFails: what is no export changes nothing; what was stopped says so.
func TestImportFails(t *testing.T) {
	p := newPlace(t)
	must(t, "app", "create", "shop", "--config", p.config)
	bad := filepath.Join(t.TempDir(), "x.json")
	if err := os.WriteFile(bad, []byte(`[{"id":"a","name":"A"},`), 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, 1, "x.json, at octet", "import", "shop", bad, "--config", p.config)
	fails(t, 1, "no such file", "import", "shop", bad+".none", "--config", p.config)
	fails(t, 1, "no file ends in", "import", "shop", t.TempDir(), "--config", p.config)
	if err := os.WriteFile(bad, []byte(`[{"id":"a","name":"A"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, 1, "there is no app", "import", "nosuchapp", bad, "--config", p.config)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, errs bytes.Buffer
	if code := run([]string{"import", "shop", bad, "--config", p.config}, &env{ctx, strings.NewReader(""), &out, &errs}); code != 1 || !strings.Contains(errs.String(), "run it again") {
		t.Errorf("stopped: exit %d, %s", code, errs.String())
	}
}

package export

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func open(t *testing.T, files map[string]string) *Export {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func (e *Export) shown(t *testing.T) string {
	t.Helper()
	ids := func(places []Place) (out []string) {
		for _, p := range places {
			raw, err := e.Record(p)
			if err != nil {
				t.Fatal(err)
			}
			var in struct{ ID string }
			if err := json.Unmarshal(raw, &in); err != nil {
				t.Fatal(err)
			}
			out = append(out, in.ID)
		}
		return out
	}
	s := fmt.Sprint("users ", ids(e.Users), " conversations ", ids(e.Conversations))
	if err := e.Histories(func(c string, messages []Place) error {
		s += fmt.Sprint(" ", c, " ", ids(messages))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	user = `{"id":"%s","name":"N","email":["a@x.test"],"custom":{"data":"x"}}`
	conv = `{"id":"%s","subject":null,"participants":{"u":{"access":"ReadWrite","notify":true}},"lastMessage":{"id":"no","conversationId":"no"}}`
	msg  = `{"id":"%s","conversationId":"%s","senderId":"u","text":"x","createdAt":%d}`
)

func u(id string) string               { return fmt.Sprintf(user, id) }
func c(id string) string               { return fmt.Sprintf(conv, id) }
func m(id, conv string, at int) string { return fmt.Sprintf(msg, id, conv, at) }
func array(parts ...string) string     { return "[" + strings.Join(parts, ",\n ") + "]" }
func lines(parts ...string) string     { return strings.Join(parts, "\n") + "\n" }
func page(name string, p ...string) string {
	return `{"next":null,"` + name + `":` + array(p...) + `,"n":1}`
}

// TestShapes: whatever the exporter wrote them in, the records are the same.
func TestShapes(t *testing.T) {
	const want = "users [a b] conversations [c1 c2] c1 [m1 m2 m3] c2 [n1]"
	newest := []string{m("m3", "c1", 3), m("m2", "c1", 2), m("m1", "c1", 2), m("n1", "c2", 9)}
	for name, files := range map[string]map[string]string{
		"arrays of arrays":  {"app-users.json": array(u("a"), u("b")), "app-conversations.json": array(c("c1"), c("c2")), "app-messages.json": array(array(newest[:3]...), array(newest[3]), array())},
		"one flat array":    {"x.json": array(append([]string{u("a"), u("b"), c("c1"), c("c2")}, newest...)...)},
		"lines":             {"users.jsonl": lines(u("a"), u("b")), "c.ndjson": lines(c("c1"), c("c2")), "m.jsonl": lines(newest...)},
		"pages":             {"a.json": page("data", u("a")), "b.json": page("data", u("b")), "c.json": page("data", c("c1")) + page("data", c("c2")), "d.json": page("data", newest[:2]...), "e.json": page("data", newest[2:]...)},
		"one object":        {"all.json": `{"users":` + array(u("a"), u("b")) + `,"conversations":` + array(c("c1"), c("c2")) + `,"messages":{"data":` + array(newest...) + `}}`},
		"messages inside":   {"all.json": array(u("a"), u("b"), strings.TrimSuffix(c("c1"), "}")+`,"messages":`+array(newest[:3]...)+`}`, strings.TrimSuffix(c("c2"), "}")+`,"messages":`+array(newest[3])+`}`)},
		"a byte-order mark": {"all.json": "\ufeff" + array(append([]string{u("a"), u("b"), c("c1"), c("c2")}, newest...)...)},
		"below":             {"users/1.json": u("a") + u("b"), "conversations/c1/x.json": c("c1"), "conversations/c2/x.json": c("c2"), "messages/1.json": array(newest...), "read me.txt": "no JSON"},
		"the oldest first":  {"all.json": array(u("a"), u("b"), c("c1"), c("c2"), m("m1", "c1", 2), m("m2", "c1", 2), m("m3", "c1", 3), m("n1", "c2", 9))},
	} {
		e := open(t, files)
		if got := e.shown(t); got != want || e.OddCount != 0 || e.Messages() != 4 {
			t.Errorf("%s: %s, odd %v", name, got, e.Odd)
		}
	}
}

// TestRecordIsWhole: it is what stands in the file but for the lists inside.
func TestRecordIsWhole(t *testing.T) {
	e := open(t, map[string]string{"x.json": array(`{ "id" : "c\u00e9", "subject":"a \ud83d\ude42", "participants":[], "messages":[` + m("1", "c", 1) + `], "lastMessage":{} }`)})
	raw, err := e.Record(e.Conversations[0])
	if want := `{"id":"c\u00e9","participants":[],"subject":"a \ud83d\ude42"}`; err != nil || string(raw) != want {
		t.Errorf("%s, %v, want %s", raw, err, want)
	}
}

// TestOdd: what is no record is told of, and keeps nothing else out.
func TestOdd(t *testing.T) {
	e := open(t, map[string]string{"x.json": array(u("a"), `{"a":1}`, `5`, `null`, `"x"`, `{"id":"m","conversationId":7}`, `{}`, u("b"),
		`{"id":"big","name":"`+strings.Repeat("x", MaxRecord)+`"}`)})
	if got := e.shown(t); got != "users [a b] conversations []" || e.OddCount != 4 || len(e.Odd) != 4 {
		t.Errorf("%s, odd %+v", got, e.Odd)
	}
	for i, want := range []string{"neither", "conversationId", "neither", "octets"} {
		if !strings.Contains(e.Odd[i].Reason, want) || !strings.HasSuffix(e.Odd[i].File, "x.json") {
			t.Errorf("%+v, want %q", e.Odd[i], want)
		}
	}
}

// TestBroken: a file that is no JSON, or not whole, is told with its place.
func TestBroken(t *testing.T) {
	for text, want := range map[string]string{
		"[" + u("a") + ",": "at octet 66", "{": "unexpected EOF", `{"id":`: "unexpected EOF", "[[" + u("a"): "unexpected EOF", "nonsense": "invalid character",
		`{"id":"a","name":"N"} x`: "invalid character", "[1 2]": "invalid character", strings.Repeat("[", 40): "too deep", strings.Repeat(`{"data":`, 40): "too deep",
	} {
		path := filepath.Join(t.TempDir(), "x.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "x.json") {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
		if err == nil {
			e.Close()
		}
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := Open(path); err == nil {
			t.Errorf("%s is taken for an export", path)
		}
	}
}

// FuzzRead: whatever stands in a file, every record that is found can be read.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "[]", u("a"), array(u("a"), c("c"), m("m", "c", 1)), page("data", u("a")), "{", `{"data":{"data":[1]}}`, "\ufeff[]", `{"id":1,"name":2}`, `{"conversationId":"a","createdAt":1e300}`} {
		f.Add([]byte(s))
	}
	path := filepath.Join(f.TempDir(), "x.json")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := Open(path)
		if err != nil {
			return
		}
		defer e.Close()
		n := 0
		if err := e.Histories(func(_ string, messages []Place) error {
			n += len(messages)
			for _, p := range messages {
				if _, err := e.Record(p); err != nil {
					return err
				}
			}
			return nil
		}); err != nil || n != e.Messages() {
			t.Errorf("%d of %d messages, %v", n, e.Messages(), err)
		}
		for _, p := range append(e.Users, e.Conversations...) {
			if _, err := e.Record(p); err != nil {
				t.Error(err)
			}
		}
	})
}

package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// object is a JSON object.
type object = map[string]any

// schemas checks values against the schemas of an OpenAPI document, strictly: a
// key that a schema does not name is an error, and so is a keyword that is not
// understood here.
type schemas struct {
	components object
	wrong      []string
}

func (s *schemas) errorf(at, format string, args ...any) {
	s.wrong = append(s.wrong, at+": "+fmt.Sprintf(format, args...))
}

var understood = []string{
	"type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "$ref", "description", "minItems", "maxItems",
	"minimum", "maximum", "exclusiveMinimum", "maxLength", "maxProperties", "default", "contentMediaType",
}

func (s *schemas) check(at string, schema object, v any) {
	for k := range schema {
		if !slices.Contains(understood, k) {
			s.errorf(at, "the schema has a keyword %q", k)
		}
	}
	if ref, ok := schema["$ref"].(string); ok {
		target, found := s.components[strings.TrimPrefix(ref, "#/components/schemas/")].(object)
		if !found {
			s.errorf(at, "there is no %s", ref)
			return
		}
		s.check(at, target, v)
		return
	}
	if any, ok := schema["anyOf"].([]any); ok {
		var all []string
		for _, one := range any {
			sub := schemas{components: s.components}
			if sub.check(at, one.(object), v); len(sub.wrong) == 0 {
				return
			}
			all = append(all, sub.wrong...)
		}
		s.errorf(at, "none of %d fits: %s", len(any), strings.Join(all, "; "))
		return
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, v) {
		s.errorf(at, "%v is none of %v", v, enum)
	}
	if !s.hasType(schema["type"], v) {
		s.errorf(at, "%T %.60v is no %v", v, v, schema["type"])
		return
	}
	s.bounds(at, schema, v)
	switch v := v.(type) {
	case object:
		s.object(at, schema, v)
	case []any:
		if items, ok := schema["items"].(object); ok {
			for i, e := range v {
				s.check(fmt.Sprintf("%s[%d]", at, i), items, e)
			}
		}
	}
}

func (s *schemas) hasType(types, v any) bool {
	if types == nil {
		return true
	}
	list, ok := types.([]any)
	if !ok {
		list = []any{types}
	}
	is := ""
	switch v := v.(type) {
	case nil:
		is = "null"
	case bool:
		is = "boolean"
	case string:
		is = "string"
	case float64:
		if is = "number"; v == math.Trunc(v) && slices.Contains(list, any("integer")) {
			is = "integer"
		}
	case []any:
		is = "array"
	case object:
		is = "object"
	}
	return slices.Contains(list, any(is))
}

func (s *schemas) bounds(at string, schema object, v any) {
	size, sized := 0.0, true
	switch v := v.(type) {
	case float64:
		size = v
	case []any:
		size = float64(len(v))
	case string:
		size = float64(len(v))
	case object:
		size = float64(len(v))
	default:
		sized = false
	}
	for k, out := range map[string]func(float64) bool{
		"minItems": func(n float64) bool { return size < n }, "minimum": func(n float64) bool { return size < n },
		"exclusiveMinimum": func(n float64) bool { return size <= n }, "maximum": func(n float64) bool { return size > n },
		"maxItems": func(n float64) bool { return size > n }, "maxLength": func(n float64) bool { return size > n }, "maxProperties": func(n float64) bool { return size > n },
	} {
		if n, ok := schema[k].(float64); ok && sized && out(n) {
			s.errorf(at, "%v is beyond %s %v", size, k, n)
		}
	}
}

func (s *schemas) object(at string, schema, v object) {
	props, _ := schema["properties"].(object)
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, there := v[name.(string)]; !there {
			s.errorf(at, "%s is missing", name)
		}
	}
	others, open := schema["additionalProperties"].(object)
	for name, e := range v {
		switch p, known := props[name].(object); {
		case known:
			s.check(at+"."+name, p, e)
		case open:
			s.check(at+"."+name, others, e)
		case props != nil:
			s.errorf(at, "%s is in no schema", name)
		}
	}
}

// apiDocument is the served document.
type apiDocument struct {
	OpenAPI    string
	Paths      map[string]object
	Components struct{ Schemas, Responses, Parameters object }
}

func loadDocument(t *testing.T) apiDocument {
	t.Helper()
	var d apiDocument
	if err := json.Unmarshal([]byte(openapi), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// documented is one operation of the document.
type documented struct {
	method, path string // path with {names}
	params       []any
	op           object
}

func (d apiDocument) operations() []documented {
	var out []documented
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		item := d.Paths[path]
		shared, _ := item["parameters"].([]any)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			if op, ok := item[method].(object); ok {
				own, _ := op["parameters"].([]any)
				out = append(out, documented{strings.ToUpper(method), path, append(slices.Clone(shared), own...), op})
			}
		}
	}
	return out
}

// pattern is the path as the table of routes writes it.
func (o documented) pattern() string {
	var parts []string
	for _, p := range strings.Split(strings.Trim(o.path, "/"), "/") {
		if strings.HasPrefix(p, "{") {
			p = "*"
		}
		parts = append(parts, p)
	}
	return strings.Join(parts, "/")
}

// dig follows keys.
func dig(v any, keys ...string) any {
	for _, k := range keys {
		o, _ := v.(object)
		v = o[k]
	}
	return v
}

// TestDocumentIsServed without a key, and not to other methods.
func TestDocumentIsServed(t *testing.T) {
	l := newLab(t)
	a := l.raw("GET", "/v1/openapi.json", "", "").is(200)
	var d, e any
	a.into(&d)
	if json.Unmarshal([]byte(openapi), &e) != nil || fmt.Sprint(d) != fmt.Sprint(e) {
		t.Error("another document is served")
	}
	l.raw("GET", "/v1/openapi.json/", "", "").is(200)
	l.raw("HEAD", "/v1/openapi.json", "", "").is(200)
	l.raw("PUT", "/v1/openapi.json", "", "").is(401)
	l.raw("GET", "/v1/openapi.json/users", "", "").is(401)
}

// TestDocumentIsComplete: every route is in the document with its scope, and
// nothing else; every part is described; every example is what it stands for.
func TestDocumentIsComplete(t *testing.T) {
	d := loadDocument(t)
	if !strings.HasPrefix(d.OpenAPI, "3.1.") {
		t.Errorf("OpenAPI %s", d.OpenAPI)
	}
	routes, names := map[string]bool{}, map[string]bool{}
	for _, r := range table() {
		routes[r.method+" "+strings.Join(r.path, "/")] = true
	}
	example := func(at string, media any) {
		t.Helper()
		ex, given := media.(object)["example"]
		schema, _ := dig(media, "schema").(object)
		if !given || schema == nil {
			t.Errorf("%s has no example or no schema", at)
			return
		}
		s := schemas{components: d.Components.Schemas}
		if s.check(at, schema, ex); len(s.wrong) > 0 {
			t.Error(strings.Join(s.wrong, "\n"))
		}
	}
	for _, o := range d.operations() {
		name := o.method + " " + o.pattern()
		if !routes[name] {
			t.Errorf("%s is no route", name)
		}
		delete(routes, name)
		if id, _ := o.op["operationId"].(string); id == "" || names[id] {
			t.Errorf("%s: the operationId is %q", name, id)
		} else {
			names[id] = true
		}
		if got := o.op["x-scope"]; got != scopes[name] {
			t.Errorf("%s: scope %v, want %s", name, got, scopes[name])
		}
		if s, _ := o.op["summary"].(string); s == "" {
			t.Errorf("%s has no summary", name)
		}
		example(name+" answers", dig(o.op, "responses", "200", "content", "application/json"))
		if body := dig(o.op, "requestBody", "content", "application/json"); body != nil {
			example(name+" takes", body)
		}
		for _, code := range []string{"400", "401", "404", "429", "500"} {
			if dig(o.op, "responses", code) == nil {
				t.Errorf("%s says nothing of %s", name, code)
			}
		}
		in := 0
		for _, p := range o.params {
			if dig(p, "in") == "path" {
				in++
				if !strings.Contains(o.path, "{"+dig(p, "name").(string)+"}") {
					t.Errorf("%s: %v is not in the path", name, p)
				}
			}
		}
		if in != strings.Count(o.path, "{") {
			t.Errorf("%s: %d parameters of the path", name, in)
		}
	}
	for r := range routes {
		t.Errorf("%s is not in the document", r)
	}
	for code, r := range d.Components.Responses {
		example("response "+code, dig(r, "content", "application/json"))
	}
}

// furnish puts one of everything into the shop and returns what stands for the
// parameters of paths.
func (l *lab) furnish() map[string]string {
	l.Helper()
	l.populate()
	l.server.Renderer, l.server.Parser, l.server.Asker = shower{}, reader{}, oracle{}
	l.keep("dlv_9", "bob@people.test", false)
	l.do("PUT", "/endpoints/main", `{"url":"https://chat.example.com/hooks"}`).is(200)
	message := l.say("Shall we send the green one?")
	l.do("POST", "/conversations/c1/messages", `[{"text":"","sender":"bob","location":[1.5,2],"attachment":{"url":"https://x.test/a"},"referencedMessageId":"`+message+`"},{"text":"Shipped","type":"SystemMessage"}]`).is(200)
	l.do("PUT", "/users/eve", `{"kind":"agent","timeZone":"Europe/Paris","quietHours":{"from":"22:00","to":"07:00"},"pushTokens":{"fcm:1":true},"phone":"1","photoUrl":"x"}`).is(200)
	l.do("PUT", "/departments/sales", `{"name":"Sales","agents":["eve"]}`).is(200)
	l.do("PUT", "/conversations/c7", `{"participants":["bob"],"department":"sales","assignee":"eve","humanTakeover":true,"muted":true}`).is(200)
	l.do("PUT", "/suppressions/bob@people.test", "").is(200)
	l.do("PUT", "/users/ann/presence", `{"selectedConversationId":"c1"}`).is(200)
	l.do("PUT", "/users/bob/presence", `{"hasFocus":false}`).is(200)
	var key struct{ ID string }
	l.do("POST", "/keys", `{"scope":"read"}`).is(200).into(&key)
	now := time.Now()
	l.update(func(tx store.Tx) error {
		for i, id := range []gateway.ReplyID{"rpl_1", "rpl_2", "rpl_3"} {
			r := gateway.Reply{
				ID: id, Conversation: "c1", Participant: "bob", State: gateway.ReplyHeld, Reason: gateway.ReasonUnauthentic, ReceivedAt: now, UpdatedAt: now,
				From: gateway.Address{LocalPart: "bob", Domain: "people.test"}, MessageID: string(id) + "@x.test", Digest: string(id), Size: 5,
				Content: &gateway.ReplyContent{Text: "Words", Method: "sent", Confidence: "high"}, Verdicts: gateway.Verdicts{SPF: gateway.VerdictPass, SPFDomain: "x.test", Policy: "none"},
			}
			d := gateway.Delivery{
				ID: gateway.DeliveryID(fmt.Sprint("dlv_", i)), Notification: "ntf_0", Recipient: "bob", State: gateway.DeliverySent, Conversation: "c1", CreatedAt: now,
				Attempts: []gateway.Attempt{{At: now, Hop: "mx.x.test:25", Status: gateway.Status{Code: 250, Text: "queued"}, TLS: "TLS 1.3"}},
			}
			n := gateway.Notification{ID: gateway.NotificationID(fmt.Sprint("ntf_", i)), Recipient: "bob", Conversation: "c1", State: gateway.NotificationSkipped, Reason: gateway.ReasonRead}
			err := errors.Join(store.PutReply(tx, "shop", r), store.AddDelivery(tx, "shop", d),
				store.Decisions.Put(tx, store.AppKey("shop").String(string(n.ID)), n))
			if err != nil {
				return err
			}
		}
		return nil
	})
	l.do("GET", "/conversations/c1/participants/bob/email", "").is(200)
	var events struct{ Data []struct{ ID string } }
	l.do("GET", "/events", "").is(200).into(&events)
	return map[string]string{
		"userId": "bob", "conversationId": "c1", "messageId": message, "keyId": key.ID, "departmentId": "sales", "role": "default",
		"endpointId": "main", "eventId": events.Data[0].ID, "replyId": "rpl_1", "mailId": "dlv_9", "address": "bob@people.test",
	}
}

// inOrder are the operations with those that take things away last, what lies
// within others before these.
func inOrder(ops []documented) []documented {
	rank := func(o documented) int {
		if o.method != "DELETE" {
			return 0
		}
		return 100 - len(strings.Split(o.path, "/"))
	}
	slices.SortStableFunc(ops, func(a, b documented) int { return rank(a) - rank(b) })
	return ops
}

// TestAnswersFitTheDocument calls every operation with its own example and holds
// the real answer against the schema; so for errors.
func TestAnswersFitTheDocument(t *testing.T) {
	l := newLab(t)
	stands := l.furnish()
	d := loadDocument(t)
	called := 0
	for _, o := range inOrder(d.operations()) {
		name, path := o.method+" "+o.path, o.path
		for param, value := range stands {
			path = strings.ReplaceAll(path, "{"+param+"}", value)
		}
		if strings.HasSuffix(path, "/reject") {
			path = strings.ReplaceAll(path, "rpl_1", "rpl_2")
		}
		body := ""
		if ex := dig(o.op, "requestBody", "content", "application/json", "example"); ex != nil {
			b, err := json.Marshal(ex)
			l.ok(err)
			body = string(b)
		} else if dig(o.op, "requestBody") != nil {
			body = "a file"
		}
		for _, p := range o.params {
			if ref, ok := dig(p, "$ref").(string); ok && dig(d.Components.Parameters, strings.TrimPrefix(ref, "#/components/parameters/")) == nil {
				t.Errorf("%s: there is no %s", name, ref)
			}
		}
		a := l.do(o.method, path, body)
		if a.status != 200 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
			continue
		}
		called++
		l.fits(d, name, dig(o.op, "responses", "200", "content", "application/json", "schema").(object), a)
		l.fits(d, name, d.Components.Schemas["Problem"].(object), l.raw(o.method, "/v1/shop"+path, "wrong", body).is(401))
	}
	t.Logf("%d operations", called)
}

func (l *lab) fits(d apiDocument, name string, schema object, a answer) {
	l.Helper()
	var v any
	a.into(&v)
	s := schemas{components: d.Components.Schemas}
	if s.check(name, schema, v); len(s.wrong) > 0 {
		l.Errorf("%s\nin %s", strings.Join(s.wrong, "\n"), a.body)
	}
}

package api

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestBatch: each operation succeeds or fails by itself, answers as it would
// alone, and is known by its number.
func TestBatch(t *testing.T) {
	l := newLab(t).populate()
	a := l.do("POST", "/batch", `[
		[1, "GET", "/users/ann"],
		[2, "GET", "/users/ann/conversations", {"limit": "30", "unreadsOnly": "true", "lastMessageAfter": 17100697559480}],
		[3.5, "POST", "/conversations/c1/messages", [{"text": "System", "type": "SystemMessage"}]],
		[4, "put", "users/carl", {"name": "Carl"}, {"api_version": "2021-01-01"}],
		[5, "GET", "/non/existing/endpoint"],
		[-6, "PUT", "/users/dora", {"email": "bad"}],
		[7, "DELETE", "/conversations/none"],
		[7, "GET", "/users/with%20space%2Fslash/"],
		[8, "GET", "/users/nobody/conversations", {}, {"api_version": "2021-07-30"}],
		[9, "GET", "/conversations?limit=1", {"filter": {"custom": {"k": "v"}}, "startingAfter": null}]
	]`).is(200)
	var out []struct {
		number float64
		status int
		body   string
	}
	var raw [][3]json.RawMessage
	a.into(&raw)
	for _, r := range raw {
		var o struct {
			number float64
			status int
			body   string
		}
		for i, v := range []any{&o.number, &o.status, &o.body} {
			if err := json.Unmarshal(r[i], v); err != nil {
				t.Fatalf("%s: %v", r[i], err)
			}
		}
		out = append(out, o)
	}
	for i, want := range []struct {
		number float64
		status int
		body   string
	}{
		{1, 200, l.do("GET", "/users/ann", "").body}, {2, 200, `{"data":[]}`}, {3.5, 200, `[{"id":"msg_`}, {4, 200, "{}"}, {5, 404, `"errorCode":"NOT_FOUND"`},
		{-6, 400, `"email[0]":[`}, {7, 404, "conversation"}, {7, 404, "with space/slash"}, {8, 200, `{"data":[]}`}, {9, 200, `{"data":[]}`},
	} {
		if got := out[i]; got.number != want.number || got.status != want.status || !strings.Contains(got.body, want.body) {
			t.Errorf("operation %d: %+v, want %+v", i, got, want)
		}
	}
	l.do("GET", "/users/carl", "").has(`"name":"Carl"`)
	l.do("GET", "/users/dora", "").is(404)
	l.do("POST", "/batch", "[]").is(200, "[]")
	l.do("POST", "/batch", `[[1,"GET",""],[2,"GET","/"]]`).is(200).has(`[1,200,`, `[2,200,`, `\"id\":\"shop\"`)
	// A whole call may have a version that its operations inherit.
	l.do("POST", "/batch", `[[1,"GET","/users/nobody/conversations"]]`, "TalkJS-REST-Version", "2021-07-30").has("[1,200,")
	l.do("POST", "/batch", `[[1,"GET","/users/nobody/conversations"]]`).has("[1,404,")
	// An idempotency key of the whole is not that of its operations.
	say := `[[1,"POST","/conversations/c1/messages",[{"text":"a","sender":"ann","type":"UserMessage"}]],[2,"POST","/conversations/c1/messages",[{"text":"b","sender":"ann","type":"UserMessage"}]]]`
	l.do("POST", "/batch", say, "Idempotency-Key", "k").has("[1,200,", "[2,200,")
}

// TestBatchRefused: a batch that is none does nothing.
func TestBatchRefused(t *testing.T) {
	l := newLab(t)
	put := `[1,"PUT","/users/u",{"name":"N"}]`
	for body, field := range map[string]string{
		`{}`: "operations", `"x"`: "operations", "": "operations",
		"[" + strings.Repeat(put+",", 10) + put + "]": "operations",
		"[" + put + `,[]]`:                            "[1]",
		"[" + put + `,[2,"GET"]]`:                     "[1]",
		"[" + put + `,["2","GET","/users"]]`:          "[1]",
		"[" + put + `,[null,"GET","/users"]]`:         "[1]",
		"[" + put + `,[2,5,"/users"]]`:                "[1]",
		"[" + put + `,[2,"GET",5]]`:                   "[1]",
		"[" + put + `,[2,"GET","/users",{},5]]`:       "[1]",
		"[" + put + `,[2,"GET","/users",{},{},{}]]`:   "[1]",
		"[" + put + `,{"number":2}]`:                  "[1]",
	} {
		l.do("POST", "/batch", body).wrong(field)
	}
	l.do("GET", "/users/u", "").is(404)
	l.do("POST", "/batch", `[[1,"POST","/batch",[]],[2,"GET","/users",5],[3,"GET","/users?%zz"],[4,"GET","/%zz"],[5,"GET","/events",{"limit":"1"}]]`).
		is(200).has("[1,404,", "[2,400,", "[3,400,", "[4,404,", "[5,200,")
}

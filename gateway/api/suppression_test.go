package api

import (
	"slices"
	"testing"
)

// TestSuppressions: what ends mail to an address, and what lifts it.
func TestSuppressions(t *testing.T) {
	l := newLab(t)
	l.do("GET", "/suppressions/ann@people.test", "").is(404)
	l.do("DELETE", "/suppressions/ann@people.test", "").is(404)
	l.do("PUT", "/suppressions/Ann@People.test", `{"detail":"asked by phone"}`).is(200, "{}")
	l.do("PUT", "/suppressions/ann@people.test", "").is(200, "{}") // it stands already
	l.do("GET", "/suppressions/ann%40people.test", "").is(200).has(`"reason":"suppressed"`, `"kind":"api"`, `"detail":"asked by phone"`, `"unsubscribedAt":null`, `"sentence":"`)
	l.do("PUT", "/suppressions/bob@people.test", `{"reason":"unsubscribed"}`).is(200)
	l.do("PUT", "/suppressions/bob@people.test", `{"reason":"suppressed"}`).is(200)
	if a := l.do("GET", "/suppressions/bob@people.test", "").is(200).has(`"reason":"suppressed"`); a.has(`"unsubscribedAt":1`).status != 200 {
		t.Error(a.body)
	}
	var list struct{ Data []struct{ Address string } }
	l.do("GET", "/suppressions", "").is(200).into(&list)
	var got []string
	for _, s := range list.Data {
		got = append(got, s.Address)
	}
	if !slices.Equal(got, []string{"Ann@people.test", "bob@people.test"}) && !slices.Equal(got, []string{"ann@people.test", "bob@people.test"}) {
		t.Errorf("listed %v", got)
	}
	l.do("GET", "/suppressions?limit=1&startingAfter="+got[0], "").is(200).has("bob@people.test")
	// Lifting never undoes an unsubscribing; that takes another call.
	l.do("DELETE", "/suppressions/bob@people.test", "").is(200, "{}")
	l.do("GET", "/suppressions/bob@people.test", "").is(200).has(`"reason":"unsubscribed"`)
	l.do("DELETE", "/suppressions/bob@people.test", "").is(200)
	l.do("GET", "/suppressions/bob@people.test", "").is(404)
	l.do("GET", "/events?limit=100", "").has("address.suppressed", "address.unsubscribed", "address.resubscribed")
	for body, field := range map[string]string{`{"reason":"bounced"}`: "reason", `{"reason":5}`: "reason", `{"detail":{}}`: "detail"} {
		l.do("PUT", "/suppressions/x@people.test", body).wrong(field)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		l.do(method, "/suppressions/nonsense", "").wrong("address")
	}
	l.do("GET", "/suppressions?startingAfter=nonsense", "").wrong("startingAfter")
	if a := l.raw("GET", "/v1/club/suppressions", l.other, "").is(200, `{"data":[]}`); a.status != 200 {
		t.Error("another app sees it")
	}
}

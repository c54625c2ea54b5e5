package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// apart reads a mail of one line: its subject.
type apart struct{}

func (apart) ReadMail(raw []byte) (ReadMail, error) {
	if strings.Contains(string(raw), "broken") {
		return ReadMail{}, errors.New("broken")
	}
	reply := "r@reply.example.com"
	return ReadMail{From: "Ann <n@reply.example.com>", To: []string{}, ReplyTo: &reply, Subject: string(raw), Links: []string{}, Headers: map[string][]string{}, Attachments: []ParsedAttachment{}}, nil
}

// keep puts a mail of the shop into the mailbox.
func (l *lab) keep(id gateway.DeliveryID, to string, test bool) {
	l.Helper()
	a, err := gateway.ParseAddress(to)
	l.ok(err)
	m := store.KeptMail{Delivery: id, Notification: "ntf_1", Conversation: "c1", Recipient: "bob", To: a, Test: test, At: time.Now()}
	l.ok(l.server.Mailbox.Mails.Keep(l.Context(), "shop", m, []byte("mail "+id)))
}

// TestMails: listed, found, read as they are, dropped; only the app's own.
func TestMails(t *testing.T) {
	l := newLab(t)
	for i := range 12 {
		l.keep(gateway.DeliveryID(fmt.Sprintf("dlv_%02d", i)), []string{"bob@people.test", "Eve@People.test"}[i%2], i%2 == 1)
	}
	var page struct{ Data []ShownMail }
	ids := func(a answer) string {
		t.Helper()
		page.Data = nil
		a.is(200).into(&page)
		var out []string
		for _, m := range page.Data {
			out = append(out, strings.TrimPrefix(string(m.ID), "dlv_"))
		}
		return strings.Join(out, " ")
	}
	for query, want := range map[string]string{
		"":                                         "11 10 09 08 07 06 05 04 03 02",
		"?startingAfter=dlv_02":                    "01 00",
		"?limit=2":                                 "11 10",
		"?to=eve@people.test":                      "11 09 07 05 03 01",
		"?to=EVE@people.test&limit=1&wait=30":      "11",
		"?to=nobody@people.test":                   "",
		"?to=nobody@people.test&wait=0.01":         "",
		"?to=undefined&wait=null&limit=1":          "11",
		"?to=bob@people.test&limit=100":            "10 08 06 04 02 00",
		"?to=bob@people.test&startingAfter=dlv_01": "00",
	} {
		if got := ids(l.do("GET", "/mails"+query, "")); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	l.do("GET", "/mails?to=bob", "").wrong("to")
	l.do("GET", "/mails?limit=0", "").wrong("limit")
	l.do("GET", "/mails?wait=61", "").wrong("wait")
	l.do("GET", "/mails/dlv_03", "").is(200).has(`"test":true`, `"subject":"mail dlv_03"`, `"envelope":{"from":"","to":"Eve@people.test"}`, `"notificationId":"ntf_1"`)
	l.do("GET", "/mails/dlv_03/raw", "").is(200, `{"raw":"mail dlv_03"}`)
	l.do("GET", "/mails/dlv_99", "").is(404)
	l.do("GET", "/mails/dlv_99/raw", "").is(404)
	if got := ids(l.raw("GET", "/v1/club/mails", l.other, "")); got != "" {
		t.Errorf("another app sees %s", got)
	}
	l.raw("DELETE", "/v1/club/mails", l.other, "").is(200, `{"deleted":0}`)
	l.do("DELETE", "/mails", "").is(200, `{"deleted":12}`)
	l.do("GET", "/mails", "").is(200, `{"data":[]}`)
}

// TestMailWaits: a call that waits is answered by the mail it waits for, and by
// nobody else's; so is one when the server stops.
func TestMailWaits(t *testing.T) {
	l := newLab(t)
	l.keep("dlv_1", "eve@people.test", false)
	got := make(chan answer, 1)
	go func() { got <- l.do("GET", "/mails?to=bob@people.test&wait=60", "") }()
	l.keep("dlv_2", "eve@people.test", false)
	l.keep("dlv_3", "bob@people.test", false)
	(<-got).is(200).has(`"id":"dlv_3"`)
	go func() { got <- l.do("GET", "/mails?to=ann@people.test&wait=60", "") }()
	close(l.stopping)
	(<-got).is(200, `{"data":[]}`)
}

// TestOpenMailbox asks for no key, shows one app, and the mail as it is.
func TestOpenMailbox(t *testing.T) {
	l := newLab(t)
	l.keep("dlv_1", "bob@people.test", false)
	h := l.server.OpenMailbox("shop")
	call := func(method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		return w
	}
	if w := call("GET", "/mails/dlv_1/raw"); w.Body.String() != "mail dlv_1" || w.Header().Get("Content-Type") != "message/rfc822" {
		t.Errorf("raw: %v %s", w.Header(), w.Body)
	}
	for target, status := range map[string]int{
		"GET /mails": 200, "GET /mails?to=bob@people.test&wait=5": 200, "GET /mails/dlv_1": 200, "GET /mails/dlv_2": 404, "GET /mails/dlv_2/raw": 404,
		"GET /mails?limit=x": 400, "GET /users": 404, "POST /mails": 404, "GET /": 404, "HEAD /mails": 200,
	} {
		method, path, _ := strings.Cut(target, " ")
		if w := call(method, path); w.Code != status || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %v %s", target, w.Code, w.Header(), w.Body)
		}
	}
	if w := call("DELETE", "/mails"); w.Code != http.StatusOK || w.Body.String() != `{"deleted":1}` {
		t.Errorf("DELETE: %d %s", w.Code, w.Body)
	}
}

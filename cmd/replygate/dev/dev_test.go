package dev

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// up is a gateway that is up.
type up struct {
	*testing.T
	facts
	first []string // the lines it printed
	stop  func()
}

// start runs dev until the test ends or stop is called.
func start(t *testing.T, o Options) *up {
	t.Helper()
	if o.App == "" {
		o.App = "demo"
	}
	o.HTTP, o.SMTP, o.JSON = "127.0.0.1:0", "127.0.0.1:0", true
	delay := 50 * time.Millisecond
	if o.Delay == nil {
		o.Delay = &delay
	}
	ctx, cancel := context.WithCancel(context.Background())
	said, out := io.Pipe()
	var errs bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		err := Run(ctx, o, out, &errs)
		out.Close()
		ended <- err
	}()
	u := &up{T: t}
	u.stop = func() {
		cancel()
		if err, running := <-ended; running && err != nil {
			t.Errorf("it ended with %v", err)
		}
		close(ended)
		u.stop = func() {}
	}
	t.Cleanup(func() {
		u.stop()
		if t.Failed() {
			t.Logf("it said:\n%s", errs.String())
		}
	})
	lines := bufio.NewScanner(said)
	for len(u.first) < 2 && lines.Scan() {
		u.first = append(u.first, lines.Text())
	}
	if len(u.first) != 2 || u.first[1] != "ready" || json.Unmarshal([]byte(u.first[0]), &u.facts) != nil {
		t.Fatalf("it printed %q", u.first)
	}
	return u
}

// call makes a call and reads the answer into out, which may be nil.
func (u *up) call(method, target, body string, out any, head ...string) (status int, answer string) {
	u.Helper()
	req, err := http.NewRequestWithContext(u.Context(), method, target, strings.NewReader(body))
	u.ok(err)
	for i := 0; i+1 < len(head); i += 2 {
		if req.Header.Set(head[i], head[i+1]); head[i] == "Host" {
			req.Host = head[i+1]
		}
	}
	resp, err := http.DefaultClient.Do(req)
	u.ok(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	u.ok(err)
	if out != nil {
		u.ok(json.Unmarshal(b, out))
	}
	return resp.StatusCode, string(b)
}

// api makes a call of the app that succeeds.
func (u *up) api(method, path, body string) string {
	u.Helper()
	status, answer := u.call(method, u.API+path, body, nil, "Authorization", "Bearer "+u.Key)
	if status != http.StatusOK {
		u.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	return answer
}

func (u *up) ok(err error) {
	u.Helper()
	if err != nil {
		u.Fatal(err)
	}
}

// converse makes Ann and Bob, and has Ann write.
func (u *up) converse() {
	u.Helper()
	u.api("PUT", "/users", `{"ann": {"name": "Ann", "email": "ann@people.example"}, "bob": {"name": "Bob", "email": "bob@people.example"}}`)
	u.api("PUT", "/conversations/c1", `{"subject": "Order 1047", "participants": ["ann", "bob"]}`)
	u.api("POST", "/conversations/c1/messages", `[{"type": "UserMessage", "sender": "ann", "text": "Shall we send the green one?"}]`)
}

type mail struct {
	ID, Subject, ReplyTo, Text, HTML, MessageID string
	Links                                       []string
	Headers                                     map[string][]string
}

// wait returns the newest mail to an address, once there is one.
func (u *up) wait(to string) mail {
	u.Helper()
	var page struct{ Data []mail }
	u.call("GET", u.Mails+"?wait=60&to="+to, "", &page)
	if len(page.Data) == 0 {
		u.Fatalf("no mail to %s", to)
	}
	return page.Data[0]
}

// reply answers a mail by SMTP and returns what the server said against it.
func (u *up) reply(m mail, from, words string) error {
	body := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: Re: %s\r\nMessage-ID: <%d@people.example>\r\nIn-Reply-To: <%s>\r\n\r\n%s\r\n", from, m.ReplyTo, m.Subject, time.Now().UnixNano(), m.MessageID, words)
	return smtp.SendMail(u.SMTP, nil, from, []string{m.ReplyTo}, []byte(body))
}

// TestLoop: the calls of the first hour; the mail stays here, the answer is
// believed and posted, what is set in DNS holds at once.
func TestLoop(t *testing.T) {
	told := make(chan string, 64)
	hooks := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		told <- string(b)
	}))
	t.Cleanup(hooks.Close)
	u := start(t, Options{Webhook: hooks.URL})
	if u.facts.Webhook == nil || !strings.HasPrefix(u.facts.Webhook.Secret, "whsec_") || u.Data != nil {
		t.Errorf("%s", u.first[0])
	}
	u.converse()
	m := u.wait("bob@people.example")
	if m.Subject != "Order 1047" || !strings.Contains(m.Text, "the green one") || !strings.Contains(m.HTML, "the green one") ||
		!strings.HasSuffix(m.ReplyTo, "@"+Domain) || len(m.Links) == 0 || len(m.Headers["dkim-signature"]) != 2 {
		t.Errorf("the mail is %+v", m)
	}
	if status, page := u.call("GET", m.Links[len(m.Links)-1], "", nil); status != http.StatusOK || !strings.Contains(page, "Unsubscribe?") {
		t.Errorf("the link to unsubscribe: %d %s", status, page)
	}
	u.ok(u.reply(m, "bob@people.example", "Green is fine, thank you!"))
	if got := u.api("GET", "/conversations/c1/messages?limit=1", ""); !strings.Contains(got, `"origin":"email","text":"Green is fine, thank you!"`) {
		t.Errorf("the conversation: %s", got)
	}
	late := time.After(time.Minute)
	for got := ""; !strings.Contains(got, `"origin":"email"`); {
		select {
		case got = <-told:
		case <-late:
			t.Fatal("the webhook was not told of the reply")
		}
	}
	// Ann is told of it, here too.
	if m := u.wait("ann@people.example"); !strings.Contains(m.Text, "Green is fine") {
		t.Errorf("Ann's mail: %+v", m)
	}
	for value, want := range map[string]string{`"v=spf1 -all"`: `"held"`, `["v=spf1 ip4:127.0.0.1 -all"]`: `"posted"`, "null": `"posted"`} {
		if status, got := u.call("POST", u.HTTP+"/dev/dns", `{"name": "people.example", "type": "txt", "value": `+value+`}`, nil); status != 200 || got != "{}" {
			t.Fatalf("DNS %s: %d %s", value, status, got)
		}
		u.ok(u.reply(m, "bob@people.example", "With "+strings.Trim(value, `"[]`)))
		if got := u.api("GET", "/replies?limit=1", ""); !strings.Contains(got, `"state":`+want) {
			t.Errorf("with %s: %s", value, got)
		}
	}
	u.stop()
	if _, err := net.Dial("tcp", u.SMTP); err == nil {
		t.Error("somebody still listens")
	}
}

// TestStays: with a directory of its own the app, its key, its settings and its
// mails are there again; a key and an app of one's choice are taken.
func TestStays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	u := start(t, Options{Data: dir})
	u.converse()
	m := u.wait("bob@people.example")
	key := u.Key
	u.stop()
	u = start(t, Options{Data: dir})
	if u.Key != key || u.Data == nil || *u.Data != dir {
		t.Errorf("then %s, now %s", key, u.first[0])
	}
	if again := u.wait("bob@people.example"); again.ID != m.ID || again.ReplyTo != m.ReplyTo {
		t.Errorf("then %+v, now %+v", m, again)
	}
	u.ok(u.reply(m, "bob@people.example", "Still here"))
	u.stop()
	u = start(t, Options{Data: dir, Key: "my-own-fixed-key"})
	if u.api("GET", "", ""); u.Key != "my-own-fixed-key" {
		t.Errorf("the key is %s", u.Key)
	}
	u.Key = key
	u.api("GET", "", "")
	u.stop()
	u = start(t, Options{Data: dir, App: "my shop"})
	if u.api("GET", "", ""); !strings.HasSuffix(u.API, "/v1/my%20shop") || u.Key == key {
		t.Errorf("another app: %s", u.first[0])
	}
}

// TestWrong: what cannot be is said, with what to do; nothing stays behind.
func TestWrong(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	long := 8 * 24 * time.Hour
	for want, o := range map[string]Options{
		"choose other ports with --http":  {HTTP: taken.Addr().String(), SMTP: "127.0.0.1:0"},
		"smtp.listen: listen tcp":         {HTTP: "127.0.0.1:0", SMTP: taken.Addr().String()},
		"--http nonsense":                 {HTTP: "nonsense", SMTP: "127.0.0.1:0"},
		"An imported key has":             {Key: "short"},
		"An app id has":                   {App: "a/b"},
		"--webhook http://10.1.2.3/hooks": {Webhook: "http://10.1.2.3/hooks"},
		"--delay 192h0m0s":                {Delay: &long},
	} {
		if o.HTTP == "" {
			o.HTTP, o.SMTP = "127.0.0.1:0", "127.0.0.1:0"
		}
		if o.App == "" {
			o.App = "demo"
		}
		if err := Run(t.Context(), o, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestPages: what people look at says what is true, shows mails inside a frame,
// and lets no stranger's page ask.
func TestPages(t *testing.T) {
	u := start(t, Options{})
	status, page := u.call("GET", u.HTTP+"/", "", nil)
	for _, want := range []string{u.Key, u.API, u.SMTP, u.Mails, "None yet"} {
		if status != 200 || !strings.Contains(page, want) {
			t.Errorf("%d: the page has no %q", status, want)
		}
	}
	u.api("PUT", "/conversations/c1", `{"subject": "<script>1</script>"}`)
	u.converse()
	u.api("PUT", "/conversations/c2", `{"subject": "<script>alert(1)</script>", "participants": ["ann", "bob"]}`)
	u.api("POST", "/conversations/c2/messages", `[{"type": "UserMessage", "sender": "bob", "text": "</iframe><script>2"}]`)
	m := u.wait("ann@people.example")
	_, page = u.call("GET", u.HTTP+"/", "", nil)
	if !strings.Contains(page, "/mails/"+m.ID) || strings.Contains(page, "<script>alert") {
		t.Errorf("the page: %s", page)
	}
	status, page = u.call("GET", u.HTTP+"/mails/"+m.ID, "", nil)
	if status != 200 || !strings.Contains(page, m.ReplyTo) || strings.Contains(page, "<script>") || !strings.Contains(page, `sandbox="allow-popups`) || !strings.Contains(page, "curl smtp://"+u.SMTP) {
		t.Errorf("the mail's page: %d %s", status, page)
	}
	for _, c := range []struct {
		method, path, head, value string
		want                      int
	}{
		{"GET", "/", "Host", "evil.example", 421}, {"GET", "/dev/mails", "Host", "evil.example:8025", 421}, {"GET", "/dev/mails", "Host", "localhost:8025", 200},
		{"GET", "/dev/mails", "Host", "replygate:8025", 200}, {"GET", "/", "Host", "[::1]:8025", 200}, {"GET", "/dev/mails", "Host", "host.docker.internal", 200},
		{"DELETE", "/dev/mails", "Origin", "https://evil.example", 403}, {"POST", "/dev/dns", "Sec-Fetch-Site", "cross-site", 403}, {"POST", "/", "A", "b", 405},
		{"GET", "/mails/none", "A", "b", 404}, {"GET", "/dev/none", "A", "b", 404}, {"GET", "/dev/dns", "A", "b", 404}, {"GET", "/nothing", "A", "b", 404}, {"GET", "/healthz", "A", "b", 200},
	} {
		if status, answer := u.call(c.method, u.HTTP+c.path, "", nil, c.head, c.value); status != c.want {
			t.Errorf("%s %s with %s %s: %d, want %d: %s", c.method, c.path, c.head, c.value, status, c.want, answer)
		}
	}
	for _, body := range []string{"", "[]", `{"type":"TXT","value":"x"}`, `{"name":"a.test","type":"NO","value":"x"}`, `{"name":"a.test","type":"A","value":"x"}`, `{"name":"a.test","type":"TXT","value":5}`} {
		if status, answer := u.call("POST", u.HTTP+"/dev/dns", body, nil); status != 400 || !strings.Contains(answer, "reasons") {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
	if status, answer := u.call("DELETE", u.Mails, "", nil); status != 200 || !strings.Contains(answer, "deleted") {
		t.Errorf("DELETE: %d %s", status, answer)
	}
	if status, _ := u.call("GET", u.Mails+"/"+m.ID, "", nil); status != 404 {
		t.Errorf("the mail is still there: %d", status)
	}
}

// TestWords: what people read first holds all that is needed to begin.
func TestWords(t *testing.T) {
	f := facts{App: "demo", Key: "sk", API: "http://h/v1/demo", HTTP: "http://h", SMTP: "h:25", Mails: "http://h/dev/mails", Webhook: &hook{"http://b", "whsec_1"}}
	var out bytes.Buffer
	if err := f.print(&out, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"app       demo\nkey       sk\nAPI       http://h/v1/demo\nSMTP      h:25", "none leaves", "temporary", "whsec_1", "\nready: open http://h/ "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

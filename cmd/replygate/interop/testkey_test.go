package interop

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/smtp"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// TestTestKeyOfAServer: under `serve`, what a test key posts is in the built-in
// mailbox and never at the smarthost; answering it makes no mail leave either.
func TestTestKeyOfAServer(t *testing.T) {
	far := startSink(t)
	p := startProduct(t, far.port)
	p.txt(peopleMail, "v=spf1 ip4:127.0.0.0/8 -all")
	live := p.key
	var made struct{ Secret string }
	if err := json.Unmarshal(p.cli("app", "key", "create", appName, "--test", "--config", p.config(), "--json"), &made); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(made.Secret, "sk_test_") {
		t.Fatalf("the key is %q", made.Secret)
	}
	p.key = made.Secret
	p.converse("order-7", "This is a test")
	mails := func(to string) []any {
		return p.call("GET", "/mails?wait=30&to="+to, nil)["data"].([]any)
	}
	kept := mails(bobAddress)
	if len(kept) != 1 {
		t.Fatalf("%d mails are kept", len(kept))
	}
	mail := kept[0].(map[string]any)
	if mail["test"] != true || !strings.Contains(mail["text"].(string), "This is a test") {
		t.Errorf("kept is %v", mail)
	}
	for _, list := range []string{"/deliveries", "/notifications"} {
		if got := p.call("GET", list, nil)["data"].([]any)[0].(map[string]any); got["test"] != true {
			t.Errorf("%s: %v", list, got)
		}
	}
	// Bob's answer, and one that is held: Ann is told of the first, Bob of the second.
	to := mail["replyTo"].(string)
	for _, from := range []string{bobAddress, "bob@elsewhere.test"} {
		raw := fmt.Sprintf("From: %s\r\nTo: %s\r\nMessage-ID: <%s.7>\r\nSubject: Re: Order\r\n\r\nAnswered by %s\r\n", bobAddress, to, from, from)
		if err := smtp.SendMail("127.0.0.1:"+strconv.Itoa(p.smtp), nil, from, []string{to}, []byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	if told := mails("ann@" + peopleMail); len(told) != 1 || !strings.Contains(told[0].(map[string]any)["text"].(string), "Answered by "+bobAddress) {
		t.Errorf("Ann is told %v", told)
	}
	eventually(t, "the question about the held reply", func() bool { return len(mails(bobAddress)) == 2 })
	// A live message does leave, alone: so nothing before it did.
	p.key = live
	p.say("order-7", "This is none")
	if got := notified(t, far, bobAddress, 1); !strings.Contains(string(got.data), "This is none") || strings.Contains(string(got.data), "This is a test") {
		t.Errorf("what left is\n%s", got.data)
	}
	if n := len(far.to("ann@" + peopleMail)); n > 0 {
		t.Errorf("%d mails to Ann left", n)
	}
	if n := len(mails(bobAddress)); n != 2 {
		t.Errorf("the live mail is kept: %d", n)
	}
	// Unsubscribing by the test mail's link is told here, too.
	_, token, _ := strings.Cut(mail["links"].([]any)[0].(string), "/u/")
	resp, err := http.PostForm(loopback+":"+strconv.Itoa(p.http)+"/u/"+token, url.Values{"List-Unsubscribe": {"One-Click"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	eventually(t, "the notice that bob is unsubscribed", func() bool { return len(mails(bobAddress)) == 3 })
	if n := len(far.to(bobAddress)); n != 1 {
		t.Errorf("%d mails to Bob left", n)
	}
}

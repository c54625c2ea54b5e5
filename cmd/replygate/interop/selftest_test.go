package interop

import (
	"net/smtp"
	"strconv"
	"testing"
)

// TestPostfixRelays shows that the harness itself works: what goes into Postfix
// comes out at the sink.
func TestPostfixRelays(t *testing.T) {
	s := startSink(t)
	p := startPostfix(t, s.port)
	err := smtp.SendMail("127.0.0.1:"+strconv.Itoa(p.port), nil, "a@x.test", []string{"b@y.test"}, []byte("Subject: hi\r\n\r\nhello\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the mail at the sink", func() bool { return len(s.to("b@y.test")) == 1 })
}

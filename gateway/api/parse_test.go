package api

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
)

// reader is a Parser whose text is the mail itself.
type reader struct{}

func (reader) Parse(raw []byte) (Parsed, error) {
	if strings.HasPrefix(string(raw), "bomb") {
		return Parsed{}, gateway.Status{Code: 550, Enhanced: [3]int{5, 6, 0}, Text: "Too many parts"}
	}
	rule := "list"
	return Parsed{Text: string(raw[:min(len(raw), 20)]), Method: "full", Confidence: "high", Posting: "none", Attachments: []ParsedAttachment{}, Automatic: &rule}, nil
}

// TestParse: the mail as it is, or in base64; as large as mails may be.
func TestParse(t *testing.T) {
	l := newLab(t)
	l.server.Parser = reader{}
	mail := " From: bob\r\n\r\nYes \r\n"
	want := `{"text":" From: bob\r\n\r\nYes \r\n","html":"","full":"","quoted":"","signature":"","method":"full","confidence":"high","posting":"none","language":null,` +
		`"attachments":[],"automatic":"list","reaction":null,"unsubscribe":false}`
	coded := func(s string) string { return `{"raw":"` + base64.StdEncoding.EncodeToString([]byte(s)) + `"}` }
	l.do("POST", "/parse", mail, "Content-Type", "message/rfc822; charset=utf-8").is(200, want)
	l.do("POST", "/parse", coded(mail)).is(200, want)
	l.do("POST", "/parse", coded(strings.Repeat("x", chat.MaxUpload))).is(200)
	l.do("POST", "/parse", coded(strings.Repeat("x", chat.MaxUpload+1))).wrong("raw")
	l.do("POST", "/parse", strings.Repeat("x", chat.MaxUpload+1), "Content-Type", "message/rfc822").wrong("raw")
	l.do("POST", "/parse", strings.Repeat("x", 2*chat.MaxUpload), "Content-Type", "message/rfc822").is(400)
	l.do("POST", "/parse", coded("bomb")).wrong("raw").has("Too many parts")
	l.do("POST", "/parse", `{}`).wrong("raw")
	l.do("POST", "/parse", `{"raw":"*"}`).is(400)
	l.do("POST", "/parse", mail).is(400)
	l.raw("POST", "/v1/shop/parse", l.other, coded(mail)).is(401)
}

package gateway_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
)

func TestConversationLink(t *testing.T) {
	subject := "a bike & more"
	c := &gateway.Conversation{ID: "order/1 2", Subject: &subject, Custom: map[string]string{"shop": "é"}}
	u := &gateway.User{ID: "ann@example.com", Name: "Ann", Locale: "fr", Email: []string{"ann@example.com"}, Custom: map[string]string{"k": `"><x>`}}
	for template, want := range map[string]string{
		"":                                      "",
		"https://a.example/c/{conversation.id}": "https://a.example/c/order%2F1%202",
		"https://a.example/?c={conversation.id}&u={recipient.id}":                          "https://a.example/?c=order%2F1%202&u=ann%40example.com",
		"https://a.example/{conversation.custom.shop}/{recipient.custom.k}":                "https://a.example/%C3%A9/%22%3E%3Cx%3E",
		"https://a.example/{recipient.custom.none}/{recipient.locale}":                     "https://a.example//fr",
		"https://a.example/?s={conversation.subject}&n={recipient.name}#{recipient.email}": "https://a.example/?s=a%20bike%20%26%20more&n=Ann#ann%40example.com",
	} {
		if err := gateway.CheckConversationLink(template); err != nil {
			t.Errorf("%s: %v", template, err)
		}
		if got := gateway.ConversationLink(template, u, c); got != want {
			t.Errorf("%s: %s, want %s", template, got, want)
		}
	}
	for template, word := range map[string]string{
		"a.example/{conversation.id}":                    "https",
		"javascript:alert({recipient.id})":               "https",
		"https://u:p@a.example/":                         "https",
		"https://{conversation.custom.host}/":            "before its path",
		"{recipient.custom.base}/x":                      "https",
		"https://a.example/{conversation.title}":         "no {conversation.title}",
		"https://a.example/{recipient.custom.}":          "no {recipient.custom.}",
		"https://a.example/{conversation.id":             "never closed",
		"https://a.example/ {conversation.id}":           "spaces",
		"https://a.example/" + strings.Repeat("x", 3000): "2048",
	} {
		if err := gateway.CheckConversationLink(template); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%.60s: %v", template, err)
		}
	}
}

// FuzzConversationLink: whatever ids hold, they stay within their place.
func FuzzConversationLink(f *testing.F) {
	for _, s := range []string{"a", "../..", "a?b#c&d=e", "\r\n", "é☃", "%2e", "{recipient.id}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, id string) {
		got := gateway.ConversationLink("https://a.example/c/{conversation.id}?u={recipient.id}",
			&gateway.User{ID: gateway.UserID(id)}, &gateway.Conversation{ID: gateway.ConversationID(id)})
		u, err := url.Parse(got)
		if err != nil || u.Host != "a.example" || u.Path != "/c/"+id || u.Query().Get("u") != id || u.Fragment != "" {
			t.Errorf("%q became %s: %v", id, got, err)
		}
	})
}

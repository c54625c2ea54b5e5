package api

import (
	"fmt"
	"strings"
	"testing"
)

// TestRoleSettings: GET shows every key; PUT merges, null resets.
func TestRoleSettings(t *testing.T) {
	l := newLab(t)
	defaults := `{"context":"missed","conversationCap":null,"conversationUrl":null,"dailyCap":null,"delay":120,"delayFrom":"message",` +
		`"emailEnabled":true,"inlineImages":false,"linkAgentsOnly":false,"listParticipants":true,"maxDefer":600,"maxShown":50,"minInterval":0,"policy":"grouped",` +
		`"push":false,"quietHours":null,"replyEnabled":true,"schedule":"built-in","senderAddress":null,"senderName":null,"sms":false,` +
		`"templates":{},"tracking":{"clicks":false,"opens":false},"unsubscribeText":null}`
	l.do("GET", "/roles/seller", "").is(200).into(new(any))
	same := func(want string) {
		t.Helper()
		var got, wanted map[string]any
		l.do("GET", "/roles/seller", "").is(200).into(&got)
		answer{t: t, call: "want", body: want}.into(&wanted)
		if fmt.Sprint(got) != fmt.Sprint(wanted) {
			t.Errorf("shown %v\nwant %v", got, wanted)
		}
	}
	same(defaults)
	set := `{"context":"whole","conversationCap":2,"conversationUrl":"https://a.example/{conversation.id}","dailyCap":9,"delay":300,"delayFrom":"offline",` +
		`"emailEnabled":false,"inlineImages":true,"linkAgentsOnly":true,"listParticipants":false,"maxDefer":0,"maxShown":12,"minInterval":5400,"policy":"once_per_absence",` +
		`"push":true,"quietHours":{"from":"22:00","to":"07:30"},"replyEnabled":false,"schedule":"external","senderAddress":"team","senderName":"The Team","sms":true,` +
		`"templates":{"de":{"html":"<p>{message}</p>","text":"{message}","subject":""}},"tracking":{"clicks":true,"opens":true},"unsubscribeText":"No more"}`
	l.do("PUT", "/roles/seller", set).is(200, "{}")
	same(set)
	l.do("PUT", "/roles/seller", `{}`).is(200)
	l.do("PUT", "/roles/seller", `{"nobodyKnows":1}`).is(200)
	same(set)
	l.do("PUT", "/roles/seller", `{"templates":{"pt_BR":{"html":"x"}},"tracking":{"opens":false}}`).is(200)
	l.do("GET", "/roles/seller", "").has(`"pt-br":{"html":"x"`, `"de":{"html":`, `"clicks":true`, `"opens":false`)
	l.do("PUT", "/roles/seller", `{"templates":{"de":null}}`).is(200)
	if got := l.do("GET", "/roles/seller", ""); strings.Contains(got.body, `"de"`) {
		t.Errorf("removed and there: %s", got.body)
	}
	var all []string
	for _, s := range roleSettings() {
		all = append(all, fmt.Sprintf("%q:null", s.name))
	}
	l.do("PUT", "/roles/seller", "{"+strings.Join(all, ",")+"}").is(200)
	same(defaults)
}

func TestRoleDurations(t *testing.T) {
	l := newLab(t)
	for in, want := range map[string]string{
		`0`: `0`, `90`: `90`, `1.5`: `1.5`, `"90s"`: `90`, `"5m"`: `300`, `"2h"`: `7200`, `"7d"`: `604800`, `"1h30m"`: `5400`, `"45"`: `45`, `null`: `120`,
	} {
		l.do("PUT", "/roles/x", `{"delay":`+in+`}`).is(200)
		l.do("GET", "/roles/x", "").has(`"delay":` + want + `,`)
	}
}

// TestRoleWrong: a 400 names the field, and changes nothing.
func TestRoleWrong(t *testing.T) {
	l := newLab(t)
	for body, field := range map[string]string{
		`{"delay":-1}`: "delay", `{"delay":604801}`: "delay", `{"delay":"soon"}`: "delay", `{"delay":true}`: "delay", `{"delay":"8d"}`: "delay", `{"delay":1e300}`: "delay", `{"delay":"NaN"}`: "delay",
		`{"maxDefer":601}`: "maxDefer", `{"minInterval":-5}`: "minInterval", `{"delayFrom":"now"}`: "delayFrom", `{"context":"some"}`: "context",
		`{"policy":"never"}`: "policy", `{"schedule":"cron"}`: "schedule", `{"maxShown":0}`: "maxShown", `{"maxShown":51}`: "maxShown", `{"dailyCap":-1}`: "dailyCap",
		`{"conversationCap":1.5}`: "conversationCap", `{"emailEnabled":"yes"}`: "emailEnabled", `{"senderName":"a\nBcc: x"}`: "senderName", `{"senderName":7}`: "senderName",
		`{"senderAddress":"a@b"}`: "senderAddress", `{"senderAddress":"a b"}`: "senderAddress", `{"conversationUrl":"javascript:x"}`: "conversationUrl",
		`{"conversationUrl":"https://a.example/{who}"}`: "conversationUrl", `{"unsubscribeText":"a\nb"}`: "unsubscribeText", `{"templates":[]}`: "templates",
		`{"templates":{"not a tag":{}}}`: "templates", `{"templates":{"en":{"html":"` + strings.Repeat("x", 70<<10) + `"}}}`: "templates",
		`{"quietHours":{"from":"22:00"}}`: "quietHours", `{"quietHours":{"from":"22:00","to":"24:30"}}`: "quietHours", `{"quietHours":"night"}`: "quietHours",
		`{"quietHours":{"from":"22:00","to":"07:00","timeZone":"Mars"}}`: "quietHours", `{"tracking":1}`: "tracking",
	} {
		l.do("PUT", "/roles/x", body).wrong(field)
	}
	l.do("PUT", "/roles/x", `{"delay":5,"policy":"never","sms":3}`).is(400).has(`"sms"`)
	l.do("GET", "/roles/x", "").has(`"delay":120`)
	l.do("PUT", "/roles/x", `[]`).is(400)
	l.do("PUT", "/users/u", `{"quietHours":{"from":"x","to":"y"}}`).wrong("quietHours")
	l.do("PUT", "/users/u", `{"quietHours":{"from":"21:00","to":"06:00"}}`).is(200)
	l.do("GET", "/users/u", "").has(`"quietHours":{"from":"21:00","to":"06:00"}`)
}

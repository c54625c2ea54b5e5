package extract

import (
	"strings"
	"testing"
)

const (
	token    = "ra7q2xk5m3n4p6s2t7v3w4y5z2b3c4d5e6f7g2h3"
	address  = token + "@reply.example.com"
	stopLink = "https://chat.example.com/u/" + token
)

// notified is a mail such as the gateway sends.
var notified = Sent{
	FromName: "Ann via Acme Chat", Subject: "New messages in Summer party",
	Text: "Ann wrote in Summer party:\n\nWill you come on Friday? We begin at eight in the garden behind the old mill.\n\n" +
		"Ann, 16:02:\n\nPlease tell me what you want to eat.\n\n-- \nReply to this mail to answer in the conversation.\nOpen the conversation: https://chat.example.com/c/42\nStop these mails: " + stopLink + "\n",
	HTML: `<div><table><tr><td><b>Ann</b> wrote in Summer party:</td></tr><tr><td><p>Will you come on Friday? We begin at eight in the garden behind the old mill.</p>
<p>Please tell me what you want to eat.</p></td></tr></table><p>Reply to this mail to answer in the conversation.</p>
<p><a href="https://chat.example.com/c/42">Open the conversation</a> · <a href="` + stopLink + `">Stop these mails</a></p></div>`,
}

func answering(s string) Input { return Input{Text: s, Sent: []Sent{notified}} }

// bare is the mail as Outlook quotes it: without marks.
func bare() string { return notified.Text }

func marked(s string) string {
	return "> " + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n> ")
}

func method(want string) func(*testing.T, Result) {
	return func(t *testing.T, r Result) {
		t.Helper()
		if r.Method != want {
			t.Errorf("method %s, want %s", r.Method, want)
		}
	}
}

// TestSent recognises what we sent, whatever the client does with it.
func TestSent(t *testing.T) {
	rewritten := strings.ReplaceAll(bare(), "https://chat.example.com", "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fchat.example.com")
	run(t, []reading{
		{"attribution in a language we do not know", answering("Gladly.\n\nAr ddydd Llun ysgrifennodd Ann via Acme Chat <" + address + ">:\n\n" + bare()), "Gladly.", PostingTop, method(MethodSent)},
		{"header block in a language we do not know", answering("Gladly.\n\nOddi wrth: Ann via Acme Chat\nDyddiad: 3 Ionawr 2022 16:00\nAt: Bob\nPwnc: New messages in Summer party\n\n" + bare()), "Gladly.", PostingTop, method(MethodSent)},
		{"no attribution", answering("Gladly.\n\n" + bare()), "Gladly.", PostingTop, method(MethodSent)},
		{"glued attribution", answering("Gladly.\nმიიღო 2022-01-03 16:00 Ann via Acme Chat:\n" + bare()), "Gladly.", PostingTop, nil},
		{"wrapped anew", answering("Gladly.\n\n" + wrap(strings.ReplaceAll(bare(), "\n", " "), 40)), "Gladly.", PostingTop, nil},
		{"on one line", answering("Gladly.\n\nAnn via Acme Chat 2022-01-03 16:00:\n" + strings.ReplaceAll(bare(), "\n", " ")), "Gladly.", PostingTop, nil},
		{"another mark", answering("Gladly.\n\n| " + strings.ReplaceAll(bare(), "\n", "\n| ")), "Gladly.", "", nil},
		{"indented", answering("Gladly.\n\n    " + strings.ReplaceAll(bare(), "\n", "\n    ")), "Gladly.", "", nil},
		{"links rewritten", answering("Gladly.\n\n" + rewritten), "Gladly.", "", nil},
		{"partly deleted", answering("Gladly.\n\nAnn via Acme Chat <" + address + ">, 2022-01-03:\n> Please tell me what you want to eat."), "Gladly.", "", nil},
		{"partly deleted, not marked", answering("Gladly.\n\nAnn via Acme Chat <" + address + ">, 2022-01-03:\nPlease tell me what you want to eat."), "Gladly.", "", nil},
		{"bottom", answering("Ann via Acme Chat <" + address + ">, 2022-01-03:\n" + marked(bare()) + "\n\nGladly."), "Gladly.", PostingBottom, nil},
		{"bottom, not marked", answering("Ann via Acme Chat <" + address + ">, 2022-01-03:\n" + bare() + "\n\nGladly."), "Gladly.", PostingBottom, nil},
		{"quotation only", answering("Ann via Acme Chat <" + address + ">, 2022-01-03:\n" + bare()), "", "", func(t *testing.T, r Result) {
			if !r.QuotationOnly {
				t.Error("not said to be a quotation only")
			}
		}},
		{"our sentence repeated on purpose", answering("Please tell me what you want to eat.\n\nThat I ask you!\n\nOn 3 Jan 2022, Ann via Acme Chat <" + address + "> wrote:\n\n" + marked(bare())),
			"Please tell me what you want to eat.\n\nThat I ask you!", PostingTop, nil},
		{"our sentence repeated and nothing quoted", answering("Please tell me what you want to eat."), "Please tell me what you want to eat.", PostingNone, nil},
		{"answers between our lines", answering("See below.\n\nAnn via Acme Chat <" + address + ">, 2022-01-03:\n\nWill you come on Friday? We begin at eight in the garden behind the old mill.\n\nYes, with Bob.\n\nPlease tell me what you want to eat.\n\nCake."),
			"See below.\n\nWill you come on Friday? We begin at eight in the garden behind the old mill.\n\nYes, with Bob.\n\nPlease tell me what you want to eat.\n\nCake.", PostingInterleaved, nil},
		{"typed into the quotation", answering("On 3 Jan 2022, Ann via Acme Chat <" + address + "> wrote:\n> Will you come on Friday? We begin at eight in the garden behind the old mill.\n> Gladly, and Bob too brings cake\n> Please tell me what you want to eat.\n> Reply to this mail to answer in the conversation.\n"),
			"Gladly, and Bob too brings cake", "", confidence(Low)},
		{"older mail below", Input{Sent: []Sent{notified, {Text: "An older mail about the garden party that we sent a week ago already.", FromName: "Ann"}},
			Text: "Gladly.\n\nFrom: Ann via Acme Chat <" + address + ">\nSent: Monday, January 3, 2022 4:00 PM\nTo: Bob\nSubject: New messages\n\n" + bare() + "\n\nAn older mail about the garden party that we sent a week ago already.\n"}, "Gladly.", PostingTop, nil},
	})
}

// TestSentHTML does the same with the HTML that clients make of ours.
func TestSentHTML(t *testing.T) {
	htmlIn := func(s string) Input { return Input{HTML: s, Sent: []Sent{notified}} }
	run(t, []reading{
		{"unknown client", htmlIn(`<div>Gladly.</div><div>Ann via Acme Chat &lt;` + address + `&gt; ysgrifennodd:</div><div style="border-left:1px solid">` + notified.HTML + `</div>`), "Gladly.", PostingTop, method(MethodSent)},
		{"no attribution", htmlIn(`<p>Gladly.</p>` + notified.HTML), "Gladly.", PostingTop, method(MethodSent)},
		{"Outlook", htmlIn(`<p class=MsoNormal>Gladly.</p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal><b>Von:</b> Ann via Acme Chat &lt;` + address + `&gt;<br><b>Gesendet:</b> Montag, 3. Januar 2022 16:00<br><b>An:</b> Bob<br><b>Betreff:</b> New messages in Summer party</p></div></div>` + notified.HTML), "Gladly.", PostingTop, nil},
		{"bottom", htmlIn(`<blockquote>` + notified.HTML + `</blockquote><p>Gladly.</p>`), "Gladly.", PostingBottom, nil},
		{"our sentence repeated on purpose", htmlIn(`<p>Please tell me what you want to eat.</p><p>That I ask you!</p><div class="gmail_quote"><div class="gmail_attr">Ann:</div><blockquote>` + notified.HTML + `</blockquote></div>`),
			"Please tell me what you want to eat.\n\nThat I ask you!", PostingTop, nil},
	})
}

// TestRedact keeps secrets out of every output.
func TestRedact(t *testing.T) {
	in := answering("Gladly, or write to " + address + " or " + strings.ToUpper(address) + "; stop at " + stopLink + ".\n\nOn 3 Jan 2022, Ann <" + address + "> wrote:\n" + marked(bare()) +
		"\n\n-- \nBob <mailto:" + token + "%40reply.example.com> https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fchat.example.com%2Fu%2F" + token + "&data=1\n")
	in.HTML = `<p>Gladly <a href="` + stopLink + `">here</a> or <a href="mailto:` + address + `">` + address + `</a></p><blockquote type="cite">` + notified.HTML + `</blockquote>`
	in.Redact = Redact{MailDomains: []string{"Reply.example.com"}, LinkHosts: []string{"chat.example.com"}}
	r := Extract(in)
	all := r.Text + r.HTML + r.Full + r.Quoted + r.Signature
	for _, l := range r.Lines {
		all += l.Text
	}
	if strings.Contains(strings.ToLower(all), token) {
		t.Errorf("the token is in %q", all)
	}
	if want := "Gladly, or write to […] or […]; stop at […]"; !strings.HasPrefix(r.Text, want) {
		t.Errorf("text %q", r.Text)
	}
	if r.Redacted < 6 {
		t.Errorf("%d redactions counted", r.Redacted)
	}
	if !strings.Contains(r.Quoted, "https://chat.example.com/c/42") {
		t.Error("a link without a token was redacted")
	}
}

// TestPicturesOfOurs are what clients write in the place of a picture of ours, as Gmail and Outlook do.
func TestPicturesOfOurs(t *testing.T) {
	sent := []Sent{{
		Text: "Ann\nThe blue one is sold out, shall we send the green one instead?\nBen\nOr wait until Monday for the blue one?",
		HTML: `<img alt="A" src="a.png"><p>Ann<p>The blue one is sold out, shall we send the green one instead?` +
			`<img alt="B" src="b.png"><p>Ben<p>Or wait until Monday for the blue one?`,
		FromName: "Ann, Ben via Shop",
	}}
	for _, mark := range []string{"[image: %s]", "[%s]"} {
		a, b := strings.ReplaceAll(mark, "%s", "A"), strings.ReplaceAll(mark, "%s", "B")
		body := "Green, please.\n\nOn Fri, Nov 20, 2026 at 8:26 AM Ann, Ben via Shop <n@reply.example.com> wrote:\n\n> " + a +
			"\n> Ann\n> The blue one is sold out, shall we send the green one instead?\n> " + b + "\n> Ben\n> Or wait until Monday for the blue one?\n\n"
		between := strings.Replace(body, "\n> "+b, "\nGreen it is.\n> "+b, 1)
		for name, c := range map[string]struct{ body, want string }{
			"above":     {body, "Green, please."},
			"between":   {between, "Green, please.\n\n> " + a + "\n> Ann\n> The blue one is sold out, shall we send the green one instead?\nGreen it is."},
			"a picture": {"Green, please.\n" + b + "\n\n" + body, "Green, please.\n" + b + "\n\nGreen, please."},
		} {
			r := Extract(Input{Text: c.body, Sent: sent})
			if got := strings.TrimSpace(r.Text); got != c.want {
				t.Errorf("%s, %s: %q, want %q", mark, name, got, c.want)
			}
		}
	}
}

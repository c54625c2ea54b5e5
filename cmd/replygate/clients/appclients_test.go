package clients

import "strings"

// Outlook: mailgun/talon, tests/fixtures/html_replies/ms_outlook_2010.html and
// windows_mail.html; the pair divRplyFwdMsg/appendonsend and the x_ ids are in
// freescout issues 5544 and 5545; the 32 underscores in crisp-oss/
// email-forward-parser, lib/parser.js ("Outlook Live / 365").
var outlookFlat = flattening{links: "<%s>", image: "[%s]", cell: "\t"}

func underscores(*language) string { return strings.Repeat("_", 32) }

func outlookQuote(l func(*reply) *language) func(r *reply, inner, below string) string {
	return func(r *reply, inner, below string) string {
		return `<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" style="font-size:11pt" color="#000000">` +
			bold(r.header(l(r), from, sentAt, to, subject)) + `</font><div>&nbsp;</div></div><div>` + inner + `</div>` + below
	}
}

// wordQuote is what Outlook for Windows and its kin draw above the quotation.
func wordQuote(color string, l func(*reply) *language) func(r *reply, inner, below string) string {
	return func(r *reply, inner, below string) string {
		return `<div style="border:none;border-top:solid ` + color + ` 1.0pt;padding:3.0pt 0in 0in 0in"><p class="MsoNormal">` + bold(r.header(l(r), from, sentAt, to, subject)) +
			`<o:p></o:p></p></div><p class="MsoNormal"><o:p>&nbsp;</o:p></p>` + inner + below
	}
}

func localised(r *reply) *language { return r.l }

func inEnglish(*reply) *language { return &english }

const wordOpen = `<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word" xmlns="http://www.w3.org/TR/REC-html40"><head><style><!--
p.MsoNormal, li.MsoNormal, div.MsoNormal {margin:0in;font-size:11.0pt;font-family:"Calibri",sans-serif;}
--></style></head><body lang="EN-US" link="#0563C1" vlink="#954F72" style="word-wrap:break-word"><div class="WordSection1">`

// outlookMobile is what the apps sign with.
func outlookMobile(system, link string) func(r *reply) string {
	return func(r *reply) string {
		s := strings.ReplaceAll(r.l.or(func(l *language) string { return l.outlook }), "{os}", system)
		return `<div id="ms-outlook-mobile-signature"><div><br></div><a href="` + link + `">` + s + `</a></div>`
	}
}

// pressed gives the text part that Apple Mail or a plain editor makes: the
// attribution and the marked original.
func pressed(mark string, line func(*language) string) func(r *reply) (string, string) {
	return func(r *reply) (string, string) { return r.text(r.l.or(line)), marked(r.o.text, mark) }
}

func thunderbirdText(l *language) string { return l.thunderbird }

func appleText(l *language) string { return l.apple }

func gmailText(l *language) string { return l.gmail }

var appClients = []client{
	{
		// mailgun/talon, tests/fixtures/html_replies/ms_outlook_2010.html.
		name: "outlook windows", open: wordOpen, close: `</div></body></html>`, block: word, gap: `<p class="MsoNormal"><o:p>&nbsp;</o:p></p>`,
		quote: wordQuote("#E1E1E1", localised), treat: treatment{word: true}, flat: outlookFlat,
	},
	{
		name: "outlook new", open: `<html><head><style type="text/css" style="display:none;">P {margin-top:0;margin-bottom:0;}</style></head><body dir="ltr">`, close: `</body></html>`,
		block: wrapped(`<div class="elementToProof" style="font-family: Aptos, Calibri, Helvetica, sans-serif; font-size: 12pt;">`, `</div>`, divs),
		quote: outlookQuote(localised), treat: treatment{ids: "x_"}, flat: outlookFlat, rule: underscores,
	},
	{
		name: "outlook web", open: `<html><head></head><body dir="ltr">`, close: `</body></html>`,
		block: wrapped(`<div style="font-family: Calibri, Arial, Helvetica, sans-serif; font-size: 12pt;">`, `</div>`, divs),
		quote: outlookQuote(inEnglish), treat: treatment{ids: "x_"}, flat: outlookFlat, rule: underscores,
	},
	{
		name: "outlook.com html", open: `<html><head></head><body dir="ltr">`, close: `</body></html>`, block: divs,
		quote: outlookQuote(localised), treat: treatment{ids: "x_x_"}, htmlOnly: true,
	},
	{
		name: "outlook ios", open: `<html><head></head><body><div dir="auto">`, close: `</body></html>`, block: wrapped("", "</div>", divs),
		sign: outlookMobile("iOS", "https://aka.ms/o0ukef"), quote: outlookQuote(localised), treat: treatment{ids: "x_"}, flat: outlookFlat, rule: underscores,
	},
	{
		name: "outlook android", open: `<html><head></head><body><div dir="auto">`, close: `</body></html>`, block: wrapped("", "</div>", divs),
		sign: outlookMobile("Android", "https://aka.ms/AAb9ysg"), quote: outlookQuote(inEnglish), treat: treatment{ids: "x_"}, flat: outlookFlat, rule: underscores,
	},
	{
		name: "outlook mac", open: wordOpen, close: `</div></body></html>`, block: word, gap: `<p class="MsoNormal"><o:p>&nbsp;</o:p></p>`,
		quote: wordQuote("#B5C4DF", localised), flat: outlookFlat,
	},
	{
		// mailgun/talon, tests/fixtures/html_replies/windows_mail.html.
		name: "windows mail", open: wordOpen, close: `</div></body></html>`, block: word,
		sign: func(r *reply) string {
			s := `Sent from <a href="https://go.microsoft.com/fwlink/?LinkId=550986">Mail</a> for Windows`
			if r.l.tag == "de" {
				s = `Gesendet von <a href="https://go.microsoft.com/fwlink/?LinkId=550986">Mail</a> für Windows`
			}
			return `<p class="MsoNormal"><o:p>&nbsp;</o:p></p><p class="MsoNormal">` + s + `</p><p class="MsoNormal"><o:p>&nbsp;</o:p></p>`
		},
		quote: wordQuote("#E1E1E1", localised), treat: treatment{word: true}, flat: outlookFlat,
	},
	{
		// mailgun/talon, tests/fixtures/standard_replies/apple_mail.eml; the
		// attribution inside the blockquote since macOS 10.11.
		name: "apple mail", open: `<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body style="overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;">`,
		close: `<br></body></html>`, block: gmailless, gap: `<br id="lineBreakAtBeginningOfMessage">`,
		quote: func(r *reply, inner, below string) string {
			return `<div><br><blockquote type="cite"><div>` + appleLine(r) + `</div><br class="Apple-interchange-newline"><div>` + inner + `</div></blockquote>` + below + `</div>`
		},
		flat: flattening{mark: "> ", links: " <%s>"}, bottom: true,
	},
	{
		// mailgun/talon, tests/fixtures/standard_replies/iphone.eml.
		name: "apple mail ios", open: `<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body dir="auto">`, close: `</body></html>`,
		block: gmailless,
		sign: func(r *reply) string {
			return `<br id="lineBreakAtBeginningOfSignature"><div dir="ltr">` + r.l.iphone + `</div>`
		},
		quote: func(r *reply, inner, below string) string {
			return `<div dir="ltr"><br><blockquote type="cite">` + appleLine(r) + `<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">` + "\ufeff" + inner + `</div></blockquote>` + below
		},
		flat: flattening{mark: "> "}, bottom: true,
	},
	{
		// mailgun/talon, tests/fixtures/html_replies/thunderbird.html.
		name: "thunderbird", open: `<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"></head><body>`, close: `</body></html>`,
		block: paragraphs, quote: cite(`<div class="moz-cite-prefix">`, `type="cite" cite="mid:06f0abcdefghjkmnpqrstvwxyz.mail@chat.example.com"`, thunderbirdLine, "<br></div>"),
		flat: flattening{mark: "> ", links: " <%s>", bold: "*", cell: "\t"}, flowed: true, bottom: true,
	},
	{name: "thunderbird text", plain: pressed("> ", thunderbirdText), flowed: true, bottom: true, within: true},
	{name: "apple mail text", plain: pressed("> ", appleText), flowed: true, delsp: true, bottom: true, within: true},
	{
		// K-9: message_compose_reply_header_fmt_with_date in the strings of
		// thunderbird/thunderbird-android; the containers of 4672362099's kin are
		// Gmail's (HtmlQuoteCreator). The date is Android's, as in Gmail's line.
		name: "k-9", open: `<!DOCTYPE html><html><body>`, close: `</body></html>`, block: brokenLine, gap: "<br>",
		quote: func(r *reply, inner, below string) string {
			return `<div class="gmail_quote">` + r.line(r.l.gmail, false) + `<blockquote class="gmail_quote" style="margin: 0pt 0pt 0pt 0.8ex; border-left: 1px solid rgb(204, 204, 204); padding-left: 1ex;">` +
				inner + `</blockquote></div>` + below
		},
		plain: pressed(">", gmailText), bottom: true,
	},
	{name: "k-9 text", plain: pressed("> ", gmailText), bottom: true, within: true},
	{
		// M66B/FairEmail, MessageHelper.java: div[fairemail=reference] loses its
		// attribute when it is sent.
		name: "fairemail", open: `<html><body>`, close: `</body></html>`, block: paragraphs,
		quote: cite(`<div><p>`, `style="border-left:3px solid #ccc; padding-left:3px; margin:0"`, gmailLine, "</p>"),
		flat:  flattening{mark: "> ", links: " %s", cell: " "}, bottom: true,
	},
	{
		// muttmua/mutt, init.h: attribution "On %d, %n wrote:".
		name: "mutt", plain: pressed("> ", func(*language) string { return "On Fri, Nov {d}, 2026 at 12:00:00PM +0000, {n} wrote:" }), wraps: 72, bottom: true, within: true,
	},
	{
		// GNOME/evolution, mail/em-composer-utils.c: the attribution with ISO date.
		name: "evolution", open: `<html><body>`, close: `</body></html>`, block: divs, gap: "<div><br></div>",
		quote: cite(`<div>`, `type="cite" style="margin:0 0 0 .8ex; border-left:2px #729fcf solid;padding-left:1ex"`, thunderbirdLine, "</div>"),
		flat:  flattening{mark: "> ", cell: " ", width: 71}, wraps: 71, bottom: true,
	},
	{
		// The three sections: un/inbox and getfernand/unquotemail, whose samples read
		// "On Dec 10, 2019, 7:18 AM -0800, …, wrote:".
		name: "spark", block: wrapped(`<div name="messageBodySection">`, `</div>`, autoDivs),
		sign: always(`<div name="messageSignatureSection"><br><div class="matchFont">Sent from <a href="https://sparkmailapp.com/source?from=signature">Spark</a></div></div>`),
		quote: func(r *reply, inner, below string) string {
			return `<div name="messageReplySection">` + r.line("On Nov {d}, 2026, 1:00 PM +0100, {n} <{a}>, wrote:", false) +
				`<br><blockquote type="cite" style="border-left-color: grey; border-left-width: thin; border-left-style: solid; margin: 5px 5px;padding-left: 10px;" class="spark_quote">` + inner + `</blockquote></div>` + below
		},
		flat: flattening{mark: "> ", cell: " "},
	},
	{
		// The text form of it is in mailgun/talon, text_pattern_sent_from_samsung.
		name: "samsung", open: `<html><head></head><body dir="auto">`, close: `</body></html>`, block: autoDivs, gap: "<div><br></div>",
		sign: func(r *reply) string {
			return `<div dir="auto"><br></div><div id="composer_signature" dir="auto"><div style="font-size:12px;color:#575757" dir="auto">` + r.l.or(func(l *language) string { return l.galaxy }) + `</div></div>`
		},
		quote: func(r *reply, inner, below string) string {
			return `<div align="left" dir="auto" style="font-size:100%;color:#000000"><div>-------- ` + r.l.original + ` --------</div>` +
				listed(r.header(r.l, from, sentAt, to, subject), "<div>", " </div>") + `<div><br></div></div>` + inner + below
		},
		flat: flattening{cell: " "},
	},
	{
		// mailgun/talon, tests/fixtures: rows in small grey type above a rule.
		name: "notes", block: func(words string) string { return `<font size=2 face="sans-serif">` + brokenLine(words) + `</font>` }, gap: "<br><br><br>",
		quote: func(r *reply, inner, below string) string {
			return listed(r.header(r.l, from, to, sentAt, subject), `<font size=1 color=#5f5f5f face="sans-serif">`, `</font><br>`) + `<hr noshade><br><br><br>` + inner + below
		},
		flat: flattening{cell: " "}, rule: func(*language) string { return "" },
	},
	{
		// Its rows have no colon; the id and class "cite2" are in published samples.
		name: "em client", open: `<html><body>`, close: `</body></html>`, block: divs, gap: "<div><br></div>",
		quote: func(r *reply, inner, below string) string {
			rows := r.header(r.l, from, to, sentAt, subject)
			for i := range rows {
				rows[i].key = strings.TrimRight(rows[i].key, ": ") + " "
			}
			return `<div>------ ` + r.l.original + ` ------</div>` + listed(rows, "<div>", "</div>") +
				`<div><br></div><div id="x5b2d"><blockquote cite="06f0" type="cite" class="cite2">` + inner + `</blockquote></div>` + below
		},
		flat: flattening{mark: ">", cell: " "}, bottom: true,
	},
	{
		// talon, text_english_original_message: plain text without marks.
		name: "outlook text", plain: func(r *reply) (string, string) {
			return "-----" + r.l.original + "-----\n" + textHeader(r.header(r.l, from, sentAt, to, subject)) + "\n", r.o.text
		},
		within: true,
	},
	{
		name: "roundcube text", plain: pressed("> ", thunderbirdText), flowed: true, wraps: 0, bottom: true, within: true,
	},
	{
		name: "gmail plain text mode", plain: pressed("> ", gmailText), wraps: 76, bottom: true, within: true,
	},
}

// gmailless puts the first line bare and each further one into a <div>, as
// Apple's editor does.
func gmailless(words string) string {
	first, rest, more := strings.Cut(words, "\n")
	if !more {
		return typed(first, "")
	}
	return typed(first, "") + divs(rest)
}

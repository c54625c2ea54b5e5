package clients

// blockquotes is ProtonMail/WebClients, applications/mail/src/app/helpers/message/
// __fixtures__/messageBlockquote.fixtures.ts, with mails of a dozen clients.

// Gmail: blockquotes (gmail1 to gmail4), mailgun/talon, tests/fixtures/html_replies/gmail.html and standard_replies/gmail.eml.
var gmailFlat = flattening{mark: "> ", width: 76, links: " <%s>", bold: "*", image: "[image: %s]", hidden: true}

func gmailQuote(line func(*reply) string) func(r *reply, inner, below string) string {
	return func(r *reply, inner, below string) string {
		return `<div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">` + line(r) +
			`<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">` +
			inner + `</blockquote>` + below + `</div>`
	}
}

func gmailLine(r *reply) string { return r.line(r.l.gmail, true) }

// appleLine is that of Apple Mail, for the languages it is translated to.
func appleLine(r *reply) string {
	return r.line(r.l.or(func(l *language) string { return l.apple }), false)
}

func thunderbirdLine(r *reply) string {
	return r.line(r.l.or(func(l *language) string { return l.thunderbird }), false)
}

func yahooLine(r *reply) string {
	return r.line(r.l.or(func(l *language) string { return l.yahoo }), false)
}

// cite is a quotation in a blockquote below a line.
func cite(before, attrs string, line func(*reply) string, between string) func(r *reply, inner, below string) string {
	return func(r *reply, inner, below string) string {
		return before + line(r) + between + `<blockquote ` + attrs + `>` + inner + `</blockquote>` + below
	}
}

// fixed is a line that the client writes in English to everybody.
func fixed(s string) func(*reply) string { return func(r *reply) string { return r.line(s, false) } }

var webClients = []client{
	{
		name: "gmail web", block: gmailDivs, gap: "<br>", quote: gmailQuote(gmailLine), flat: gmailFlat, treat: treatment{ids: "m_-7216"}, wraps: 76, bottom: true,
	},
	{
		name: "gmail android", block: autoDivs, gap: "<br>", quote: gmailQuote(gmailLine), flat: gmailFlat, treat: treatment{ids: "m_81"}, wraps: 76, bottom: true,
	},
	{
		name: "gmail ios", open: "<div>", close: "</div>", block: autoDivs, gap: "<div><br></div>", quote: gmailQuote(gmailLine), flat: gmailFlat, wraps: 76,
	},
	{
		// blockquotes (yahoo);
		// mailgun/talon, tests/fixtures/standard_replies/yahoo.eml.
		name: "yahoo web", open: "<html><head></head><body>", close: "</body></html>",
		block: func(words string) string {
			return `<div class="ydp4ec1323dyahoo-style-wrap" style="font-family:Helvetica Neue, Helvetica, Arial, sans-serif;font-size:16px;"><div></div><div dir="ltr" data-setdir="false">` +
				divs(words) + `</div><div><br></div></div>`
		},
		quote: func(r *reply, inner, below string) string {
			return `<div id="yahoo_quoted_2158811873" class="yahoo_quoted"><div style="font-family:'Helvetica Neue', Helvetica, Arial, sans-serif;font-size:13px;color:#26282a;"><div>` +
				yahooLine(r) + `</div><div><br></div><div><br></div><div><div id="yiv3306508764">` + inner + `</div></div></div></div>` + below
		},
		treat: treatment{ids: "yiv3306508764"}, flat: flattening{links: " <%s>", cell: " ", hidden: true},
	},
	{
		// mailgun/talon, tests/fixtures/standard_replies/aol.eml.
		name: "aol", open: `<font color='black' size='2' face='arial'>`, close: `</font>`, block: brokenLine, gap: "<br>\n<br>\n",
		quote: func(r *reply, inner, below string) string {
			return `<div style="font-family:arial,helvetica;font-size:10pt;color:black">-----` + r.l.original + `-----<br>` +
				listed(r.header(r.l, from, to, sentAt, subject), "", "<br>\n") + `<br><div id="AOLMsgPart_0_4d68a632">` + inner + `</div></div>` + below
		},
		flat: flattening{cell: " "},
	},
	{
		// blockquotes (proton1, proton2).
		name: "proton", block: wrapped(`<div style="font-family: Arial, sans-serif; font-size: 14px;">`, `</div>`, divs), gap: `<div><br></div>`,
		sign: always(`<div class="protonmail_signature_block"><div class="protonmail_signature_block-user protonmail_signature_block-empty"></div><div class="protonmail_signature_block-proton">Sent with <a target="_blank" href="https://proton.me/">Proton Mail</a> secure email.</div></div>`),
		quote: cite(`<div class="protonmail_quote">`, `class="protonmail_quote" type="cite"`,
			fixed("On Friday, November {d}th, 2026 at 1:00 PM, {n} <{a}> wrote:"), "<br><br>"),
		close: `<br></div>`, flat: flattening{mark: "> ", links: " ", cell: " "},
	},
	{
		// The older form with hyphens of U+2010: simple-login/app issue 418.
		name: "proton 2021", block: divs, gap: `<div><br></div>`,
		quote: cite(`<div class="protonmail_quote"><div>‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐<br></div><div> `, `class="protonmail_quote" type="cite"`,
			fixed("On Friday, November {d}th, 2026 at 1:00 PM, {n} <{a}> wrote:"), "<br></div><div> <br></div>"),
		close: `</div><div><br></div>`, flat: flattening{mark: "> ", cell: " "},
	},
	{
		// discourse/email_reply_trimmer, lib/…/embedded_email_matcher.rb quotes the
		// line ("…, at 03:57 PM, …"). It is English in every language.
		name: "fastmail", open: `<!DOCTYPE html><html><head><title></title><style type="text/css">p.MsoNormal{margin:0}</style></head><body>`, close: `<div><br></div></body></html>`,
		block: divs, gap: "<div><br></div>",
		quote: cite(`<div>`, `type="cite" id="qt" style=""`, fixed("On Fri, Nov {d}, 2026, at 1:00 PM, {n} wrote:"), "</div>"),
		treat: treatment{ids: "qt-"}, flat: flattening{mark: "> ", links: " <%s>", bold: "*", cell: " "}, bottom: true,
	},
	{
		// blockquotes (gmx).
		name: "gmx", open: `<html><head></head><body><div style="font-family: Verdana;font-size: 12.0px;">`, close: `</div></body></html>`, block: divs, gap: "<div>&nbsp;</div>",
		quote: func(r *reply, inner, below string) string {
			return `<div name="quote" style="margin:10px 5px 5px 10px; padding: 10px 0 10px 10px; border-left:2px solid #C3D9E5; word-wrap: break-word;"><div style="margin:0 0 10px 0;">` +
				bold(r.header(r.l, sentAt, from, to, subject)) + `</div><div name="quoted-content">` + inner + `</div></div>` + below
		},
		htmlOnly: true,
	},
	{
		// GMX's sister; the rows as fiedl's email_de samples of web.de name them.
		name: "web.de", open: `<html><head></head><body>`, close: `</body></html>`, block: divs, gap: "<div>&nbsp;</div>",
		quote: func(r *reply, inner, below string) string {
			return `<div class="mail_quote"><div style="margin:0 0 10px 0;">` + bold(r.header(r.l, from, to, sentAt, subject)) + `</div><div name="quoted-content">` + inner + `</div></div>` + below
		},
		flat: flattening{links: " <%s>", cell: " "},
	},
	{
		// mailgun/talon, tests/fixtures/html_replies/mail_ru.html.
		name: "mail.ru", open: "<HTML><BODY>", close: "<br></BODY></HTML>", block: paragraphs, gap: "<br><br><br>",
		quote: func(r *reply, inner, below string) string {
			line := "Friday, November {d}, 2026 1:00 PM +03:00 from {n} <{a}>:"
			if r.l.tag == "ru" || r.l.tag == "uk" {
				line = "Пятница, {d} ноября 2026, 13:00 +03:00 от {n} <{a}>:"
			}
			return r.line(line, false) + `<br><blockquote style="border-left:1px solid #0857A6; margin:10px; padding:0 0 0 10px;"><div id=""><div class="js-helper js-readmsg-msg"><div><div id="style_14037768550000001020_BODY">` +
				inner + `</div></div></div></div></blockquote>` + below
		},
		flat: flattening{mark: ">", cell: " "},
	},
	{
		// The same with the line inside, as newer mails have it.
		name: "mail.ru app", open: "<HTML><BODY>", close: "</BODY></HTML>", block: divs, gap: "<div>&nbsp;</div>",
		quote: func(r *reply, inner, below string) string {
			line := "Friday, November {d}, 2026, 1:00 PM +03:00 from {n} <{a}>:"
			if r.l.tag == "ru" || r.l.tag == "uk" {
				line = "Пятница, {d} ноября 2026, 13:00 +03:00 от {n} <{a}>:"
			}
			return `<blockquote style="border-left:1px solid #0857A6;margin:10px;padding:0 0 0 10px;">` + r.line(line, true) + `<br>&nbsp;<div id="">` + inner + `</div></blockquote>` + below
		},
		flat: flattening{mark: ">", cell: " ", links: " <%s>"},
	},
	{
		// mailgun/talon, tests/fixtures/html_replies/yandex_ru.html.
		name: "yandex", block: divs, gap: "<div>&nbsp;</div>", quote: cite("<div>", "", fixed(`{d}.11.2026, 13:00, "{n}" <{a}>:`), "</div>"), htmlOnly: true, bottom: true,
	},
	{
		// blockquotes (netease), felixfw1990/email-origin, test/Providers/NeteaseTest.php.
		name: "163", open: `<div style="line-height:1.7;color:#000000;font-size:14px;font-family:Arial">`, close: `</div>`, block: divs, gap: "<br><br>",
		quote: func(r *reply, inner, below string) string {
			line := `At 2026-11-{d} 21:00:00, "{n}" <{a}> wrote:`
			if r.l.tag == "zh-Hans" {
				line = `在 2026-11-{d} 21:00:00，"{n}" <{a}> 写道：`
			}
			return r.line(line, false) + `<br> <blockquote id="isReplyContent" style="PADDING-LEFT: 1ex; MARGIN: 0px 0px 0px 0.8ex; BORDER-LEFT: #ccc 1px solid">` + inner + `</blockquote>` + below
		},
		flat: flattening{mark: ">", cell: " "},
	},
	{
		// felixfw1990/email-origin, test/Providers/TencentTest.php.
		name: "qq", block: divs, gap: "<div><br></div>",
		quote: func(r *reply, inner, below string) string {
			return `<div style="font-size: 12px;font-family: Arial Narrow;padding:2px 0 2px 0;">------------------&nbsp;` + r.l.original + `&nbsp;------------------</div><div style="font-size: 12px;background:#efefef;padding:8px;">` +
				listed(r.header(r.l, from, sentAt, to, subject), "<div><b></b>", ";</div>") + `</div><div><br></div>` + inner + below
		},
		flat: flattening{links: " ", cell: " "},
	},
	{
		// blockquotes (sina).
		name: "sina", block: brokenLine,
		quote: func(r *reply, inner, below string) string {
			return `<div id="origbody"><div style="background: #f2f2f2;">----- ` + r.l.original + ` -----<br>` +
				listed(r.header(r.l, from, to, subject, sentAt), "", "<br />") + `</div><br>` + inner + `</div>` + below
		},
		htmlOnly: true,
	},
	{
		// Its rows are English whatever the language; crisp-oss/email-reply-parser,
		// pull request 27, asks for the line.
		name: "naver", open: `<html><head><style>p{margin-top:0px;margin-bottom:0px;}</style></head><body><div style="font-size:10pt; font-family:Gulim;">`, close: `</div></body></html>`,
		block: divs, gap: "<p>&nbsp;</p>",
		quote: func(r *reply, inner, below string) string {
			e := english
			e.sent = "2026-11-{d} (Fri) 21:00:00 (GMT+09:00)"
			return `<p>-----Original Message-----<br>` + bold(r.header(&e, from, to, sentAt, subject)) + `<br></p><div>` + inner + `</div>` + below
		},
		htmlOnly: true,
	},
	{
		// roundcube/roundcubemail, program/localization/*/labels.inc (mailreplyintro).
		name: "roundcube", open: `<html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8" /></head><body style='font-size: 10pt'>`, close: `</body></html>`,
		block: paragraphs, quote: cite(`<p id="reply-intro">`, `type="cite" style="padding: 0 0.4em; border-left: #1010ff 2px solid; margin: 0"`, thunderbirdLine, "</p>\n"),
		treat: treatment{ids: "v1"}, flat: flattening{mark: "> ", links: " [%s]", cell: " ", width: 72}, wraps: 72, bottom: true,
	},
	{
		// blockquotes (zoho).
		name: "zoho", open: `<html><head></head><body><div style="font-family: Verdana, Arial, Helvetica, sans-serif; font-size: 10pt;">`, close: `</div><br></body></html>`,
		block: divs, gap: "<br>",
		quote: cite(`<div class="zmail_extra" style=""><div id="Zm-_Id_-Sgn1">`, `style="border-left: 1px solid rgb(204, 204, 204); padding-left: 6px; margin: 0px 0px 0px 5px;"`,
			fixed("---- On Fri, {d} Nov 2026 13:00:00 +0100 <b>{n} <{a}></b> wrote ---"), "</div><br>"),
		flat: flattening{links: " <%s>", cell: " "},
	},
	{
		// The markers are in mails of the lists cocci@systeme.lip6.fr (December 2019,
		// "Envoyé:") and usrp-users@lists.ettus.com (November 2024, "Konu:").
		name: "zimbra", open: `<html><body><div style="font-family: arial, helvetica, sans-serif; font-size: 12pt; color: #000000">`, close: `</div></body></html>`, block: divs, gap: "<div><br></div>",
		quote: func(r *reply, inner, below string) string {
			return `<hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__">` + bold(r.header(r.l, from, to, sentAt, subject)) +
				`<br></div><div><br></div><div data-marker="__QUOTED_TEXT__">` + inner + `</div>` + below
		},
		flat: flattening{links: " <%s>", cell: " "}, rule: func(l *language) string { return "----- " + l.original + " -----" },
	},
	{
		// HEY has one language; its editor is basecamp/trix.
		name: "hey", open: `<html><body><div class="trix-content">`, close: `</div></body></html>`, block: divs, gap: "<br><br>",
		quote: cite(`<div>`, ``, fixed("On November {d}, 2026, {n} <{a}> wrote:"), "</div>"), flat: flattening{mark: "> ", cell: " "},
	},
	{
		// "Sent via Superhuman" with its link and the bare gmail_quote: mails in
		// public repositories that quote sprh.mn/?vip=.
		name: "superhuman", open: "<div>", close: "</div>", block: divs, gap: "<br>",
		sign:  always(`<div class="gmail_signature"><div style="clear:both">Sent via <a href="https://sprh.mn/?vip=carla@example.net">Superhuman</a></div></div>`),
		quote: gmailQuote(fixed("On Fri, Nov {d}, 2026 at 1:00 PM, {n} <{a}> wrote:")), flat: flattening{mark: "> ", links: " ( %s )", cell: " "},
	},
	{
		// tutao/tutanota, MailViewerViewModel (tutanota_quote); the line is "… at … by …:".
		name: "tuta", block: divs, gap: "<div><br></div>",
		quote: cite(``, `class="tutanota_quote" style="border-left: 1px solid #93A3B8; padding-left: 10px; margin-left: 5px;"`,
			fixed("{d} Nov 2026 at 13:00 by {a}:"), "<br>"), htmlOnly: true,
	},
}

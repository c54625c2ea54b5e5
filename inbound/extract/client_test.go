package extract

import (
	"fmt"
	"testing"
)

// TestClients reads the HTML that clients make of an answer, without knowing what was sent. The shapes follow what the
// clients send; %s is the person's answer, the quoted mail is "Will you come?".
func TestClients(t *testing.T) {
	for _, c := range []struct{ name, body string }{
		{"Gmail", `<div dir="ltr"><div>%s</div></div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Mon, Jan 3, 2022 at 4:00 PM Ann &lt;<a href="mailto:ann@example.com">ann@example.com</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0"><div>Will you come?</div></blockquote></div>`},
		{"Gmail, a language we do not know", `<div dir="ltr">%s</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">Ar ddydd Llun ysgrifennodd Ann:<br></div><blockquote class="gmail_quote"><div>Will you come?</div></blockquote></div>`},
		{"Gmail with signature", `<div dir="ltr">%s<div><br></div><span class="gmail_signature_prefix">-- </span><br><div dir="ltr" class="gmail_signature">Bob<br>Acme</div></div><br><div class="gmail_quote"><div class="gmail_attr">On Mon, Jan 3, 2022 at 4:00 PM Ann wrote:</div><blockquote>Will you come?</blockquote></div>`},
		{"Outlook desktop", `<div class="WordSection1"><p class="MsoNormal">%s</p><p class="MsoNormal"><o:p>&nbsp;</o:p></p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in"><p class="MsoNormal"><b>From:</b> Ann &lt;ann@example.com&gt; <br><b>Sent:</b> Monday, January 3, 2022 4:00 PM<br><b>To:</b> Bob &lt;bob@example.com&gt;<br><b>Subject:</b> Question</p></div></div><p class="MsoNormal">Will you come?</p></div>`},
		{"Outlook on the web", `<div class="elementToProof" style="font-family:Aptos">%s</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%%"><div id="divRplyFwdMsg" dir="ltr"><font><b>From:</b> Ann &lt;ann@example.com&gt;<br><b>Sent:</b> Monday, January 3, 2022 4:00 PM<br><b>To:</b> Bob<br><b>Subject:</b> Question</font><div>&nbsp;</div></div><div>Will you come?</div>`},
		{"Outlook, a language we do not know", `<div>%s</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Oddi wrth:</b> Ann<br><b>Anfonwyd:</b> 3 Ionawr<br></div><div>Will you come?</div>`},
		{"Outlook for iOS", `<div dir="auto">%s</div><div id="ms-outlook-mobile-signature"><div></div>Get <a href="https://aka.ms/o0ukef">Outlook for iOS</a></div><div id="mail-editor-reference-message-container" class="ms-outlook-mobile-reference-message"><hr><div id="divRplyFwdMsg"><b>From:</b> Ann</div>Will you come?</div>`},
		{"Apple Mail", `<html><body style="word-wrap:break-word">%s<br><div><br><blockquote type="cite"><div>On 3 Jan 2022, at 16:00, Ann &lt;ann@example.com&gt; wrote:</div><br class="Apple-interchange-newline"><div>Will you come?</div></blockquote></div><br></body></html>`},
		{"iPhone", `<html><body dir="auto">%s<br><div dir="ltr">Sent from my iPhone</div><div dir="ltr"><br><blockquote type="cite">On 3 Jan 2022, at 16:00, Ann &lt;ann@example.com&gt; wrote:<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">Will you come?</div></blockquote></body></html>`},
		{"Thunderbird", `<p>%s<br></p><div class="moz-cite-prefix">Am 03.01.22 um 16:00 schrieb Ann:<br></div><blockquote type="cite" cite="mid:x@y"><p>Will you come?</p></blockquote>`},
		{"Yahoo", `<div class="ydp1a2b3cyahoo-style-wrap"><div dir="ltr">%s</div></div><div id="ydp9f8e7dyahoo_quoted_123" class="ydp9f8e7dyahoo_quoted"><div><div>On Monday, January 3, 2022, 04:00:00 PM GMT, Ann &lt;ann@example.com&gt; wrote:</div><div>Will you come?</div></div></div>`},
		{"Proton", `<div style="font-family:Arial">%s</div><div class="protonmail_signature_block"><div class="protonmail_signature_block-proton">Sent with <a href="https://proton.me/">Proton Mail</a> secure email.</div></div><div class="protonmail_quote">On Monday, January 3rd, 2022 at 16:00, Ann &lt;ann@example.com&gt; wrote:<br><blockquote class="protonmail_quote" type="cite"><div>Will you come?</div></blockquote></div>`},
		{"GMX", `<div><div>%s</div><div>&nbsp;<div name="quote" style="margin:10px"><div><b>Gesendet:</b>&nbsp;Montag, 3. Januar 2022 um 16:00 Uhr<br><b>Von:</b>&nbsp;Ann<br><b>An:</b>&nbsp;bob@example.com<br><b>Betreff:</b>&nbsp;Frage</div><div name="quoted-content">Will you come?</div></div></div></div>`},
		{"Mail.ru", `<HTML><BODY><div>%s</div><blockquote style="border-left:1px solid #0857A6">Понедельник, 3 января 2022, 16:00 +03:00 от Ann &lt;ann@example.com&gt;:<br>&nbsp;<div>Will you come?</div></blockquote></BODY></HTML>`},
		{"Yandex", `<div>%s</div><div>&nbsp;</div><div>03.01.2022, 16:00, "Ann" &lt;ann@example.com&gt;:</div><blockquote><p>Will you come?</p></blockquote>`},
		{"QQ", `<div>%s</div><div><br></div><div style="font-size:12px">------------------&nbsp;原始邮件&nbsp;------------------</div><div style="background:#efefef"><div><b>发件人:</b>&nbsp;"Ann" &lt;ann@example.com&gt;;</div><div><b>发送时间:</b>&nbsp;2022年1月3日(星期一) 下午4:00</div><div><b>收件人:</b>&nbsp;"Bob"&lt;bob@example.com&gt;;</div><div><b>主题:</b>&nbsp;Question</div></div><div>Will you come?</div>`},
		{"163", `<div>%s</div><br><br><div id="divNeteaseMailCard"></div><br><pre>At 2022-01-03 16:00:00, "Ann" &lt;ann@example.com&gt; wrote:</pre><blockquote id="isReplyContent" style="padding-left:1ex">Will you come?</blockquote>`},
		{"Naver", `<div>%s</div><p>&nbsp;</p><p>-----Original Message-----<br><b>From:</b> "Ann"&lt;ann@example.com&gt;<br><b>To:</b> "Bob"&lt;bob@example.com&gt;;<br><b>Cc:</b><br><b>Sent:</b> 2022-01-03 (월) 16:00:00 (GMT+09:00)<br><b>Subject:</b> Question<br></p><div>Will you come?</div>`},
		{"Zimbra", `<div>%s</div><div><br></div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>From: </b>"Ann" &lt;ann@example.com&gt;<br><b>Sent: </b>Monday<br></div><div data-marker="__QUOTED_TEXT__">Will you come?</div>`},
		{"Zoho", `<div>%s</div><div class="zmail_extra_hr" style="border-top:1px solid"></div><div class="zmail_extra"><div id="Zm-_Id_-Sgn1">---- On Mon, 03 Jan 2022 16:00:00 +0000 <b>Ann &lt;ann@example.com&gt;</b> wrote ----<br></div><blockquote>Will you come?</blockquote></div>`},
		{"Fastmail", `<div>%s</div><div><br></div><div>On Mon, 3 Jan 2022, at 16:00, Ann wrote:</div><blockquote type="cite" id="qt"><div>Will you come?</div></blockquote>`},
		{"Samsung", `<div dir="auto">%s</div><div><br></div><div id="composer_signature"><div>Von meinem Samsung Galaxy Smartphone gesendet.</div></div><div><br></div><div>-------- Ursprüngliche Nachricht --------</div><div>Von: Ann &lt;ann@example.com&gt; </div><div>Datum: 03.01.22  16:00  (GMT+01:00) </div><div>An: bob@example.com </div><div>Betreff: Frage </div><div><br></div><div>Will you come?</div>`},
		{"K-9", `<html><body><div>%s</div><br><br><div class="gmail_quote"><div dir="auto">Am 3. Januar 2022 16:00:00 MEZ schrieb Ann &lt;ann@example.com&gt;:</div><blockquote class="gmail_quote"><pre class="k9mail">Will you come?</pre></blockquote></div><br>-- <br>Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.</body></html>`},
		{"Lotus Notes", `<font face="sans-serif">%s</font><br><br><br><font color="#5F5F5F">From: </font><font>Ann/ACME</font><br><font color="#5F5F5F">To: </font><font>Bob/ACME@ACME</font><br><font color="#5F5F5F">Date: </font><font>01/03/2022 04:00 PM</font><br><font color="#5F5F5F">Subject: </font><font>Question</font><br><hr noshade><br>Will you come?`},
		{"Roundcube", `<p>%s</p><p id="reply-intro">Le 2022-01-03 16:00, Ann a écrit&nbsp;:</p><blockquote type="cite"><p>Will you come?</p></blockquote>`},
		{"Horde", `<p>%s</p><p>Zitat von Ann &lt;ann@example.com&gt;:</p><blockquote type="cite">Will you come?</blockquote>`},
		{"Windows Mail", `<div><div>%s</div><div data-signatureblock="true"><div>Sent from Windows Mail</div></div><div style="padding-top:5px;border-top:1px solid"><b>From:</b>&nbsp;<a>Ann</a><br><b>Sent:</b>&nbsp;Monday, January 3, 2022 4:00 PM<br><b>To:</b>&nbsp;<a>Bob</a></div><div>Will you come?</div></div>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Extract(Input{HTML: fmt.Sprintf(c.body, "Gladly,<br>at nine.")})
			if r.Text != "Gladly,\nat nine." || r.Posting != PostingTop {
				t.Errorf("text\n%s\nquoted\n%s\nsignature\n%s\nposting %s", r.Text, r.Quoted, r.Signature, r.Posting)
			}
			if bytes := len(r.HTML); bytes == 0 || bytes > 80 {
				t.Errorf("HTML %s", r.HTML)
			}
		})
	}
}

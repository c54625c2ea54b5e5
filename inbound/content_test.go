package inbound

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/gateway/wire"
)

// TestAttachments: files are kept sealed, shown with a signed link that serves
// them, and their links die with nothing else.
func TestAttachments(t *testing.T) {
	l := newLab(t)
	const pdf = "%PDF-1.4 a secret bill"
	big := strings.Repeat("0123456789abcdef", 4096) // beyond what is kept inside the commit
	l.send(mail{head: multipart, body: fileParts("Here you are", "Bill 1.pdf", "application/pdf", pdf, "big.bin", "application/x-thing", big, "evil.html", "text/html", "<script>1</script>")},
		l.address("c1", "bob")).is("250 2.0.0 Posted")
	ms := l.messages("c1")
	if len(ms) != 3 || ms[0].Text != "Here you are" || ms[1].Text != "" {
		t.Fatalf("posted %d messages: %+v", len(ms), ms)
	}
	if r := l.last(); len(r.Posted) != 3 {
		t.Errorf("recorded %v", r.Posted)
	}
	for i, want := range []struct{ name, body, kind string }{
		{"Bill 1.pdf", pdf, "application/pdf"}, {"big.bin", big, "application/octet-stream"}, {"evil.html", "<script>1</script>", "application/octet-stream"},
	} {
		a := ms[i].Attachment
		if a.Name != want.name || a.Size != int64(len(want.body)) {
			t.Errorf("attached %+v", a)
		}
		sealed, err := l.engine.Blob(t.Context(), shop, a.Blob)
		l.ok(err)
		if strings.Contains(string(sealed), want.body[:8]) {
			t.Errorf("%s lies in the open", a.Name)
		}
		shown := wire.AttachmentOf(*a, l.chat.Links)
		w := l.browse(shown.URL)
		if w.Code != 200 || w.Body.String() != want.body {
			t.Errorf("%s: the link answers %d with %d bytes", a.Name, w.Code, w.Body.Len())
		}
		h := w.Header()
		if h.Get("Content-Type") != want.kind || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment;") {
			t.Errorf("%s is served as %v", a.Name, h)
		}
	}
	if w := l.browse(publicURL + wire.AttachmentPath + l.tokens.Mint(token.Attachment, 99, ourDomain)); w.Code == 200 {
		t.Error("a link that was never given out serves a file")
	}
	l.ok(l.chat.DeleteMessage(t.Context(), shop, "c1", ms[0].ID))
	if w := l.browse(wire.AttachmentOf(*ms[0].Attachment, l.chat.Links).URL); w.Code == 200 {
		t.Error("the file outlives its message")
	}
}

// TestHarmlessNames: a file's name is a name.
func TestHarmlessNames(t *testing.T) {
	l := newLab(t)
	for _, name := range []string{"../../etc/passwd", "C:\\boot.ini", "a\x00b", "\u202Efdp.exe", "con", strings.Repeat("x", 5000), "", "=?utf-8?q?a=0D=0ABcc:x?=", l.address("c1", "bob")} {
		body := fileParts("x "+name, name, "text/plain", "x "+name)
		if strings.ContainsAny(name, "\x00") {
			body = strings.ReplaceAll(body, "\x00", "%00")
		}
		l.send(mail{head: multipart, body: body}, l.address("c1", "bob")).is("250 2.0.0 Posted")
		ms := l.messages("c1")
		got := ms[len(ms)-1].Attachment.Name
		if got == "" || len(got) > 300 || strings.ContainsAny(got, "/\\\r\n\x00\u202E") || strings.Contains(got, ourDomain[:5]+"@") || token.Looks(strings.SplitN(got, "@", 2)[0]) {
			t.Errorf("%.40q became %q", name, got)
		}
	}
}

// TestLongText: what a message cannot hold goes along whole, as a file.
func TestLongText(t *testing.T) {
	l := newLab(t)
	var b strings.Builder
	for i := 0; b.Len() <= chat.MaxText+5000; i++ {
		fmt.Fprintf(&b, "Line %d of a long story – with an ellipsis…\n", i)
	}
	text := strings.TrimSuffix(b.String(), "\n")
	l.send(mail{head: "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n", body: text}, l.address("c1", "bob")).is("250 2.0.0 Posted")
	m := l.messages("c1")[0]
	if len(m.Text) > chat.MaxText || !strings.HasSuffix(m.Text, clipped) || !strings.HasPrefix(text, strings.TrimSuffix(m.Text, clipped)) {
		t.Errorf("posted %d octets that end in %q", len(m.Text), m.Text[len(m.Text)-20:])
	}
	if m.Attachment == nil || m.Attachment.Name != "message.txt" {
		t.Fatalf("attached %+v", m.Attachment)
	}
	if got := l.browse(wire.AttachmentOf(*m.Attachment, l.chat.Links).URL).Body.String(); got != text {
		t.Errorf("the file holds %d octets of %d", len(got), len(text))
	}
}

// TestHostileContent: what looks like markup is inert wherever it is shown.
func TestHostileContent(t *testing.T) {
	l := newLab(t)
	const xss = `<svg/onload=alert(1)><script>alert(2)</script>`
	l.send(mail{
		from: `"<svg/onload=alert(0)>" <bob@people.test>`, subject: xss, path: "bob@people.test", sign: people,
		head: "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b1\n",
		body: "--b1\nContent-Type: text/html\n\n<p onclick='x()'>Hi <img src=http://tracker.test/p.gif><a href='javascript:alert(3)'>you</a></p>" + xss +
			"<style>*{display:none}</style>\n--b1\nContent-Type: text/plain; name=\"<svg onload=1>.txt\"\nContent-Disposition: attachment; filename=\"<svg onload=1>.txt\"\n\nx\n--b1--\n",
	}, l.address("c1", "bob")).is("250 2.0.0 Posted")
	html := strings.ToLower(l.last().Content.HTML)
	for _, bad := range []string{"<svg", "<script", "onload", "onclick", "javascript:", "<style", "tracker.test", "<img"} {
		if strings.Contains(html, bad) {
			t.Errorf("the html holds %s: %s", bad, html)
		}
	}
	data := string(l.events(gateway.EventMessageSent)[0].Data)
	if strings.Contains(data, "<svg") || strings.Contains(data, "<script") { // JSON may be put into a page
		t.Errorf("told %s", data)
	}
}

// TestHeaderInjection: line ends and controls do not survive decoding.
func TestHeaderInjection(t *testing.T) {
	l := newLab(t)
	l.send(mail{subject: "=?utf-8?q?a=0D=0ABcc:_eve@evil.test=00=1B[31m?=", id: "x\"><script>@mail.people.test", body: "Hello"}, l.address("c1", "bob")).is("250 2.0.0 Posted")
	r := l.last()
	if strings.ContainsAny(r.Subject+r.MessageID, "\r\n\x00\x1b") {
		t.Errorf("kept %q, %q", r.Subject, r.MessageID)
	}
}

// TestCharsets: Japanese, Chinese and Western mail that is labelled badly.
func TestCharsets(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	for name, c := range map[string]struct{ head, body, want string }{
		"declared UTF-8 wins":          {"Content-Type: text/plain; charset=utf-8\n", "Grüße", "Grüße"},
		"ISO-2022-JP":                  {"Content-Type: text/plain; charset=iso-2022-jp\n", "\x1b$B$3$s$K$A$O\x1b(B", "こんにちは"},
		"ISO-2022-JP without charset":  {"Content-Type: text/plain\n", "\x1b$B$3$s$K$A$O\x1b(B", "こんにちは"},
		"ISO-2022-JP quoted-printable": {"Content-Type: text/plain; charset=ISO-2022-JP\nContent-Transfer-Encoding: quoted-printable\n", "=1B$B$3$s$K$A$O=1B(B", "こんにちは"},
		"gb2312 that is gb18030":       {"Content-Type: text/plain; charset=gb2312\nContent-Transfer-Encoding: base64\n", base64.StdEncoding.EncodeToString([]byte("\xe9F\xc4\xe3\xba\xc3")), "镕你好"},
		"Latin-1":                      {"Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n", "Gr=FC=DFe", "Grüße"},
		"KOI8-R":                       {"Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: quoted-printable\n", "=F0=D2=C9=D7=C5=D4", "Привет"},
		"KOI8-U":                       {"Content-Type: text/plain; charset=KOI8-U\nContent-Transfer-Encoding: quoted-printable\n", "=F0=D2=C9=D7=A6=D4", "Привіт"},
		"windows-1251":                 {"Content-Type: text/plain; charset=\"windows-1251\"\nContent-Transfer-Encoding: quoted-printable\n", "=CF=F0=E8=E2=E5=F2", "Привет"},
		"GB18030, four octets":         {"Content-Type: text/plain; charset=GB18030\nContent-Transfer-Encoding: base64\n", base64.StdEncoding.EncodeToString([]byte("\xc4\xe3\x90\x30\x81\x30")), "你𐀀"},
		"Big5":                         {"Content-Type: text/plain; charset=big5\nContent-Transfer-Encoding: base64\n", base64.StdEncoding.EncodeToString([]byte("\xa7\x41\xa6\x6e")), "你好"},
		"Shift_JIS":                    {"Content-Type: text/plain; charset=Shift_JIS\nContent-Transfer-Encoding: base64\n", base64.StdEncoding.EncodeToString([]byte("\x82\xb1\x82\xf1")), "こん"},
		"EUC-KR that is CP949":         {"Content-Type: text/plain; charset=ks_c_5601-1987\nContent-Transfer-Encoding: base64\n", base64.StdEncoding.EncodeToString([]byte("\xbe\xc8\xb3\xe7\x8c\x63")), "안녕똠"},
		"Latin-2":                      {"Content-Type: text/plain; charset=iso-8859-2\nContent-Transfer-Encoding: quoted-printable\n", "Za=BF=F3=B3=E6", "Zażółć"},
		"Latin-9 with the euro":        {"Content-Type: text/plain; charset=iso-8859-15\nContent-Transfer-Encoding: quoted-printable\n", "5 =A4", "5 €"},
		"Latin-1 that is windows-1252": {"Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n", "=93Yes=94 =80", "“Yes” €"},
		"UTF-8 called us-ascii":        {"Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: 8bit\n", "Grüße", "Grüße"},
		"UTF-8 called Latin-1":         {"Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n", "Grüße", "Grüße"},
		"Latin-1 called UTF-8":         {"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n", "Gr=FC=DFe", "Grüße"},
		"UTF-16 with its mark":         {"Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n", base64.StdEncoding.EncodeToString([]byte("\xff\xfeH\x00\xe9\x00")), "Hé"},
		"a charset nobody knows":       {"Content-Type: text/plain; charset=x-mystery\nContent-Transfer-Encoding: 8bit\n", "Grüße", "Grüße"},
		"UTF-7 is not decoded":         {"Content-Type: text/plain; charset=utf-7\n", "+ADw-b+AD4-", "+ADw-b+AD4-"},
		"HTML that names its own":      {"Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n", "<meta charset=3Dkoi8-r><p>=F0=D2=C9=D7=C5=D4</p>", "Привет"},
		"Hebrew":                       {"Content-Type: text/plain; charset=iso-8859-8-i\nContent-Transfer-Encoding: quoted-printable\n", "=F9=EC=E5=ED", "שלום"},
		"Arabic":                       {"Content-Type: text/plain; charset=windows-1256\nContent-Transfer-Encoding: quoted-printable\n", "=E3=D1=CD=C8=C7", "مرحبا"},
		"Thai":                         {"Content-Type: text/plain; charset=tis-620\nContent-Transfer-Encoding: quoted-printable\n", "=CA=C7=D1=CA=B4=D5", "สวัสดี"},
		"unlabelled":                   {"Content-Type: text/plain\nContent-Transfer-Encoding: 8bit\n", "Gr\xfc\xdfe", "Grüße"},
	} {
		l.send(mail{head: "MIME-Version: 1.0\nX-Case: " + name + "\n" + c.head, body: c.body}, to).is("250 2.0.0 Posted")
		ms := l.messages("c1")
		if got := ms[len(ms)-1].Text; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestSignedAndPackedMail: PGP, S/MIME, winmail.dat and calendars are not blank.
func TestSignedAndPackedMail(t *testing.T) {
	for name, c := range map[string]struct {
		head, body string
		text       string
		files      int
		code       string
	}{
		"PGP signed": {
			"Content-Type: multipart/signed; micalg=pgp-sha256; protocol=\"application/pgp-signature\"; boundary=b1\n",
			"--b1\nContent-Type: text/plain\n\nSigned words\n--b1\nContent-Type: application/pgp-signature; name=signature.asc\n\n-----BEGIN PGP SIGNATURE-----\nx\n-----END PGP SIGNATURE-----\n--b1--\n",
			"Signed words", 0, "250"},
		"S/MIME signed": {
			"Content-Type: multipart/signed; micalg=sha-256; protocol=\"application/pkcs7-signature\"; boundary=b1\n",
			"--b1\nContent-Type: text/plain\n\nSigned words\n--b1\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\nMIIB\n--b1--\n",
			"Signed words", 0, "250"},
		"S/MIME encrypted": {
			"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n", "MIIB", "", 0, "550 5.7.0 "},
		"PGP inline": {"Content-Type: text/plain\n", "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n=abcd\n-----END PGP MESSAGE-----\n", "", 0, "550 5.7.0 "},
		"winmail.dat": {
			"Content-Type: multipart/mixed; boundary=b1\n",
			"--b1\nContent-Type: text/plain\n\nSee file\n--b1\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\neJ8+\n--b1--\n",
			"See file", 1, "250"},
		"invitation": {
			"Content-Type: multipart/alternative; boundary=b1\n",
			"--b1\nContent-Type: text/plain\n\nMeet me\n--b1\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n--b1--\n",
			"Meet me", 1, "250"},
		"accepted invitation": {
			"Content-Type: multipart/alternative; boundary=b1\n",
			"--b1\nContent-Type: text/plain\n\nBob has accepted\n--b1\nContent-Type: text/calendar; method=REPLY; charset=utf-8\n\nBEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR\n--b1--\n",
			"", 0, "250"},
		"image within the text, without disposition": {
			"Content-Type: multipart/related; boundary=b1\n",
			"--b1\nContent-Type: text/html\n\n<p>Look <img src=\"cid:i1\"></p>\n--b1\nContent-Type: image/png; name=i.png\nContent-ID: <i1>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b1--\n",
			"Look", 1, "250"},
		"a table beside a text that says cid:": {
			"Content-Type: multipart/mixed; boundary=b1\n",
			"--b1\nContent-Type: text/plain\n\nThe cid: is in it\n--b1\nContent-Type: application/vnd.ms-excel; name=t.xlsx\nContent-Disposition: attachment; filename=t.xlsx\nContent-Transfer-Encoding: base64\n\nUEsDBA==\n--b1--\n",
			"The cid: is in it", 1, "250"},
		"nothing but a file": {
			"Content-Type: image/jpeg; name=photo.jpg\nContent-Disposition: attachment; filename=photo.jpg\nContent-Transfer-Encoding: base64\n", "/9j/4AAQ", "", 1, "250"},
		"a quotation with a file": {
			"Content-Type: multipart/mixed; boundary=b1\n",
			"--b1\nContent-Type: text/plain\n\nOn Monday Ann wrote:\n> Hello\n--b1\nContent-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment; filename=a.pdf\n\nx\n--b1--\n",
			"", 1, "250"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.send(mail{head: "MIME-Version: 1.0\n" + c.head, body: c.body}, l.address("c1", "bob")).is(c.code)
			files, text := 0, ""
			for _, m := range l.messages("c1") {
				text += m.Text
				if m.Attachment != nil {
					files++
				}
				if name == "invitation" && (m.Attachment == nil || m.Attachment.Name != "invite.ics" || m.Attachment.Type != "text/calendar") {
					t.Errorf("attached %+v", m.Attachment)
				}
				if name == "winmail.dat" && (m.Attachment == nil || m.Attachment.Name != "winmail.dat") {
					t.Errorf("attached %+v", m.Attachment)
				}
			}
			if text != c.text || files != c.files {
				t.Errorf("posted %q with %d files, want %q with %d", text, files, c.text, c.files)
			}
			switch r := l.last(); {
			case strings.HasPrefix(c.code, "550") && (r.State != gateway.ReplyRejected || r.Reason != gateway.ReasonEncrypted):
				t.Errorf("recorded %s for %s", r.State, r.Reason)
			case name == "accepted invitation" && r.State != gateway.ReplyAutomatic:
				t.Errorf("recorded %s", r.State)
			}
		})
	}
}

// TestRawMailIsSealed: nothing of a mail lies readable in the database.
func TestRawMailIsSealed(t *testing.T) {
	l := newLab(t)
	l.send(mail{sign: "-", head: "X-Private: moonflower\n", body: "Held words"}, l.address("c1", "bob")).is("250 ")
	r := l.last()
	sealed, err := l.engine.Blob(t.Context(), shop, r.Raw)
	l.ok(err)
	if strings.Contains(string(sealed), "moonflower") {
		t.Error("the raw mail lies in the open")
	}
	if _, err := l.box.Open(secret.PurposeFile, sealed); err == nil {
		t.Error("a mail opens as a file")
	}
	if !strings.Contains(l.stored(shop, r), "moonflower") {
		t.Error("the raw mail is not there")
	}
}

// TestRejectedHeldReply: what was decided against leaves no file behind.
func TestRejectedHeldReply(t *testing.T) {
	l := newLab(t)
	l.send(mail{sign: "-", head: multipart, body: fileParts("x", "a.txt", "text/plain", "first")}, l.address("c1", "bob")).is("250 ")
	if n := l.blobs(); n != 2 {
		t.Fatalf("%d blobs are kept of a held mail with a file", n)
	}
	if _, err := l.chat.Reject(t.Context(), shop, l.last().ID); err != nil {
		t.Fatal(err)
	}
	if n := l.blobs(); n != 1 {
		t.Errorf("%d blobs are kept of a rejected one", n)
	}
	if n := len(all(l, store.Replies, store.AppKey(shop))); n != 1 {
		t.Errorf("%d records", n)
	}
}

func FuzzWithoutTokens(f *testing.F) {
	good := "ra" + strings.Repeat("a2", 19)
	for _, s := range []string{"", "Re: Order", good, "x" + good, good + "@" + ourDomain, "<" + strings.ToUpper(good) + ">", good + " " + good, "é" + good + "é", "\xff" + good} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := withoutTokens(s)
		for _, word := range strings.FieldsFunc(got, outsideToken) {
			if token.Looks(word) {
				t.Errorf("%q still holds %s", s, word)
			}
		}
		if !strings.Contains(got, "[…]") && got != s {
			t.Errorf("%q became %q", s, got)
		}
	})
}

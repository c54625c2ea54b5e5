package inbound

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway/chat"
)

// picture is a PNG; one of much noise is large.
func picture(t *testing.T, width, height int, noise bool) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	if noise {
		r := rand.New(rand.NewPCG(1, 2))
		for i := range img.Pix {
			img.Pix[i] = byte(r.Uint32())
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// htmlMail is a mail with pictures by their Content-IDs.
func htmlMail(body string, pictures ...string) mail {
	m := mail{head: "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b1\n", body: "--b1\nContent-Type: text/html; charset=utf-8\n\n" + body + "\n"}
	for i := 0; i+1 < len(pictures); i += 2 {
		m.body += fmt.Sprintf("--b1\nContent-Type: image/png; name=%[1]s.png\nContent-ID: <%[1]s>\nContent-Disposition: inline\nContent-Transfer-Encoding: base64\n\n%[2]s\n", pictures[i], base64Lines(pictures[i+1]))
	}
	m.body += "--b1--\n"
	return m
}

// TestLogos: the logo of a signature is not posted; whatever else came is.
func TestLogos(t *testing.T) {
	const sign = `<p>Best regards,<br>Bob Miller</p><p><img src="cid:logo"></p><p>ACME Ltd, 1 High Street</p>`
	logo, shot, banner := picture(t, 180, 60, false), picture(t, 900, 700, false), picture(t, 700, 150, true)
	for name, c := range map[string]struct {
		m     mail
		files string
	}{
		"a logo":                                {htmlMail("<p>Yes, please.</p>"+sign, "logo", logo), ""},
		"a logo and a pasted screenshot":        {htmlMail("<p>Look:</p><p><img src=cid:shot></p>"+sign, "shot", shot, "logo", logo), "shot.png"},
		"a small pasted picture":                {htmlMail("<p>Look:</p><p><img src=cid:tiny></p>"+sign, "tiny", logo), "tiny.png"},
		"a screenshot below the name":           {htmlMail("<p>Yes.</p>"+strings.Replace(sign, "cid:logo", "cid:shot", 1), "shot", shot), "shot.png"},
		"a logo that the words show too":        {htmlMail("<p>Our logo: <img src=cid:logo> it is</p>"+sign, "logo", logo), "logo.png"},
		"a picture that nothing refers to":      {htmlMail("<p>Yes, please.</p><p>Best regards,<br>Bob Miller</p>", "logo", logo), "logo.png"},
		"nothing but a picture":                 {htmlMail("<p><img src=cid:logo></p>", "logo", logo), "logo.png"},
		"a banner":                              {htmlMail("<p>Yes, please.</p>"+sign, "logo", banner), "logo.png"},
		"what only calls itself a picture":      {htmlMail("<p>Yes, please.</p>"+sign, "logo", "no picture"), "logo.png"},
		"a logo as it is, among attached files": {mail{head: multipart, body: fileParts("Yes, please.", "logo.png", "image/png", logo)}, "logo.png"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.send(c.m, l.address("c1", "bob")).is("250 2.0.0 Posted")
			var files []string
			for _, m := range l.messages("c1") {
				if m.Attachment != nil {
					files = append(files, m.Attachment.Name)
				}
			}
			if got := strings.Join(files, " "); got != c.files {
				t.Errorf("posted %q, want %q", got, c.files)
			}
			if name != "nothing but a picture" && !strings.HasPrefix(l.texts("c1")[0], "Yes") && !strings.HasPrefix(l.texts("c1")[0], "Look") && !strings.HasPrefix(l.texts("c1")[0], "Our logo") {
				t.Errorf("posted %q", l.texts("c1"))
			}
		})
	}
}

// TestBannerOnce: a large picture of a signature is posted with the first mail, of
// which it may be a part, and with no other of that person.
func TestBannerOnce(t *testing.T) {
	l := newLab(t)
	banner := picture(t, 700, 150, true)
	const sign = `<p>Best regards,<br>Bob Miller</p><p><img src="cid:logo"></p><p>ACME Ltd, 1 High Street</p>`
	for i := range 3 {
		l.send(htmlMail(fmt.Sprintf("<p>Answer %d.</p>", i)+sign, "logo", banner), l.address("c1", "bob")).is("250 2.0.0 Posted")
	}
	l.send(htmlMail("<p>Mine too.</p>"+sign, "logo", banner), l.address("c2", "bob")).is("250 2.0.0 Posted")
	l.send(htmlMail("<p>Here it is: <img src=cid:logo></p>", "logo", banner), l.address("c2", "bob")).is("250 2.0.0 Posted")
	files := func(c string) (n int) {
		for _, m := range append(l.messages("c1"), l.messages("c2")...) {
			if m.Attachment != nil && string(m.Conversation) == c {
				n++
			}
		}
		return n
	}
	if files("c1") != 1 || files("c2") != 1 { // in c2 it was pasted into the words
		t.Errorf("posted %d and %d times", files("c1"), files("c2"))
	}
}

// TestBannerTwice: a copy of the mail whose signature's picture was posted is a
// copy still: it posts nothing, neither words nor picture.
func TestBannerTwice(t *testing.T) {
	const sign = `<p>Best regards,<br>Bob Miller</p><p><img src="cid:logo"></p><p>ACME Ltd, 1 High Street</p>`
	for name, words := range map[string]string{"with words": "<p>Yes, please.</p>", "without": ""} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			m := htmlMail(words+sign, "logo", picture(t, 700, 150, true))
			m.id = nextID()
			to := l.address("c1", "bob")
			l.send(m, to).is("250 2.0.0 Posted")
			posted := len(l.messages("c1"))
			l.send(m, to).is("250 2.0.0 Already posted")
			if n := len(l.messages("c1")); n != posted {
				t.Errorf("a copy posted %d more", n-posted)
			}
		})
	}
}

// TestBannerHeld: a picture counts as posted only when it was.
func TestBannerHeld(t *testing.T) {
	l := newLab(t)
	l.chat.Brake = chat.Brake{PerHour: 1}
	const sign = `<p>Best regards,<br>Bob Miller</p><p><img src="cid:logo"></p><p>ACME Ltd, 1 High Street</p>`
	banner := picture(t, 700, 150, true)
	l.send(mail{body: "One"}, l.address("c1", "bob")).is("250 2.0.0 Posted")
	l.send(htmlMail("<p>Two.</p>"+sign, "logo", banner), l.address("c1", "bob")).is("250 2.0.0 Accepted")
	l.send(htmlMail("<p>Elsewhere.</p>"+sign, "logo", banner), l.address("c2", "bob")).is("250 2.0.0 Posted")
	if ms := l.messages("c2"); len(ms) == 0 || ms[len(ms)-1].Attachment == nil {
		t.Errorf("posted %+v, without the picture that was in none", ms)
	}
}

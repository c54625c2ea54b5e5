package extract

import (
	"strings"
	"testing"
)

func TestSignaturePictures(t *testing.T) {
	const (
		logo = `<img src="cid:logo@x">`
		shot = `<p><img src="cid:shot@x"></p>`
		sign = `<p>Best regards,<br>Bob Miller</p><p>` + logo + `</p><p>ACME Ltd, 1 High Street</p>`
	)
	for body, want := range map[string]string{
		`<p>Yes, please.</p>` + sign:                 "logo@x",
		`<p>Yes, please.</p>` + shot + sign:          "logo@x",
		`<p>Look: <img src="cid:shot@x"></p>` + sign: "logo@x",
		shot + sign: "", // without words nothing is taken for a signature
		`<p>Yes.</p><p>-- </p><p>Bob</p><p>` + logo + `</p>`:   "logo@x",
		`<p>Yes.</p><p>-- <br>Bob ` + logo + `</p>`:            "logo@x",
		`<p>See ` + logo + ` above.</p>` + sign:                "", // shown in the words, too
		`<p>Here it is.</p>` + shot:                            "",
		`<p>Here it is.</p>` + shot + `<p>And more of it.</p>`: "",
		shot: "",
		`<p>Yes.</p><p>-- </p><p>Bob</p><p><img src="https://acme.test/logo.png"></p>`: "",
		`<p>Yes.</p><p>-- </p><p>Bob</p><p><img src="CID:a%20b@x"></p>`:                "a b@x",
		`<p>Here.</p>` + shot + `<blockquote type=cite><p>Ann wrote</p></blockquote>`:  "",
	} {
		r := Extract(Input{HTML: body})
		if got := strings.Join(r.Pictures, " "); got != want {
			t.Errorf("%s: %q, want %q (signature %q)", body, got, want, r.Signature)
		}
	}
}

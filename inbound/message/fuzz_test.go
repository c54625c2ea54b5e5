package message

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
)

func addMails(f *testing.F) {
	files, _ := filepath.Glob("testdata/mail/*.eml")
	for _, file := range files {
		f.Add(read(f, file))
	}
	f.Add(openNesting(12))
	f.Add(flat("--b\r\n")(3))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n----\r\n"))
	f.Add([]byte(" fold\r\n\r\n"))
	f.Add([]byte("no header"))
	f.Add([]byte{})
}

// FuzzScan holds the structure to what it promises: parts lie inside the mail
// and inside their limits, and what is within limits can be read.
func FuzzScan(f *testing.F) {
	addMails(f)
	limits := DefaultLimits()
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Scan(raw, limits)
		if err != nil {
			return
		}
		if s.Depth > limits.Depth || s.Parts > limits.Parts || len(s.entities) != s.Parts+1 || s.HeaderBytes > len(raw) {
			t.Errorf("depth %d, parts %d, entities %d, header %d", s.Depth, s.Parts, len(s.entities), s.HeaderBytes)
		}
		total := 0
		for _, e := range s.entities {
			if len(e.children) == 0 {
				total += len(e.header) + len(e.body)
			}
		}
		if total > len(raw) {
			t.Errorf("parts of %d octets in a mail of %d", total, len(raw))
		}
	})
}

func FuzzParse(f *testing.F) {
	addMails(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Parse(raw)
		if err != nil {
			if gateway.StatusOf(err).Code != 550 {
				t.Errorf("within the limits, but: %v", err)
			}
			return
		}
		checkStrings(t, m)
		Digest(m.Text, m.Attachments)
	})
}

func FuzzAutomatic(f *testing.F) {
	f.Add("Auto-Submitted: auto-replied", "ann@example.com")
	f.Add("X-Replygate-Loop: reply.example.net", "")
	f.Add("Subject: Out of office\r\nX-Auto-Response-Suppress: All", "")
	f.Add("From: <<>>, mailer-daemon@x.example", "")
	f.Fuzz(func(t *testing.T, header, from string) {
		m, err := Parse([]byte(header + "\r\n\r\nx"))
		if err != nil {
			return
		}
		a, _ := gateway.ParseAddress(from)
		rule, auto := Automatic(m, gateway.ReversePath{Address: a}, "reply.example.net")
		if auto != (rule != "") {
			t.Errorf("rule %q, automatic %v", rule, auto)
		}
		if a.IsZero() && !auto {
			t.Error("a null sender is not automatic")
		}
	})
}

func FuzzDecodeWords(f *testing.F) {
	f.Add("=?utf-8?q?=C3?= =?utf-8?q?=A4?= x", "koi8-r")
	f.Add("=?iso-2022-jp?b?GyRCJCI=?=", "")
	f.Fuzz(func(t *testing.T, s, charset string) {
		if got := clean(decodeWords(s, charset)); strings.ContainsAny(got, "\r\n\x00") {
			t.Errorf("%q has a control character", got)
		}
		harmlessName(s, charset)
		parseMedia(s).get("filename")
	})
}

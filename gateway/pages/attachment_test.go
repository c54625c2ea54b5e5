package pages_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
)

// file stores a sealed attachment and returns its token.
func (s *site) file(name, typ string, data []byte, revoked bool) string {
	s.t.Helper()
	sealed := s.box.Seal(secret.PurposeFile, data)
	staged, err := s.store.Stage(s.t.Context(), "shop", sealed)
	if err != nil {
		s.t.Fatal(err)
	}
	var ref gateway.BlobRef
	s.update(func(tx store.Tx) error { ref, err = tx.Keep(staged); return err })
	row := store.HandleRow{Attachment: &gateway.Attachment{Name: name, Type: typ, Size: int64(len(data)), Blob: ref}}
	if revoked {
		now := time.Now()
		row.RevokedAt = &now
	}
	return s.link(token.Attachment, row)
}

func TestAttachment(t *testing.T) {
	s := newSite(t, nil)
	small, large := []byte("hello"), bytes.Repeat([]byte("0123456789"), 100_000)
	for _, c := range []struct {
		name, typ, wantType, disposition string
		data                             []byte
	}{
		{"plan.pdf", "application/pdf", "application/pdf", `attachment; filename="plan.pdf"`, large},
		{"evil.html", "text/html", "application/octet-stream", `attachment; filename="evil.html"`, small},
		{"p.svg", "image/svg+xml", "application/octet-stream", `attachment; filename="p.svg"`, small},
		{"Büro 100%.txt", "text/plain; charset=x", "text/plain", `attachment; filename="B_ro 100_.txt"; filename*=UTF-8''B%C3%BCro%20100%25.txt`, small},
		{"../../etc/passwd", "", "application/octet-stream", `attachment; filename="_.._etc_passwd"`, small},
		{"invoice\u202efdp.exe", "x", "application/octet-stream", `attachment; filename="invoicefdp.exe"`, small},
		{"a\"\r\nSet-Cookie: x=1", "", "application/octet-stream", `attachment; filename="a_Set-Cookie_ x=1"`, small},
		{"", "", "application/octet-stream", `attachment; filename="attachment"`, small},
		{"con.txt", "text/plain", "text/plain", `attachment; filename="attachment.txt"`, small},
	} {
		w := s.do("GET", "/a/"+s.file(c.name, c.typ, c.data, false), "", "")
		h := w.Header()
		if w.Code != 200 || !bytes.Equal(w.Body.Bytes(), c.data) {
			t.Errorf("%q: %d, %d octets", c.name, w.Code, w.Body.Len())
		}
		if h.Get("Content-Type") != c.wantType || h.Get("Content-Disposition") != c.disposition {
			t.Errorf("%q: %s, %s", c.name, h.Get("Content-Type"), h.Get("Content-Disposition"))
		}
		if h.Get("Content-Security-Policy") != "default-src 'none'; sandbox" || h.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.HasPrefix(h.Get("Cache-Control"), "private") || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%q: headers %v", c.name, h)
		}
	}
	if w := s.do("GET", "/a/"+s.file("x", "", small, true), "", ""); w.Code != 404 {
		t.Errorf("a revoked link answers %d", w.Code)
	}
	if w := s.do("POST", "/a/"+s.file("x", "", small, false), "", ""); w.Code != 405 {
		t.Errorf("POST answers %d", w.Code)
	}
}

func TestLongNamesKeepTheirEnding(t *testing.T) {
	s := newSite(t, nil)
	w := s.do("HEAD", "/a/"+s.file(strings.Repeat("ü", 300)+".jpeg", "image/jpeg", []byte("x"), false), "", "")
	d := w.Header().Get("Content-Disposition")
	if !strings.HasSuffix(d, ".jpeg") || len(d) > 1000 || w.Body.Len() != 0 {
		t.Errorf("disposition %s", d)
	}
}

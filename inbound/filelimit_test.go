package inbound

import (
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
)

// TestFileLimits: what is too much, too large or of a refused kind is refused in
// words, and leaves no file behind.
func TestFileLimits(t *testing.T) {
	l := newLab(t)
	l.rcv.Files = FileLimits{Count: 2, Size: 1000, Refused: []string{"exe", "js"}}
	to := l.address("c1", "bob")
	for _, c := range []struct {
		files []string
		want  string
	}{
		{[]string{"a.pdf", "x", "b.pdf", "y"}, "250 2.0.0 Posted"},
		{[]string{"a.pdf", "x", "b.pdf", "y", "c.pdf", "z"}, "550 5.6.0 Your mail has more than 2 files"},
		{[]string{"a.pdf", strings.Repeat("x", 1001)}, "552 5.3.4 A file of your mail is larger than 1000 bytes"},
		{[]string{"setup.EXE", "x"}, "550 5.7.1 Files of the kind .exe are not accepted here"},
		{[]string{"invoice.pdf.js ", "x"}, "550 5.7.1 Files of the kind .js "},
		{[]string{"js", "x", "notes.exe.txt", "y"}, "250 2.0.0 Posted"},
	} {
		var parts []string
		for i := 0; i+1 < len(c.files); i += 2 {
			parts = append(parts, c.files[i], "application/octet-stream", c.files[i+1])
		}
		before := l.blobs()
		l.send(mail{head: multipart, body: fileParts("Here: "+c.files[0], parts...)}, to).is(c.want)
		if strings.HasPrefix(c.want, "5") {
			l.recorded(gateway.ReplyRejected, gateway.ReasonAttachment)
			if n := l.blobs() - before; n != 1 { // the mail itself
				t.Errorf("%d blobs are kept of a refused mail", n)
			}
		}
	}
}

package dkim

import (
	"bytes"
	"io"
	"testing"
)

// TestBufferFitsTheMail: what verifying allocates follows the mail's size, up to
// the size of a piece; what is read is the mail.
func TestBufferFitsTheMail(t *testing.T) {
	head := []byte("From: a@example.com\r\nDKIM-Signature: v=1\r\n")
	for _, c := range []struct{ body, want int }{
		{0, minBuffer}, {100, minBuffer}, {10_000, 10_000 + len(head) + 2}, {readBuffer, readBuffer}, {1 << 20, readBuffer},
	} {
		raw := append(append(head[:len(head):len(head)], "\r\n"...), bytes.Repeat([]byte{'x'}, c.body)...)
		fields, body, err := ReadHeader(raw)
		if err != nil {
			t.Fatal(err)
		}
		r := readerFor(&signature{index: 1}, fields, body)
		if r.Size() != c.want {
			t.Errorf("a body of %d: the buffer has %d bytes, want %d", c.body, r.Size(), c.want)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("a body of %d: read %d bytes, want %d: %v", c.body, len(got), len(raw), err)
		}
	}
}

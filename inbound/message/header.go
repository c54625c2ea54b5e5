package message

import (
	"bufio"
	"bytes"
	"fmt"
	"net/textproto"
	"strings"

	"github.com/jhillyerd/enmime/v2"
)

// Header is the header of a mail. Names are matched without regard to case.
type Header struct {
	fields   textproto.MIMEHeader
	fallback string // charset of bare octets
}

// Get returns the first field of a name, decoded (RFC 2047, RFC 6532), on one
// line, without control characters; empty if there is none.
func (h Header) Get(name string) string {
	if v := h.Raw(name); len(v) > 0 {
		return clean(decodeWords(v[0], h.fallback))
	}
	return ""
}

// Values returns all fields of a name, each as Get returns the first.
func (h Header) Values(name string) []string {
	raw := h.Raw(name)
	values := make([]string, len(raw))
	for i, v := range raw {
		values[i] = clean(decodeWords(v, h.fallback))
	}
	return values
}

// Raw returns all fields of a name, unfolded but not decoded. They may hold
// any octets.
func (h Header) Raw(name string) []string {
	return h.fields[textproto.CanonicalMIMEHeaderKey(name)]
}

// Has tells whether there is a field of that name.
func (h Header) Has(name string) bool { return len(h.Raw(name)) > 0 }

// readHeader reads a header block that Scan has measured. A panic inside
// enmime becomes an error.
func readHeader(block []byte) (h Header, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("read header: enmime panicked: %v", r)
		}
	}()
	block = skipFolds(block)
	var ignored partErrors
	fields, err := enmime.ReadHeader(bufio.NewReaderSize(bytes.NewReader(block), min(len(block)+16, 4096)), ignored)
	if err != nil {
		return Header{}, fmt.Errorf("read header: %w", err)
	}
	return Header{fields: fields}, nil
}

// skipFolds drops what cannot begin a header: continuations of nothing and the
// line of a mailbox file.
func skipFolds(block []byte) []byte {
	for len(block) > 0 && (strings.IndexByte(blanks, block[0]) >= 0 || isMboxLine(block)) {
		i := bytes.IndexByte(block, '\n')
		if i < 0 {
			return nil
		}
		block = block[i+1:]
	}
	return block
}

// partErrors takes enmime's complaints, which nobody needs: what is broken in
// a header is passed over.
type partErrors struct{}

// AddError drops a complaint.
func (partErrors) AddError(string, string, ...any) {}

// AddWarning drops a complaint.
func (partErrors) AddWarning(string, string, ...any) {}

// All returns all fields by name in lower case, each as Values returns it.
func (h Header) All() map[string][]string {
	out := map[string][]string{}
	for name := range h.fields {
		out[strings.ToLower(name)] = h.Values(name)
	}
	return out
}

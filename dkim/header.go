package dkim

import (
	"bytes"
	"errors"
	"fmt"
)

// Limits of a header block. Behind them, verification costs little whatever the
// mail holds.
const (
	MaxHeader = 256 << 10 // octets
	MaxFields = 1000
	MaxLines  = 2000
)

// Errors of ReadHeader.
var (
	ErrHeaderSize   = errors.New("the header is larger than the limit")
	ErrHeaderSyntax = errors.New("the header is not well-formed")
)

// Field is one header field as it stands in the mail.
type Field struct {
	// Name is as written, without the white space the obsolete syntax allows
	// before the colon.
	Name string
	// Raw is the whole field, folded as it is, with its last CRLF.
	Raw []byte
	// Spaced tells that white space stood before the colon (RFC 5322, section 4.5).
	Spaced bool
}

// Value is what stands behind the colon, folded as it is, with its last CRLF.
func (f Field) Value() []byte { return f.Raw[bytes.IndexByte(f.Raw, ':')+1:] }

// Is tells whether the field has that name, but for the case of ASCII letters.
func (f Field) Is(name string) bool { return equalFold(f.Name, name) }

// ReadHeader takes the fields of a mail apart, strictly: every line ends in
// CRLF, names are printable ASCII, nothing else stands among them. What readers
// could see differently is an error, since a signature vouches only for what all
// of them see alike. A mail may end after its header without an empty line. Time
// and memory are linear in the header, and bounded.
func ReadHeader(raw []byte) (fields []Field, body []byte, err error) {
	rest, lines := raw, 0
	for len(rest) > 0 {
		end := bytes.IndexByte(rest[:min(len(rest), MaxHeader)], '\n')
		if lines++; lines > MaxLines || end < 0 && len(rest) > MaxHeader || len(raw)-len(rest)+end > MaxHeader {
			return nil, nil, ErrHeaderSize
		}
		line, err := cutLine(rest, end)
		if err != nil {
			return nil, nil, fmt.Errorf("line %d: %w", lines, err)
		}
		rest = rest[len(line):]
		switch {
		case len(line) == len("\r\n"):
			return fields, rest, nil
		case line[0] == ' ' || line[0] == '\t':
			if len(fields) == 0 {
				return nil, nil, fmt.Errorf("line %d: %w", lines, ErrHeaderSyntax)
			}
			f := &fields[len(fields)-1]
			f.Raw = f.Raw[:len(f.Raw)+len(line)] // the line follows it in raw
		default:
			f, err := newField(line)
			if err != nil {
				return nil, nil, fmt.Errorf("line %d: %w", lines, err)
			}
			if fields = append(fields, f); len(fields) > MaxFields {
				return nil, nil, ErrHeaderSize
			}
		}
	}
	return fields, nil, nil
}

// cutLine returns the first line with its CRLF; end is where its LF stands.
func cutLine(rest []byte, end int) ([]byte, error) {
	if end < 1 || rest[end-1] != '\r' {
		return nil, ErrHeaderSyntax
	}
	if bytes.ContainsAny(rest[:end-1], "\r\x00") {
		return nil, ErrHeaderSyntax
	}
	return rest[:end+1], nil
}

// newField checks the name: RFC 5322, section 3.6.8 (ftext), and section 4.5.
func newField(line []byte) (Field, error) {
	colon := bytes.IndexByte(line, ':')
	if colon < 0 {
		return Field{}, ErrHeaderSyntax
	}
	name := bytes.TrimRight(line[:colon], " \t")
	for _, c := range name {
		if c <= ' ' || c > '~' {
			return Field{}, ErrHeaderSyntax
		}
	}
	if len(name) == 0 {
		return Field{}, ErrHeaderSyntax
	}
	return Field{Name: string(name), Raw: line, Spaced: len(name) < colon}, nil
}

func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// toLower folds ASCII letters only.
func toLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = lower(c)
	}
	return string(b)
}

package message

import "bytes"

// entity is one node of a mail's structure: the mail itself or a body part
// (RFC 2045, section 2.4).
type entity struct {
	parent   int // index of the multipart around it, -1 for the mail itself
	children []int
	header   []byte // the header block without the empty line behind it
	start    int    // where the body begins
	body     []byte
	media    media
	encoding string // Content-Transfer-Encoding, lower case
	// disposition is the value of Content-Disposition (RFC 2183).
	disposition media
}

// endBody sets the body to what stands before end. RFC 2046, section 5.1.1:
// the line end before a boundary belongs to the boundary.
func (e *entity) endBody(raw []byte, end int) {
	body := raw[min(e.start, end):end]
	if end < len(raw) {
		body = bytes.TrimSuffix(body, []byte{'\n'})
		body = bytes.TrimSuffix(body, []byte{'\r'})
	}
	e.body = body
}

// decodedSize is the most octets the body can decode to.
func (e *entity) decodedSize() int {
	if e.encoding == "base64" {
		return len(e.body) / 4 * 3
	}
	return len(e.body)
}

// header reads the header block at pos and moves to the body. A block ends at
// an empty line, at a boundary, or where a part's text begins without one.
func (s *scanner) header(parent int) (entity, error) {
	b := block{start: s.pos, mail: parent < 0}
	for s.pos < len(s.raw) {
		start := s.pos
		line := s.next()
		if len(line) == 0 {
			break
		}
		if _, _, ok := s.match(line); ok || !b.take(line, start) {
			s.pos = start
			break
		}
		b.end = s.pos
		if err := b.check(s.limits); err != nil {
			return entity{}, err
		}
	}
	if b.mail {
		s.out.HeaderBytes, s.out.Fields, s.out.HeaderLines = b.end-b.start, b.fields, b.lines
	}
	e := entity{parent: parent, header: s.raw[b.start:max(b.start, b.end)], start: s.pos}
	e.media = parseMedia(b.mediaType.of(s.raw))
	e.disposition = parseMedia(b.disposition.of(s.raw))
	e.encoding = firstWord(b.encoding.of(s.raw))
	return e, nil
}

// block is a header block while it is read.
type block struct {
	mail       bool // the mail's own, not a part's
	start, end int
	fields     int
	lines      int
	current    *span // value of the field being read, if it matters
	// Of each of these the first counts.
	mediaType, disposition, encoding span
}

// span is a range of the raw mail.
type span struct{ from, to int }

func (s span) of(raw []byte) string { return string(raw[s.from:s.to]) }

// take reads one line of the block. It answers false where the line cannot
// belong to it, so that the text of a part that lacks its empty line is kept.
func (b *block) take(line []byte, start int) bool {
	b.lines++
	colon := bytes.IndexByte(line, ':')
	switch folded := line[0] == ' ' || line[0] == '\t'; {
	case folded && (b.fields > 0 || b.mail):
		b.extend(start + len(line))
		return true
	case !folded && isFieldName(line[:max(colon, 0)]):
	case b.mail && b.fields > 0: // a fold that lost its space, as enmime takes it too
		b.extend(start + len(line))
		return true
	default:
		return b.mail && isMboxLine(line)
	}
	b.fields++
	b.current = nil
	if s := b.field(bytes.TrimRight(line[:colon], " \t")); s != nil && s.to == 0 {
		*s = span{start + colon + 1, start + len(line)}
		b.current = s
	}
	return true
}

// field tells where the value of a field goes that the structure hangs on.
func (b *block) field(name []byte) *span {
	switch {
	case bytes.EqualFold(name, []byte("Content-Type")):
		return &b.mediaType
	case bytes.EqualFold(name, []byte("Content-Disposition")):
		return &b.disposition
	case bytes.EqualFold(name, []byte("Content-Transfer-Encoding")):
		return &b.encoding
	}
	return nil
}

func (b *block) extend(to int) {
	if b.current != nil {
		b.current.to = to
	}
}

func (b *block) check(l Limits) error {
	switch {
	case b.end-b.start > l.HeaderBytes:
		return beyond(sayHeaderBytes, l.HeaderBytes)
	case b.fields > l.Fields:
		return beyond(sayFields, l.Fields)
	case b.lines > l.HeaderLines:
		return beyond(sayHeaderLines, l.HeaderLines)
	}
	return nil
}

// isFieldName follows RFC 5322, section 3.6.8, and allows the white space
// before the colon of the obsolete syntax (section 4.5).
func isFieldName(name []byte) bool {
	name = bytes.TrimRight(name, " \t")
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return len(name) > 0
}

// isMboxLine recognises the "From " line of a mailbox file, which some relays leave in.
func isMboxLine(line []byte) bool {
	return bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From "))
}

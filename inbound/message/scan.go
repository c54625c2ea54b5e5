package message

import "bytes"

// Structure is what Scan found: where the parts of a mail begin and end. It
// refers to the scanned bytes, which must not change while it is used.
type Structure struct {
	// Depth is the deepest nesting of multiparts, 0 for a mail that is none.
	Depth int
	// Parts is the number of body parts of all multiparts.
	Parts int
	// HeaderBytes, Fields and HeaderLines measure the mail's own header.
	HeaderBytes int
	Fields      int
	HeaderLines int
	// Decoded is the number of octets the parts hold when decoded, at most.
	Decoded int

	raw      []byte
	entities []entity // in the order of the mail; the first is the mail itself
}

// Scan finds the structure of a mail, or tells which limit it breaks by a
// gateway.Status (550 5.6.0). It reads every line once and compares only lines
// that start with "--" with the boundaries open at that point, at most
// Limits.Depth of them: its time is linear in len(raw), whatever raw holds.
//
// Boundaries that are never closed end with the mail; a boundary equal to that
// of an outer multipart belongs to the inner one until that is closed. Mails
// inside the mail (message/rfc822) are files and not looked into.
func Scan(raw []byte, limits Limits) (Structure, error) {
	s := scanner{raw: raw, limits: limits, out: Structure{raw: raw}, leaf: -1}
	if err := s.scan(); err != nil {
		return Structure{}, err
	}
	return s.out, nil
}

type scanner struct {
	raw    []byte
	limits Limits
	out    Structure
	pos    int     // start of the next line
	open   []frame // multiparts not closed yet, outermost first
	leaf   int     // entity whose body is being read, -1 in a preamble or epilogue
	blank  int     // blank lines up to here
}

// frame is an open multipart.
type frame struct {
	entity   int
	boundary string
}

func (s *scanner) scan() error {
	if err := s.begin(-1); err != nil {
		return err
	}
	for s.pos < len(s.raw) {
		start := s.pos
		line := s.next()
		if level, closing, ok := s.match(line); ok {
			s.finish(level, start, closing)
			if closing {
				continue
			}
			if err := s.begin(s.open[level].entity); err != nil {
				return err
			}
			continue
		}
		if err := s.countBlank(line); err != nil {
			return err
		}
	}
	s.finish(0, len(s.raw), true)
	return s.measure()
}

// next returns the line at pos without its end, and moves behind it.
func (s *scanner) next() []byte {
	rest := s.raw[s.pos:]
	i := bytes.IndexByte(rest, '\n')
	if i < 0 {
		s.pos = len(s.raw)
		return rest
	}
	s.pos += i + 1
	return bytes.TrimSuffix(rest[:i], []byte{'\r'})
}

// match tells which open multipart a line delimits, the innermost first.
// RFC 2046, section 5.1.1: white space may follow the boundary.
func (s *scanner) match(line []byte) (level int, closing, ok bool) {
	if len(s.open) == 0 || len(line) < 2 || line[0] != '-' || line[1] != '-' {
		return 0, false, false
	}
	word := bytes.TrimRight(line[2:], " \t\r")
	for level := len(s.open) - 1; level >= 0; level-- {
		b := s.open[level].boundary
		switch {
		case string(word) == b:
			return level, false, true
		case len(word) == len(b)+2 && string(word[:len(b)]) == b && string(word[len(b):]) == "--":
			return level, true, true
		}
	}
	return 0, false, false
}

// finish ends the body being read and the multiparts inside level at end; with
// closing, the one at level too.
func (s *scanner) finish(level, end int, closing bool) {
	if s.leaf >= 0 {
		s.out.entities[s.leaf].endBody(s.raw, end)
		s.leaf = -1
	}
	keep := level + 1
	if closing {
		keep = level
	}
	for len(s.open) > keep {
		last := len(s.open) - 1
		s.out.entities[s.open[last].entity].endBody(s.raw, end)
		s.open = s.open[:last]
	}
}

// begin reads the header at pos and opens the entity it belongs to.
func (s *scanner) begin(parent int) error {
	if parent >= 0 {
		if s.out.Parts++; s.out.Parts > s.limits.Parts {
			return beyond(sayParts, s.limits.Parts)
		}
	}
	index := len(s.out.entities)
	e, err := s.header(parent)
	if err != nil {
		return err
	}
	s.out.entities = append(s.out.entities, e)
	s.blank = 0
	if !e.media.multipart() {
		s.leaf = index
		return nil
	}
	boundary := e.media.get("boundary")
	if len(boundary) > s.limits.Boundary {
		return beyond(sayBoundary, s.limits.Boundary)
	}
	if boundary == "" {
		s.leaf = index
		return nil
	}
	s.open = append(s.open, frame{index, boundary})
	s.out.Depth = max(s.out.Depth, len(s.open))
	if s.out.Depth > s.limits.Depth {
		return beyond(sayDepth, s.limits.Depth)
	}
	return nil
}

// countBlank bounds runs of blank lines, which simple DKIM canonicalisation
// and text tools go through again and again.
func (s *scanner) countBlank(line []byte) error {
	if len(bytes.TrimLeft(line, " \t\r")) > 0 {
		s.blank = 0
		return nil
	}
	if s.blank++; s.blank > s.limits.BlankLines {
		return beyond(sayBlankLines, s.limits.BlankLines)
	}
	return nil
}

// measure links each entity with its parent and sums up what they hold.
func (s *scanner) measure() error {
	for i := range s.out.entities {
		e := &s.out.entities[i]
		if e.parent >= 0 {
			p := &s.out.entities[e.parent]
			p.children = append(p.children, i)
		}
	}
	for i := range s.out.entities {
		if e := &s.out.entities[i]; len(e.children) == 0 {
			s.out.Decoded += e.decodedSize()
		}
	}
	if s.out.Decoded > s.limits.Decoded {
		return beyond(sayDecoded, s.limits.Decoded)
	}
	return nil
}

package smtpd

import "bytes"

// maxDataLine is the longest line of a message in octets, without its CR LF. RFC 5321, section
// 4.5.3.1.6, says 1000, but real mail has lines of many kB.
const maxDataLine = 1 << 20

// Where an unstuffer stands.
const (
	lineStart = iota // behind DATA's CR LF, or behind one of the message
	firstDot         // a dot at the start of a line
	dotCR            // a dot at the start of a line, and CR
	inLine
	afterCR // CR elsewhere
)

// unstuffer reads the octets behind DATA: it finds the end, undoes
// dot-stuffing and remembers what no message may hold. It works in one pass
// and keeps nothing of the message.
type unstuffer struct {
	state int
	line  int // octets of the line so far, with its CR
	done  bool

	bareCR, bareLF, nul, longLine bool
}

// next reads from p, which is not empty, until content has to be left out. It
// returns the content, which is a part of p or a single CR, and how much of p
// it has read. With u.done, the rest of p is no message any more.
func (u *unstuffer) next(p []byte) (content []byte, n int) {
	i := 0
	for i < len(p) {
		switch u.state {
		case lineStart:
			if p[i] != '.' {
				u.state = inLine
				continue
			}
			if i > 0 {
				return p[:i], i
			}
			u.state = firstDot
			return nil, 1
		case firstDot: // i is 0, as the dot was the end of what was read
			if p[i] == '\r' {
				u.state = dotCR
				return nil, 1
			}
			// RFC 5321, section 4.5.2: the dot is deleted, the line goes on.
			u.state = inLine
		case dotCR:
			// RFC 5321, section 4.1.1.4: only CR LF "." CR LF is the end.
			if p[i] == '\n' {
				u.done = true
				return nil, 1
			}
			u.state, u.bareCR = inLine, true
			return []byte("\r"), 0
		default:
			i += u.scan(p[i:])
		}
	}
	return p, i
}

// scan reads within a line: up to and with the next LF, or all of p.
func (u *unstuffer) scan(p []byte) int {
	if u.state == afterCR {
		if p[0] == '\n' {
			u.state, u.line = lineStart, 0
			return 1
		}
		u.state, u.bareCR = inLine, true
	}
	text, ended := p, false
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		text, ended = p[:i], true
	}
	u.check(text)
	endsInCR := len(text) > 0 && text[len(text)-1] == '\r'
	switch {
	case ended && endsInCR:
		u.state, u.line = lineStart, 0
	case ended:
		u.bareLF, u.line = true, 0
	case endsInCR:
		u.state = afterCR
	}
	if ended {
		return len(text) + 1
	}
	return len(text)
}

// check looks at a piece of a line without LF.
func (u *unstuffer) check(text []byte) {
	u.line += len(text)
	u.longLine = u.longLine || u.line > maxDataLine+len("\r")
	u.nul = u.nul || bytes.IndexByte(text, 0) >= 0
	if i := bytes.IndexByte(text, '\r'); i >= 0 && i < len(text)-1 {
		u.bareCR = true // what follows it is not LF
	}
}

// sound tells whether the message held nothing it must not hold.
func (u *unstuffer) sound() bool { return !u.bareCR && !u.bareLF && !u.nul && !u.longLine }

// fault names what is unsound, for the sender to read.
func (u *unstuffer) fault() string {
	switch {
	case u.nul:
		return "a NUL octet"
	case u.bareCR || u.bareLF:
		return "line endings other than CR LF"
	}
	return "a line that is too long"
}

package message

import "strings"

// media is a value of Content-Type or Content-Disposition: a lower-case word
// with parameters, read as loosely as real mail needs it.
type media struct {
	word   string
	params []param
}

// param is a parameter as written, its name in lower case.
type param struct{ name, value string }

// maxParams bounds the parameters of one field; further ones are ignored.
const maxParams = 200

const blanks = " \t\r\n"

// multipart tells whether the type is a multipart.
func (m media) multipart() bool { return strings.HasPrefix(m.word, "multipart/") }

// parseMedia reads a field value (RFC 2045, section 5.1). It is lenient:
// semicolons may be missing, values unquoted, quotes unclosed.
func parseMedia(value string) media {
	value = strings.TrimLeft(value, blanks)
	end := strings.IndexAny(value, blanks+`;,("=<>`)
	if end < 0 {
		end = len(value)
	}
	m := media{word: strings.ToLower(value[:end])}
	if end < len(value) && value[end] == '=' { // parameters only: the type is missing
		m.word, end = "", 0
	}
	rest := value[end:]
	for range maxParams {
		p, after, ok := nextParam(rest)
		if !ok {
			break
		}
		m.params = append(m.params, p)
		rest = after
	}
	return m
}

// nextParam cuts the next "name=value" off s.
func nextParam(s string) (p param, rest string, ok bool) {
	eq := strings.IndexByte(s, '=')
	if eq < 0 {
		return param{}, "", false
	}
	p.name = strings.TrimRight(s[:eq], blanks)
	if i := strings.LastIndexAny(p.name, blanks+";,"); i >= 0 { // what has no value is passed over
		p.name = p.name[i+1:]
	}
	p.name = strings.ToLower(p.name)
	s = strings.TrimLeft(s[eq+1:], blanks)
	if strings.HasPrefix(s, `"`) {
		p.value, rest = quoted(s[1:])
		return p, rest, true
	}
	end := strings.IndexByte(s, ';')
	if end < 0 {
		end = len(s)
	}
	if p.name != "name" && !strings.HasPrefix(p.name, "filename") {
		if i := strings.IndexAny(s[:end], blanks); i >= 0 { // the semicolon is missing
			end = i
		}
	}
	p.value = strings.TrimRight(s[:end], blanks)
	return p, s[end:], true
}

// quoted reads a quoted string whose first quote is gone. A backslash escapes
// only a quote or a backslash: Windows paths come unescaped.
func quoted(s string) (value, rest string) {
	if i := strings.IndexAny(s, "\"\\\r\n"); i >= 0 && s[i] == '"' {
		return s[:i], s[i+1:]
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:]
		case c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		case c != '\r' && c != '\n':
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// get returns a parameter in UTF-8: in the extended form of RFC 2231 if there
// is one, else as written. The first of several of one name counts.
func (m media) get(name string) string {
	plain, found := "", false
	for _, p := range m.params {
		if len(p.name) < len(name) || p.name[:len(name)] != name {
			continue
		}
		switch rest := p.name[len(name):]; {
		case rest == "" && !found:
			plain, found = p.value, true
		case rest == "*" || rest == "*0" || rest == "*0*":
			return m.extended(name)
		}
	}
	return plain
}

// extended joins the pieces of a parameter (RFC 2231, sections 3 and 4). Pieces
// that stand out of order are taken as they come.
func (m media) extended(name string) string {
	var octets []byte
	charset := ""
	for _, p := range m.params {
		rest, ok := strings.CutPrefix(p.name, name+"*")
		if !ok {
			continue
		}
		value := p.value
		if rest == "" || rest == "0*" {
			if parts := strings.SplitN(value, "'", 3); len(parts) == 3 {
				charset, value = parts[0], parts[2]
			}
		}
		if rest == "" || strings.HasSuffix(rest, "*") {
			octets = unpercent(octets, value)
		} else {
			octets = append(octets, value...)
		}
	}
	return decodeText(octets, charset)
}

// unpercent appends s to dst with its percent signs undone; a lone one stays.
func unpercent(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if hi, lo := unhex(s[i+1]), unhex(s[i+2]); hi >= 0 && lo >= 0 {
				dst = append(dst, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		dst = append(dst, s[i])
	}
	return dst
}

// firstWord is the first word of a field value in lower case.
func firstWord(value string) string {
	value = strings.TrimLeft(value, blanks)
	if i := strings.IndexAny(value, blanks+";(,"); i >= 0 {
		value = value[:i]
	}
	return strings.ToLower(strings.Trim(value, `"`))
}

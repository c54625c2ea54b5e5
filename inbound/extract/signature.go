package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	signatureLines = 25 // a signature below "--" has no more
	closingLines   = 10 // nor has one below "Regards,"
	nameWords      = 5
)

// signature finds where, between the lines a and b, what the person wrote ends and the signature begins. Lines of
// devices are marked on the way. below tells that the lines stand below a quotation, where nothing but a signature may be.
func (d *document) signature(a, b int, below bool) (end int) {
	first := d.nextText(a, b)
	if first == b {
		return b
	}
	b = d.delimited(a, first, b, below)
	end = b
	for i := first; i < b; i++ {
		l := &d.lines[i]
		if l.blank() || l.code || l.class == classDevice {
			if l.class == classDevice && i == first {
				first = d.nextText(i+1, b)
			}
			continue
		}
		if l.hint&hintSignature != 0 && d.onlyHinted(i, b) {
			d.mark(i, b, classSignature, "client's signature block")
			end = i
			break
		}
		lang, ok := deviceLine(l.text)
		if !ok {
			if lang, ok = d.wrappedDevice(i, b); !ok {
				continue
			}
		}
		if d.lang == "" {
			d.lang = lang
		}
		l.set(classDevice, "device line")
		if i == first && d.nextText(i+1, b) < b {
			first = d.nextText(i+1, b)
			continue
		}
		d.mark(i+1, b, classSignature, "below a device line")
		end = i
		if above := i - 1; above > first && strings.HasPrefix(l.text, "via ") && d.lines[above-1].blank() && nameLike(d.lines[above].text, 2) {
			d.mark(above, i, classSignature, "name above a device line")
			end = above
		}
		break
	}
	end = d.footer(first, end, below)
	end = d.trailingRules(first, end)
	end = d.closing(first, end)
	end = d.dashedName(first, end)
	end = d.contact(first, end)
	return d.trailingRules(first, end)
}

// mark gives the lines from a to b a class.
func (d *document) mark(a, b int, c class, rule string) {
	for i := a; i < b; i++ {
		if l := &d.lines[i]; l.class != classDevice {
			l.set(c, rule)
		}
	}
}

// nextText returns the first line from a on that is not blank, or b.
func (d *document) nextText(a, b int) int {
	for a < b && d.lines[a].blank() {
		a++
	}
	return a
}

// lastText returns the last line before b that is not blank, or a-1.
func (d *document) lastText(a, b int) int {
	for b--; b >= a && d.lines[b].blank(); b-- {
	}
	return b
}

func (d *document) onlyHinted(a, b int) bool {
	for ; a < b; a++ {
		if l := &d.lines[a]; !l.blank() && l.hint&hintSignature == 0 {
			return false
		}
	}
	return true
}

// delimited finds the separator of RFC 3676, section 4.3, "-- ", also without its space.
func (d *document) delimited(a, first, end int, below bool) int {
	lines := 0
	at := -1
	for i := end - 1; i >= a; i-- {
		l := &d.lines[i]
		if l.blank() || l.code {
			continue
		}
		if isDelimiter(l.text) && (l.text != "---" || lines > 0 && lines <= 4 && d.shortLines(i+1, end)) {
			at = i
			if strings.HasSuffix(l.raw, "-- ") {
				break
			}
		}
		if lines++; lines > signatureLines {
			break
		}
	}
	if at < 0 || at <= first && !below && !strings.HasSuffix(d.lines[at].raw, "-- ") && d.lines[at].text != "--" {
		return end
	}
	d.mark(at, end, classSignature, "signature separator")
	return at
}

func isDelimiter(s string) bool { return s == "--" || s == "---" || s == "__" }

func (d *document) shortLines(a, b int) bool {
	for ; a < b; a++ {
		if len(d.lines[a].text) > 60 {
			return false
		}
	}
	return true
}

// footer finds a line of underscores with a mailing list's or a mail server's text below it.
func (d *document) footer(first, end int, below bool) int {
	for i := first; i < end; i++ {
		l := &d.lines[i]
		if l.code || len(l.text) < 5 || strings.Trim(l.text, "_ ") != "" {
			continue
		}
		if i == first && !below {
			continue
		}
		d.mark(i, end, classSignature, "footer below a drawn line")
		return i
	}
	return end
}

// trailingRules takes drawn lines without anything below them away.
func (d *document) trailingRules(first, end int) int {
	for {
		i := d.lastText(first, end)
		if i <= first {
			return end
		}
		s := d.lines[i].text
		if d.lines[i].code || !(isDelimiter(s) || isRule(s) && s != "..." || s == "—" || s == "ᐧ") {
			return end
		}
		d.mark(i, end, classSignature, "drawn line at the end")
		end = i
	}
}

// closing finds "Regards" with a name below it, or "Regards," and a name further down.
func (d *document) closing(first, end int) int {
	last := d.lastText(first, end)
	lines := 0
	for i := last; i > first && lines <= closingLines; i-- {
		l := &d.lines[i]
		if l.blank() {
			continue
		}
		if l.code || l.depth > 0 || len(l.text) > 90 {
			return end
		}
		if next := d.nextText(i+1, end); lines > 0 && isClosing(l.text) && nameLike(d.lines[next].text, nameWords) && (next == i+1 || strings.HasSuffix(l.text, ",")) {
			d.mark(i, end, classSignature, "closing with a name below")
			return i
		}
		lines++
	}
	return end
}

func isClosing(s string) bool {
	if len(s) > 80 || strings.HasSuffix(s, "?") || strings.HasSuffix(s, ":") {
		return false
	}
	var buf [96]byte
	lang := lex.closings[string(fold(buf[:], s))]
	return lang != ""
}

// nameLike reports a line that may be a person's name: few words, no end of a sentence.
func nameLike(s string, words int) bool {
	s = strings.Trim(s, "*_ ")
	if s == "" || len(s) > 60 || strings.HasSuffix(s, "?") || strings.HasSuffix(s, ":") || strings.IndexByte(s, '@') >= 0 {
		return false
	}
	n := 0
	for w := range strings.FieldsSeq(s) {
		n++
		if n == 1 {
			r, _ := utf8.DecodeRuneInString(w)
			if !unicode.IsLetter(r) && r != '(' && r != '-' && r != '–' {
				return false
			}
		}
	}
	return n <= words
}

// dashedName finds "-Ann" or "/Ann" as the last line.
func (d *document) dashedName(first, end int) int {
	i := d.lastText(first, end)
	if i <= first || d.lines[i].code || d.lines[i].depth > 0 {
		return end
	}
	s := d.lines[i].text
	rest := strings.TrimLeft(s, "-–—/")
	n := len(s) - len(rest)
	if n == 0 || n > 6 || rest == "" {
		return end
	}
	spaced := rest[0] == ' '
	rest = strings.TrimSuffix(strings.TrimSpace(rest), ".")
	if !personal(rest) || spaced && (strings.Count(rest, " ") > 1 || !d.lines[i-1].blank() || d.listAbove(first, i)) {
		return end
	}
	d.mark(i, end, classSignature, "name behind a dash")
	return i
}

// personal reports letters only, at most four words, and no switch such as "-rf".
func personal(s string) bool {
	words := 1
	for _, r := range s {
		switch {
		case r == ' ':
			words++
		case !unicode.IsLetter(r) && r != '.' && r != '\'' && r != '’' && r != '-':
			return false
		}
	}
	first, _ := utf8.DecodeRuneInString(s)
	return s != "" && words <= 4 && (len(s) > 2 || unicode.IsUpper(first))
}

// listAbove reports other lines that begin with the same dash: a list.
func (d *document) listAbove(first, i int) bool {
	for k := first; k < i; k++ {
		if strings.HasPrefix(d.lines[k].text, "- ") {
			return true
		}
	}
	return false
}

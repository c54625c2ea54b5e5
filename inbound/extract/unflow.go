package extract

import "strings"

// unflow joins the lines of a format=flowed text.
func unflow(text string, delSp bool) string {
	var b strings.Builder
	b.Grow(len(text))
	open := false // the last line written waits for more
	depth := 0
	for l := range strings.SplitSeq(text, "\n") {
		l = strings.TrimSuffix(l, "\r")
		d := 0
		for d < len(l) && l[d] == '>' {
			d++
		}
		rest := l[d:]
		// RFC 3676, section 4.4: one leading space is stuffing.
		rest = strings.TrimPrefix(rest, " ")
		// RFC 3676, section 4.3: the signature separator is never flowed.
		signature := rest == "-- "
		if open && (d != depth || signature) {
			b.WriteByte('\n')
			open = false
		}
		if !open {
			depth = d
			for range d {
				b.WriteByte('>')
			}
			if d > 0 && rest != "" {
				b.WriteByte(' ')
			}
		}
		// RFC 3676, section 4.1: a line that ends in a space goes on in the next one.
		open = strings.HasSuffix(rest, " ") && !signature
		if open && delSp {
			rest = rest[:len(rest)-1]
		}
		b.WriteString(rest)
		if !open {
			b.WriteByte('\n')
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

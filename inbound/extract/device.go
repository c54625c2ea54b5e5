package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const deviceWidth = 140 // bytes, links not counted

// deviceLine reports the lines that clients and phones add: "Sent from my iPhone", "Get Outlook for iOS".
// The verb stands first or last, a device or a client is named, and it is not a sentence about something else:
// "Sent from my desk, is much easier than my phone" stays.
func deviceLine(s string) (lang string, ok bool) {
	if strings.Contains(s, "://") && len(s) <= 2*deviceWidth && fetchesOutlook(s) {
		return "", true
	}
	s, linked := withoutLinks(s)
	if len(s) < 6 || len(s) > deviceWidth {
		return "", false
	}
	if !maySpeakOfDevice(s) {
		return "", false
	}
	w := wordsOf(s)
	n := w.n
	if n > 0 && w.glued() {
		return w.gluedDevice(s)
	}
	if n < 2 || n > 14 {
		return "", false
	}
	if w.fetches() && (linked || n <= 7) && strings.Contains(s, "Outlook") {
		return "", true
	}
	first, last := w.flags[0], w.flags[n-1]
	switch {
	case first&meansSent != 0 && w.sentFirst():
		return w.lang[0], true
	case last&meansSent != 0 && w.names(0, n-1):
		return w.lang[n-1], true
	case w.text[0] == "from" && w.text[1] == "my" && w.names(2, n) && n <= 6:
		return "en", true
	case n <= 4 && n >= 3 && w.text[n-2] == "from" && w.flags[n-1]&namesDevice != 0:
		return "en", true
	case n > 2 && w.flags[1]&meansSent != 0 && w.names(2, n) && n <= 8: // "Đã gửi từ …", "أُرسلت …", "Az iPhone-omról küldve"
		return w.lang[1], true
	}
	return "", false
}

// fetchesOutlook reports a link to one of the pages where Outlook is to be had, beside its name, in any language.
func fetchesOutlook(s string) bool {
	return strings.Contains(s, "://aka.ms/") && strings.Contains(s, "Outlook")
}

// wrappedDevice reports a device line broken in two before the client's link: "Sent from\nMail<https://…> for Windows".
func (d *document) wrappedDevice(i, end int) (lang string, ok bool) {
	if i+1 >= end {
		return "", false
	}
	l, next := &d.lines[i], &d.lines[i+1]
	if len(l.text) > deviceWidth || len(next.text) > 2*deviceWidth || !strings.Contains(next.text, "://") {
		return "", false
	}
	if !strings.Contains(next.text, "go.microsoft.com/fwlink/") && !strings.Contains(next.text, "aka.ms/") {
		return "", false
	}
	var buf [48]byte
	if lex.words[string(firstWord(buf[:], l.text))]&(meansSent|meansFetch) == 0 {
		return "", false
	}
	return deviceLine(l.text + " " + next.text)
}

// maySpeakOfDevice is the quick look that spares most lines the slow one.
func maySpeakOfDevice(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	if r < utf8.RuneSelf {
		switch r {
		case '<', '(', '[', '*', '_', '-':
			return true
		}
	}
	var buf [48]byte
	f := lex.words[string(firstWord(buf[:], s))]
	if f&(meansSent|meansFetch) != 0 {
		return true
	}
	for _, name := range [...]string{"iPhone", "iPad", "Outlook", "Android", "BlackBerry", "from m", "From M", "Samsung", "Galaxy", "K-9"} {
		if strings.Contains(s, name) {
			return true
		}
	}
	return false
}

// firstWord folds the first word of s into buf.
func firstWord(buf []byte, s string) []byte {
	end := 0
	for end < len(s) && end < len(buf)-4 {
		c := s[end]
		if c < utf8.RuneSelf && (c < 'A' || c > 'z' || c > 'Z' && c < 'a') {
			break
		}
		end++
	}
	return fold(buf, s[:end])
}

// withoutLinks drops "<https://…>", "(https://…)" and bare links.
func withoutLinks(s string) (string, bool) {
	i := strings.Index(s, "http")
	if i < 0 {
		return s, false
	}
	return strings.TrimRight(s[:i], " <([]"), true
}

// wordList is the words of a short line.
type wordList struct {
	text  [16]string
	flags [16]wordFlag
	lang  [16]string
	big   [16]bool // begins with a capital or holds a digit
	n     int
	cut   int // number of words before the first comma or full stop
}

func wordsOf(s string) *wordList {
	var w wordList
	w.cut = -1
	start := -1
	put := func(end int) {
		if start >= 0 && w.n < len(w.text) {
			raw := s[start:end]
			var buf [64]byte
			text := string(fold(buf[:], raw))
			if text != "" {
				r, _ := utf8.DecodeRuneInString(raw)
				w.text[w.n], w.flags[w.n], w.lang[w.n] = text, lex.words[text], lex.wordLang[text]
				w.big[w.n] = unicode.IsUpper(r) || strings.ContainsAny(raw, "0123456789")
				w.n++
			}
		}
		start = -1
	}
	for i, r := range s {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), r == '\'', r == '’', r == '-', r == '‑', r == '+':
			if start < 0 {
				start = i
			}
		default:
			put(i)
			if w.cut < 0 && (r == ',' || r == '.' || r == ';' || r == ':') && w.n > 0 {
				w.cut = w.n
			}
		}
	}
	put(len(s))
	if w.cut < 0 {
		w.cut = w.n
	}
	return &w
}

// names reports a device among the words from a on, before the first comma.
func (w *wordList) names(a, b int) bool {
	for i := a; i < b && i < w.cut; i++ {
		if w.flags[i]&namesDevice != 0 {
			return true
		}
		if head, _, ok := strings.Cut(w.text[i], " "); ok && lex.words[head]&namesDevice != 0 { // "iPhone-omról"
			return true
		}
		if strings.HasPrefix(w.text[i], "iphone") || strings.HasPrefix(w.text[i], "ipad") || strings.HasPrefix(w.text[i], "blackberry") ||
			strings.HasSuffix(w.text[i], "phone") || strings.HasSuffix(w.text[i], "telefon") || strings.HasSuffix(w.text[i], "iphone") {
			return true
		}
	}
	return false
}

// prepositions stand behind "sent"; what does not have one was sent to somebody.
var prepositions = map[string]bool{"from": true, "via": true, "with": true, "using": true, "by": true, "through": true, "on": true, "frá": true, "úr": true}

// sentFirst judges a line whose first word is "sent".
func (w *wordList) sentFirst() bool {
	if w.n > 1 && w.cut == 1 {
		return false
	}
	english := w.text[0] == "sent" || w.text[0] == "get" || w.text[0] == "via"
	if w.names(1, w.n) && (!english || w.text[0] == "via" || prepositions[w.text[1]]) {
		return true
	}
	switch w.text[1] {
	case "from":
		if w.n < 4 || w.text[2] != "my" || w.n > 9 {
			return false
		}
		return w.big[3] && w.cut > 3
	case "via", "with", "using":
		return w.n <= 6 && w.big[2] && w.cut >= w.n
	}
	return false
}

func (w *wordList) fetches() bool {
	for i := range w.n {
		if w.flags[i]&meansFetch != 0 {
			return true
		}
	}
	return false
}

// glued reports a line in a script without spaces between words.
func (w *wordList) glued() bool {
	for i := range w.n {
		if unspaced(w.text[i]) {
			return true
		}
		for _, r := range w.text[i] {
			if r >= 0x0e00 && unspaced(string(r)) {
				return true
			}
		}
	}
	return false
}

func (w *wordList) gluedDevice(s string) (string, bool) {
	lower := strings.ToLower(s)
	named := false
	for _, name := range [...]string{"iphone", "ipad", "android", "outlook", "手机", "手機", "华为", "小米", "mail", "邮箱", "galaxy", "스마트폰", "携帯", "휴대폰"} {
		if strings.Contains(lower, name) {
			named = true
			break
		}
	}
	if !named || utf8.RuneCountInString(s) > 40 {
		return "", false
	}
	for _, g := range lex.glued {
		if g.flag == meansSent && strings.Contains(s, g.text) {
			return g.lang, true
		}
	}
	return "", false
}

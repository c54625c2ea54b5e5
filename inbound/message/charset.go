package message

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// decodeText turns octets into valid UTF-8. The declared charset counts, widened to
// the superset that mail programs mean by it; a label that says nothing (none,
// us-ascii, iso-8859-1, an unknown one) is overruled by octets that are UTF-8
// or ISO-2022-JP. What fits nothing is read as windows-1252, in which every
// octet has a meaning. UTF-7 is never decoded: it hides characters from every
// check made before.
func decodeText(octets []byte, declared string) string {
	if s, ok := decodeMarked(octets); ok {
		return s
	}
	label := charsetLabel(declared)
	if isASCII(octets) && !writtenInASCII(label, octets) {
		if (vague(label) || label == "utf-8") && bytes.Contains(octets, []byte("\x1b$")) {
			return decodeBy(japanese.ISO2022JP, octets)
		}
		return string(octets)
	}
	switch enc := lookUp(label); {
	case label == "utf-8":
		return decodeUTF8(octets)
	case enc == nil || vague(label):
		if utf8.Valid(octets) {
			return string(octets)
		}
		return decodeBy(windows1252(), octets)
	default:
		return decodeDeclared(enc, octets)
	}
}

// decodeMarked decodes what begins with a byte order mark.
func decodeMarked(octets []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(octets, []byte("\xef\xbb\xbf")):
		return decodeUTF8(octets[3:]), true
	case bytes.HasPrefix(octets, []byte("\xff\xfe")), bytes.HasPrefix(octets, []byte("\xfe\xff")):
		return decodeBy(unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM), octets), true
	}
	return "", false
}

// charsetLabel brings a label into the form it is looked up by.
func charsetLabel(declared string) string {
	label := strings.ToLower(strings.Trim(declared, " \t\r\n\"'"))
	label = strings.TrimPrefix(label, "charset=")
	switch label {
	case "utf8", "utf-8", "unicode-1-1-utf-8", "utf8mb4", "utf_8", "x-utf-8":
		return "utf-8"
	}
	return label
}

// vague tells whether a label is what programs write that do not know better.
func vague(label string) bool {
	switch label {
	case "", "us-ascii", "ascii", "ansi_x3.4-1968", "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "l1",
		"windows-1252", "cp1252", "x-unknown", "unknown-8bit", "default", "default_charset", "iso-8859-1-i", "8bit", "binary":
		return true
	}
	return false
}

// writtenInASCII tells whether ASCII octets can mean other characters in the charset.
func writtenInASCII(label string, octets []byte) bool {
	switch {
	case strings.HasPrefix(label, "iso-2022-"), label == "csiso2022jp", strings.HasPrefix(label, "hz"):
		return true
	case strings.HasPrefix(label, "utf-16"), strings.HasPrefix(label, "utf-32"):
		return bytes.IndexByte(octets, 0) >= 0
	}
	return false
}

// lookUp finds an encoding by its label: the superset of what the label says
// as the WHATWG Encoding Standard has it, then the IANA registry.
func lookUp(label string) encoding.Encoding {
	switch label {
	case "gb2312", "gbk", "x-gbk", "gb_2312-80", "cp936", "ms936", "windows-936", "euc-cn", "gb18030":
		return simplifiedchinese.GB18030
	case "hz", "hz-gb-2312":
		return simplifiedchinese.HZGB2312
	case "iso-2022-jp-1", "iso-2022-jp-2", "iso-2022-jp-3", "iso-2022-jp-ms", "cp50220", "cp50221":
		return japanese.ISO2022JP
	case "cp932", "ms932", "windows-932":
		return japanese.ShiftJIS
	case "cp949", "ms949", "x-windows-949", "ks_c_5601":
		return korean.EUCKR
	}
	if enc, name := charset.Lookup(label); enc != nil && name != "replacement" && name != "x-user-defined" {
		return enc
	}
	if enc, err := ianaindex.MIME.Encoding(label); err == nil && enc != nil {
		return enc
	}
	return nil
}

func windows1252() encoding.Encoding {
	enc, _ := charset.Lookup("windows-1252")
	return enc
}

// decodeDeclared decodes by the declared charset. If that leaves octets without
// a meaning while they are UTF-8, the label is wrong.
func decodeDeclared(enc encoding.Encoding, octets []byte) string {
	s := decodeBy(enc, octets)
	if strings.ContainsRune(s, utf8.RuneError) && utf8.Valid(octets) {
		return string(octets)
	}
	return s
}

func decodeBy(enc encoding.Encoding, octets []byte) string {
	out, err := enc.NewDecoder().Bytes(octets)
	if err != nil {
		out = octets
	}
	return strings.ToValidUTF8(string(out), string(utf8.RuneError))
}

// decodeUTF8 keeps UTF-8 that is damaged in places, and reads as windows-1252
// what has no UTF-8 in it but a wrong label.
func decodeUTF8(octets []byte) string {
	if utf8.Valid(octets) {
		return string(octets)
	}
	good, bad := 0, 0
	for rest := octets; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		rest = rest[n:]
	}
	if good == 0 && bad > 0 {
		return decodeBy(windows1252(), octets)
	}
	return strings.ToValidUTF8(string(octets), string(utf8.RuneError))
}

func isASCII(octets []byte) bool {
	for _, c := range octets {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// metaCharset finds the charset an HTML document names for itself within its
// first 1024 octets, as browsers look for it.
func metaCharset(html []byte) string {
	head := bytes.ToLower(html[:min(len(html), 1024)])
	i := bytes.Index(head, []byte("charset="))
	if i < 0 {
		return ""
	}
	label := bytes.TrimLeft(head[i+len("charset="):], " \"'")
	if end := bytes.IndexAny(label, " \"'>/;\r\n\t"); end >= 0 {
		return string(label[:end])
	}
	return ""
}

package message

import (
	"bytes"
	"encoding/base64"
	"mime/quotedprintable"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
)

func TestDecodeText(t *testing.T) {
	for _, c := range []struct{ octets, charset, want string }{
		{"plain", "", "plain"},
		{"plain", "utf-7", "plain"},
		{"h\xc3\xa9llo", "", "héllo"},
		{"h\xc3\xa9llo", "us-ascii", "héllo"},
		{"h\xc3\xa9llo", "ISO-8859-1", "héllo"},
		{"h\xc3\xa9llo", `"utf-8"`, "héllo"},
		{"h\xc3\xa9llo", "charset=utf-8", "héllo"},
		{"h\xe9llo \x93x\x94", "", "héllo “x”"},
		{"h\xe9llo \x80", "iso-8859-1", "héllo €"},
		{"h\xe9llo", "utf-8", "héllo"},
		{"h\xc3\xa9llo \xff", "utf-8", "héllo \ufffd"},
		{"\xef\xbb\xbfbom", "us-ascii", "bom"},
		{"\xff\xfeh\x00i\x00", "", "hi"},
		{"\xfe\xff\x00h\x00i", "utf-16", "hi"},
		{"text", "utf-16", "text"},
		{"\xa4", "iso-8859-15", "€"},
		{"\xc1\xc2", "iso-8859-7", "ΑΒ"},
		{"\xfe", "iso-8859-9", "ş"},
		{"\x87\xfc", "gb2312", "圏"},
		{"\x1b$B$\"\x1b(B", "", "あ"},
		{"\x1b$B$\"\x1b(B", "utf-8", "あ"},
		{"\x1b$B$\"\x1b(B", "iso-2022-jp", "あ"},
		{"~{<:Ky2;~}", "hz-gb-2312", "己所不"},
		{"\x8a\xbf", "cp932", "漢"},
		{"\x84", "cp850", "ä"},
		{"\xa4\x40", "big5", "一"},
		{"Gr\xc3\xbc\xc3\x9fe", "nonsense", "Grüße"},
		{"h\xc3\xa9\xff", "x-unicode20utf8", "hé\ufffd"},
		{"", "utf-8", ""},
	} {
		if got := decodeText([]byte(c.octets), c.charset); got != c.want {
			t.Errorf("%q as %q: got %q, want %q", c.octets, c.charset, got, c.want)
		}
	}
}

func TestTidyText(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb\rc\n\r\n": "a\nb\nc\n\n", "\r": "\n", "\r\r\n": "\n\n", "a\x00b\x1bc\x7fd\te": "abcd\te",
		"\ufeffa\u0085b\u00a0c\uff01": "ab\u00a0c\uff01", "": "", "plain ä": "plain ä",
	} {
		if got := tidyText(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestDecodeWords(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                                       "plain",
		"=?utf-8?q?a_b=3F?=":                          "a b?",
		"=?UTF-8?B?w6Q=?= =?utf-8?b?w7w=?=":           "äü",
		"=?utf-8?q?=C3?= =?utf-8?q?=A4?=":             "ä",
		"=?utf-8?q?a?= b =?utf-8?q?c?=":               "a b c",
		"=?utf-8*de?q?a?=":                            "a",
		"=?iso-8859-1?q?=E4?=\r\n =?koi8-r?q?=C1?=":   "äа",
		"=?gb2312?B?1tC5+g==?=":                       "中国",
		"=?utf-8?x?a?=":                               "=?utf-8?x?a?=",
		"=?utf-8?q?a":                                 "=?utf-8?q?a",
		"=?utf-8?q?a =?utf-8?q?b?=":                   "=?utf-8?q?a b",
		"=?utf-8?q?two words?=":                       "two words",
		"caf\xe9":                                     "café",
		"(=?utf-8?q?a?=)":                             "(a)",
		"=??q?a?=":                                    "=??q?a?=",
		"=?" + strings.Repeat("c", 100) + "?q?a?=":    "=?" + strings.Repeat("c", 100) + "?q?a?=",
		"=?utf-7?q?+ADw-?=":                           "+ADw-",
		"=?utf-8?b?w6TD?=":                            "ä\ufffd",
		"=?utf-8?q?=C3=A4=E2=80=?= =?utf-8?q?rest?=":  "ä\ufffd=rest",
		"a=?utf-8?q?b?=c":                             "abc",
		"=?utf-8?q??=":                                "",
		"=?iso-2022-jp?B?GyRCJCIbKEI=?=":              "あ",
		"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?b?= c d  ": "ab c d  ",
	} {
		if got := decodeWords(in, ""); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestParseMedia(t *testing.T) {
	for _, c := range []struct{ in, word, name, want string }{
		{"text/plain; charset=utf-8", "text/plain", "charset", "utf-8"},
		{`Text/PLAIN ; CharSet = "UTF-8" `, "text/plain", "charset", "UTF-8"},
		{"text/plain charset=utf-8 format=flowed", "text/plain", "format", "flowed"},
		{"text/plain; charset=a; charset=b", "text/plain", "charset", "a"},
		{"text/plain; foo; charset=x", "text/plain", "charset", "x"},
		{"text/plain (a comment); charset=x", "text/plain", "charset", "x"},
		{`multipart/mixed; boundary="a\"b;c=d"`, "multipart/mixed", "boundary", `a"b;c=d`},
		{`multipart/mixed; boundary="open`, "multipart/mixed", "boundary", "open"},
		{`multipart/mixed; boundary=a=b/c`, "multipart/mixed", "boundary", "a=b/c"},
		{`multipart/mixed; boundary*0=ab; boundary*1="cd"`, "multipart/mixed", "boundary", "abcd"},
		{`attachment; filename="C:\new\x.txt"`, "attachment", "filename", `C:\new\x.txt`},
		{`attachment; filename=a b c.txt; x=y`, "attachment", "filename", "a b c.txt"},
		{`attachment; filename="a.txt"; filename*=UTF-8''%C3%A4.txt`, "attachment", "filename", "ä.txt"},
		{`attachment; filename*0*=utf-8''%C3; filename*1*=%A4; filename*2=".txt"`, "attachment", "filename", "ä.txt"},
		{`attachment; filename*=koi8-r'ru'%C1`, "attachment", "filename", "а"},
		{`attachment; filename*=100%; x=1`, "attachment", "filename", "100%"},
		{"name=x.pdf", "", "name", "x.pdf"},
		{"", "", "name", ""},
		{`application/x; name=""`, "application/x", "name", ""},
		{"=", "", "", ""},
	} {
		m := parseMedia(c.in)
		if m.word != c.word || c.name != "" && m.get(c.name) != c.want {
			t.Errorf("%q: got %q and %q, want %q and %q", c.in, m.word, m.get(c.name), c.word, c.want)
		}
	}
}

func TestTransferDecoders(t *testing.T) {
	data := bytes.Repeat([]byte("a = \xc3\xa4\xff\x00 \t\r\nlonger line with a trailing space \r\n"), 50)
	if got := decodeTransfer([]byte(base64.StdEncoding.EncodeToString(data)), "base64"); !bytes.Equal(got, data) {
		t.Error("base64 does not come back")
	}
	var q bytes.Buffer
	w := quotedprintable.NewWriter(&q)
	w.Write(data)
	w.Close()
	if got := decodeTransfer(q.Bytes(), "quoted-printable"); !bytes.Equal(got, data) {
		t.Errorf("quoted-printable does not come back:\n%q\n%q", got[:100], data[:100])
	}
	for in, want := range map[string]string{
		"QQ==QUI=": "AAB", "QUJD\x00RA": "ABCD", "Q": "", "QQ": "A", "====": "", "QUJD-_": "ABC",
		"This is no base64 at all, but words that claim it.": "This is no base64 at all, but words that claim it.",
	} {
		if got := decodeTransfer([]byte(in), "base64"); string(got) != want {
			t.Errorf("base64 %q: got %q, want %q", in, got, want)
		}
	}
}

func TestMediaType(t *testing.T) {
	for in, want := range map[string]string{
		"Image/PNG": "image/png", "image/svg+xml; x=y": "image/svg+xml", "image": "application/octet-stream", "a/b/c": "application/octet-stream",
		"x/\x01y": "application/octet-stream", "x/ä": "application/octet-stream", "": "application/octet-stream",
		"x/" + strings.Repeat("y", 200): "application/octet-stream",
	} {
		e := entity{media: parseMedia(in)}
		if got := e.mediaType(); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestHarmlessName(t *testing.T) {
	long := strings.Repeat("ä", 200)
	for in, want := range map[string]string{
		"plan.pdf": "plan.pdf", "../../x": "x", `..\..\x`: "x", "/etc/passwd": "passwd", "a/": "attachment.bin",
		"..": "attachment.bin", ".": "attachment.bin", "": "attachment.bin", ".htaccess": "htaccess", "x. .": "x",
		"CON": "_CON", "con.txt": "_con.txt", "NUL .tar.gz": "_NUL .tar.gz", "COM1": "_COM1", "com¹.x": "_com¹.x", "lpt9.": "_lpt9", "COM10": "COM10", "console": "console",
		"a\x00b": "ab", "a\r\nb": "a  b", "a\u202egpj.exe": "agpj.exe", "a\u2066b\u2069": "ab", "\ufeffx": "x",
		"a:b<c>d|e?f*g\"h": "a_b_c_d_e_f_g_h", "a\xffb": "a\ufffdb", "\u2028": "attachment.bin",
		long + ".pdf": strings.Repeat("ä", 125) + ".pdf", long + "." + long: strings.Repeat("ä", 127), "%2e%2e%2f": "%2e%2e%2f",
		"résumé (final).docx": "résumé (final).docx", "日本語.txt": "日本語.txt", "👩‍👧.png": "👩‍👧.png", " x ": "x",
	} {
		got := harmlessName(in, "application/octet-stream")
		if got != want || len(got) > MaxName {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
		if again := harmlessName(got, ""); again != got {
			t.Errorf("%q: %q becomes %q the second time", in, got, again)
		}
	}
}

func TestParseAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"a@example.com":                                       "a@example.com",
		"Ann <a@example.com>, b@example.com":                  "a@example.com b@example.com",
		`"Doe, Ann" <a@example.com>`:                          "a@example.com",
		`"x@y, <z@w>" <a@example.com>`:                        "a@example.com",
		"team: a@example.com, B <b@example.com>;":             "a@example.com b@example.com",
		"undisclosed-recipients:;":                            "",
		"a@example.com (Ann (the, first))":                    "a@example.com",
		"a@example.com; b@example.com":                        "a@example.com b@example.com",
		"<a@example.com><b@example.com>":                      "a@example.com",
		"<a@exam\r\n ple.com>":                                "",
		"not an address, a@example.com":                       "a@example.com",
		`"a b"@example.com`:                                   `"a b"@example.com`,
		"=?utf-8?q?a=40evil.example?= <a@example.com>":        "a@example.com",
		"(unclosed a@example.com":                             "",
		`"unclosed a@example.com`:                             "",
		"a@example.com\x00, b@example.com":                    "b@example.com",
		strings.Repeat("a@example.com,", 2*maxAddresses)[:27]: "a@example.com a@example.com",
	} {
		got := parseAddresses([]string{in})
		var words []string
		for _, a := range got {
			words = append(words, a.String())
		}
		if s := strings.Join(words, " "); s != want {
			t.Errorf("%q: got %q, want %q", in, s, want)
		}
	}
	if n := len(parseAddresses([]string{strings.Repeat("a@example.com,", 2*maxAddresses)})); n != maxAddresses {
		t.Errorf("%d addresses kept", n)
	}
}

func TestParseIDs(t *testing.T) {
	for in, want := range map[string]string{
		"<a@b>": "a@b", "<a@b> <c@d>": "a@b c@d", "a@b": "a@b", "  a@b ": "a@b", "<a\r\n @b>": "a@b", "no id": "", "<": "", "<>": "",
		"<<a@b>>": "a@b", "\"x\" of Monday <a@b>": "a@b", "<a\x00\x0d\u202eb@c>": "ab@c", "<" + strings.Repeat("x", 999) + ">": "",
	} {
		if got := strings.Join(parseIDs([]string{in}), " "); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	ids := parseIDs([]string{strings.Repeat("<a@b>", maxIDs) + "<last@b>"})
	if len(ids) != maxIDs || ids[len(ids)-1] != "last@b" {
		t.Errorf("%d ids kept, the last %q", len(ids), ids[len(ids)-1])
	}
}

func TestDigest(t *testing.T) {
	file := []Attachment{{Name: "a", Data: []byte("1")}}
	base := Digest("Hello\nworld", file)
	for name, other := range map[string]string{
		"line ends":        Digest("Hello\r\nworld\r\n", file),
		"white space":      Digest("  Hello \nworld\n\n", file),
		"name of the file": Digest("Hello\nworld", []Attachment{{Name: "b", Data: []byte("1")}}),
	} {
		if other != base {
			t.Errorf("%s changes the digest", name)
		}
	}
	seen := map[string]string{base: "base"}
	for name, other := range map[string]string{
		"text":       Digest("Hello\nworld!", file),
		"lines":      Digest("Hello world", file),
		"no file":    Digest("Hello\nworld", nil),
		"file":       Digest("Hello\nworld", []Attachment{{Data: []byte("2")}}),
		"two files":  Digest("Hello\nworld", []Attachment{{Data: []byte("1")}, {Data: []byte("1")}}),
		"split file": Digest("Hello\nworld", []Attachment{{Data: []byte("1")}, {}}),
	} {
		if before, ok := seen[other]; ok {
			t.Errorf("%s has the digest of %s", name, before)
		}
		seen[other] = name
	}
}

func TestRecipients(t *testing.T) {
	m, err := Parse(mailWith("To: Ann <a@example.com>\r\nTo: b@example.com\r\nCc: =?utf-8?q?x?= <c@example.com>\r\nDate: Mon, 16 Nov 2026 10:12:13 +0100", "x"))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.To) != 2 || len(m.Cc) != 1 || m.Cc[0] != (gateway.Address{LocalPart: "c", Domain: "example.com"}) {
		t.Errorf("got %v and %v", m.To, m.Cc)
	}
	same(t, "date", m.Date.UTC().Format("2006-01-02 15:04:05"), "2026-11-16 09:12:13")
}

package mailauth

import (
	"errors"
	netmail "net/mail"
	"strings"
	"testing"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
)

// author reads the author of a mail that has these From fields.
func author(header string) (gateway.Address, error) {
	fields, _, err := dkim.ReadHeader([]byte(header + "\r\nTo: x@y.example\r\n\r\nbody\r\n"))
	if err != nil {
		return gateway.Address{}, err
	}
	return readAuthor(fields)
}

func TestAuthor(t *testing.T) {
	for header, want := range map[string]string{
		"From: ann@example.com":                                    "ann@example.com",
		"from:ann@example.com":                                     "ann@example.com",
		"FROM: <Ann@EXAMPLE.com>":                                  "Ann@example.com",
		"From: Ann Author <ann@example.com>":                       "ann@example.com",
		"From: Ann Q. Author <ann@example.com>":                    "ann@example.com",
		"From: \"Author, Ann\" <ann@example.com>":                  "ann@example.com",
		"From: \"a\\\"b <eve@evil.example>\" <ann@example.com>":    "ann@example.com",
		"From: \"eve@evil.example\" <ann@example.com>":             "ann@example.com",
		"From: ann@example.com <ann@example.com>":                  "ann@example.com",
		"From: Ann\r\n\tAuthor\r\n <ann@example.com>":              "ann@example.com",
		"From: \"Ann\r\n Author\" <ann@example.com>":               "ann@example.com",
		"From: ann@example.com (Ann (really) \\) x)":               "ann@example.com",
		"From: (hello) Ann (x) <ann@example.com> (y)":              "ann@example.com",
		"From: =?utf-8?q?Ann_=3Ceve=40evil=3E?= <ann@example.com>": "ann@example.com",
		"From: Ännchen <ann@example.com>":                          "ann@example.com",
		"From: Caf\xe9 <ann@example.com>":                          "ann@example.com",
		"From: <ann@bücher.example>":                               "ann@xn--bcher-kva.example",
		"From: ünï@example.com":                                    "ünï@example.com",
		"From: \"ann b\"@example.com":                              `"ann b"@example.com`,
		"From: <\"a@evil.example\"@example.com>":                   `"a@evil.example"@example.com`,
		"From: ann+tag/x=y@mail.example.com":                       "ann+tag/x=y@mail.example.com",
		"Resent-From: eve@evil.example\r\nFrom: ann@example.com":   "ann@example.com",
	} {
		if a, err := author(header); err != nil || a.String() != want {
			t.Errorf("%q: got %v, %v; want %s", header, a, err, want)
		}
	}
}

func TestNoAuthor(t *testing.T) {
	for header, want := range map[string]error{
		"Sender: ann@example.com":                                           ErrNoFrom,
		"X-From: ann@example.com":                                           ErrNoFrom,
		"From: ann@example.com\r\nFrom: ann@example.com":                    ErrManyFrom,
		"From: ann@example.com\r\nfrom: eve@evil.example":                   ErrManyFrom,
		"From: ann@example.com\r\nFrom : eve@evil.example":                  ErrManyFrom,
		"From : ann@example.com":                                            ErrFromSyntax,
		"From\t: ann@example.com":                                           ErrFromSyntax,
		"From\u00a0: ann@example.com":                                       dkim.ErrHeaderSyntax,
		"From\x00: ann@example.com":                                         dkim.ErrHeaderSyntax,
		"From: ann@example.com\n":                                           dkim.ErrHeaderSyntax,
		"From:":                                                             ErrManyAuthors,
		"From: Ann":                                                         ErrManyAuthors,
		"From: <>":                                                          ErrFromSyntax,
		"From: ann@example.com, eve@evil.example":                           ErrManyAuthors,
		"From: Ann <ann@example.com>, Eve <eve@evil.example>":               ErrManyAuthors,
		"From: <ann@example.com> <eve@evil.example>":                        ErrManyAuthors,
		"From: Ann <ann@example.com> eve@evil.example":                      ErrManyAuthors,
		"From: ann@example.com <eve@evil.example>":                          ErrManyAuthors,
		"From: ann@example.com eve@evil.example":                            ErrManyAuthors,
		"From: Author, Ann <ann@example.com>":                               ErrManyAuthors,
		"From: a:ann@example.com;":                                          ErrManyAuthors,
		"From: undisclosed:;":                                               ErrManyAuthors,
		"From: <@relay.example:ann@example.com>":                            ErrFromSyntax,
		"From: <ann@example.com":                                            ErrFromSyntax,
		"From: Ann ann@example.com>":                                        ErrManyAuthors,
		"From: <<ann@example.com>>":                                         ErrFromSyntax,
		"From: ann @example.com":                                            ErrFromSyntax,
		"From: ann@ example.com":                                            ErrFromSyntax,
		"From: ann(x)@example.com":                                          ErrFromSyntax,
		"From: <ann@exa\r\n mple.com>":                                      ErrFromSyntax,
		"From: ann@[192.0.2.1]":                                             ErrFromSyntax,
		"From: ann@example.com.":                                            ErrFromSyntax,
		"From: ann@example..com":                                            ErrFromSyntax,
		"From: ann@":                                                        ErrManyAuthors,
		"From: @example.com":                                                ErrManyAuthors,
		"From: \"ann@example.com":                                           ErrFromSyntax,
		"From: (ann@example.com":                                            ErrFromSyntax,
		"From: ann\\@evil.example@example.com":                              ErrFromSyntax,
		"From: =?utf-8?q?ann=40example.com?=@evil.example":                  ErrFromSyntax,
		"From: =?utf-8?q?ann=40example.com?=":                               ErrManyAuthors,
		"From: ann@=?utf-8?q?example.com?=":                                 ErrFromSyntax,
		"From: ann@example.com\xff":                                         ErrFromSyntax,
		"From: ann@example.com%00":                                          ErrFromSyntax,
		"From: ann\u00a0@example.com":                                       ErrFromSyntax,
		"From: ann@exa\u0000mple.com":                                       dkim.ErrHeaderSyntax,
		"From: " + strings.Repeat("(", 5000) + strings.Repeat(")", 5000):    ErrFromSyntax,
		"From: " + strings.Repeat("a", 65) + "@example.com":                 ErrFromSyntax,
		"From: Ann <ann@example.com>\r\n\tEve\r\n\t<eve@evil.example>":      ErrManyAuthors,
		"From: Ann <ann@example.com>;<eve@evil.example>":                    ErrManyAuthors,
		"From: \"Ann\" <ann@example.com> \"x\" <eve@evil.example>":          ErrManyAuthors,
		"From: ann@example.com\r\nFROM:\r\n eve@evil.example":               ErrManyFrom,
		"From: Ann [staff] <ann@example.com>":                               ErrFromSyntax,
		"From: ann@example.com\x0b<eve@evil.example>":                       ErrFromSyntax,
		"From: \"\" <eve@evil.example>, \"ann@example.com\" <@,ann@x.test>": ErrManyAuthors,
	} {
		if a, err := author(header); !errors.Is(err, want) || !a.IsZero() {
			t.Errorf("%q: got %v, %v; want %v", header, a, err, want)
		}
	}
}

// FuzzMailbox: what the parser takes for an author reads back as itself, and the
// standard library, where it finds addresses, finds that one only.
func FuzzMailbox(f *testing.F) {
	for _, s := range []string{
		"ann@example.com", "Ann <ann@example.com>", `"a, b" <ann@example.com>`, "a:b@c.example;", "a@b.example, c@d.example",
		"(x) a@b.example (y)", "<a@b.example> <c@d.example>", `"a b"@c.example`, "a@b.example <c@d.example>", "=?utf-8?q?a?= <a@b.example>",
		"a\r\n <a@b.example>", `"\"" <a@b.example>`, "<@a,@b:c@d.example>", "ann@b\xc3\xbccher.example", "\"Joe\\\\\" <a@b.example>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > maxFrom {
			return
		}
		a, err := parseMailbox([]byte(s))
		if err != nil {
			if !a.IsZero() {
				t.Errorf("%q: %v came with %v", s, a, err)
			}
			return
		}
		if again, err := parseMailbox([]byte(a.String())); err != nil || again != a {
			t.Errorf("%q: %v reads back as %v, %v", s, a, again, err)
		}
		list, err := netmail.ParseAddressList(s)
		if err != nil {
			return
		}
		if len(list) != 1 {
			t.Fatalf("%q: one author %v, but %d addresses", s, a, len(list))
		}
		at := strings.LastIndexByte(list[0].Address, '@')
		domain, err := gateway.ParseDomain(list[0].Address[at+1:])
		if err != nil || domain != a.Domain || list[0].Address[:at] != a.LocalPart {
			t.Errorf("%q: author %v, but the standard library says %q (%v)", s, a, list[0].Address, err)
		}
	})
}

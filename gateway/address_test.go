package gateway

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParseAddress(t *testing.T) {
	for in, want := range map[string]string{
		"ann@example.com":              "ann@example.com",
		"Ann.B+x@EXAMPLE.com":          "Ann.B+x@example.com",
		`"a b"@example.com`:            `"a b"@example.com`,
		`"plain"@example.com`:          "plain@example.com",
		`"a\"b"@example.com`:           `"a\"b"@example.com`,
		"ü@example.com":                "ü@example.com",
		"ann@bücher.example":           "ann@xn--bcher-kva.example",
		"a@xn--bcher-kva.example":      "a@xn--bcher-kva.example",
		`"a@evil.example"@example.com`: `"a@evil.example"@example.com`,
		"a..b@docomo.example":          `"a..b"@docomo.example`,
		".a@docomo.example":            `".a"@docomo.example`,
		"a.@docomo.example":            `"a."@docomo.example`,
		`"a.b"@docomo.example`:         "a.b@docomo.example",
		"a@ab--cd.example":             "a@ab--cd.example",
		"a@r3---sn.example":            "a@r3---sn.example",
	} {
		a, err := ParseAddress(in)
		if err != nil || a.String() != want {
			t.Errorf("%s: got %q, %v; want %q", in, a, err, want)
		}
		if again, err := ParseAddress(a.String()); err != nil || again != a {
			t.Errorf("%s: %q does not read back: %v %v", in, a, again, err)
		}
	}
	for _, in := range []string{
		"", "@", "a@", "@b.c", "a", "a b@example.com", "a@b@example.com", "a..b@", "a..b@example..com",
		"a@example.com.", "a@-x.example", "a@[127.0.0.1]", "<a@example.com>", "a\r\n@example.com", "a\x00@example.com",
		"\"a\r\nb\"@example.com", "a@exam ple.com", "a@example.com> SIZE=1", "a@x..y", "\xff@example.com", "a@a_b.example",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com",
	} {
		if a, err := ParseAddress(in); err == nil {
			t.Errorf("%q was taken for %v", in, a)
		}
	}
}

func TestParseDomain(t *testing.T) {
	long := strings.Repeat("a", 63)
	widest := strings.Join([]string{long, long, long, long[:61]}, ".")
	for in, want := range map[string]string{
		"EXAMPLE.com":              "example.com",
		"localhost":                "localhost",
		"1.example":                "1.example",
		"a--b.example":             "a--b.example",
		"ab--cd.example":           "ab--cd.example",
		"r3---sn-4g5e6nsz.example": "r3---sn-4g5e6nsz.example",
		"faß.example":              "xn--fa-hia.example",
		"bücher。example":           "xn--bcher-kva.example",
		"XN--BCHER-KVA.example":    "xn--bcher-kva.example",
		"עברית.example":            "xn--5dbqzzl.example",
		widest:                     widest,
		strings.Repeat("一", 40):    "xn--4gq" + strings.Repeat("a", 39),
	} {
		got, err := ParseDomain(in)
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", in, got, err, want)
		}
		if again, err := ParseDomain(got); err != nil || again != got {
			t.Errorf("%s: %q does not read back: %q %v", in, got, again, err)
		}
	}
	for in, want := range map[string]error{
		"":                                 ErrAddressDomain,
		".":                                ErrAddressDomain,
		"example.":                         ErrAddressDomain,
		"bücher。":                          ErrAddressDomain,
		"a..example":                       ErrAddressDomain,
		"-a.example":                       ErrAddressDomain,
		"a-.example":                       ErrAddressDomain,
		"-ü.example":                       ErrAddressDomain, // RFC 5891, section 4.2.3.1, and below
		"ü-.example":                       ErrAddressDomain,
		"ab--ü.example":                    ErrAddressDomain,
		"xn----eha.example":                ErrAddressDomain,
		"xn--xn---epa.example":             ErrAddressDomain,
		"xn--.example":                     ErrAddressDomain, // not punycode, and below
		"xn--a.example":                    ErrAddressDomain,
		"xn--ab--cd.example":               ErrAddressDomain,
		"אa.example":                       ErrAddressDomain, // RFC 5893, section 2
		"a_b.example":                      ErrAddressDomain,
		"[192.0.2.1]":                      ErrAddressDomain,
		"a b.example":                      ErrAddressDomain,
		"\xff.example":                     ErrAddressDomain,
		"b\xc3.example":                    ErrAddressDomain,
		long + "a.example":                 ErrAddressDomain,
		widest + "a":                       ErrAddressLong,
		strings.Repeat("a.", 512) + "a":    ErrAddressLong,
		strings.Repeat("\xff", 1025):       ErrAddressLong,
		strings.Repeat("ü", 1000) + ".com": ErrAddressLong,
	} {
		if got, err := ParseDomain(in); err != want {
			t.Errorf("%.80q: got %q, %v; want %v", in, got, err, want)
		}
	}
}

// TestParseDomainIsQuick: what is refused for its length was not folded before,
// which for this name takes minutes.
func TestParseDomainIsQuick(t *testing.T) {
	var b strings.Builder
	for r := rune(0x4e00); b.Len() < 200_000; r++ {
		b.WriteRune(r)
		if r == 0x9f00 {
			r = 0x4e00
		}
	}
	start := time.Now()
	if _, err := ParseAddress("a@" + b.String()); !errors.Is(err, ErrAddressLong) {
		t.Error(err)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestParseReversePath(t *testing.T) {
	srs := "SRS0=HHH=TT=origin.example=" + strings.Repeat("v", MaxReverseLocalPart-len("SRS0=HHH=TT=origin.example="))
	for in, want := range map[string]string{
		"":                                  "<>",
		"ann@EXAMPLE.com":                   "<ann@example.com>",
		`"a b"@example.com`:                 `<"a b"@example.com>`,
		"a..b@docomo.example":               `<"a..b"@docomo.example>`,
		srs + "@forward.example":            "<" + srs + "@forward.example>",
		"bounces+1-ann=b.c@r3---sn.example": "<bounces+1-ann=b.c@r3---sn.example>",
	} {
		p, err := ParseReversePath(in)
		if err != nil || p.String() != want || p.IsNull() != (in == "") {
			t.Errorf("%s: got %s, %v; want %s", in, p, err, want)
		}
	}
	for in, want := range map[string]error{
		srs + "v@forward.example": ErrReversePathLong,
		"@":                       ErrAddressSyntax,
		"ann":                     ErrAddressSyntax,
		"<ann@example.com>":       ErrAddressSyntax,
		"ann@example.com> SIZE=1": ErrAddressDomain,
		"ann@":                    ErrAddressNoDomain,
	} {
		if p, err := ParseReversePath(in); err != want || !p.IsNull() {
			t.Errorf("%.80q: got %s, %v; want %v", in, p, err, want)
		}
	}
	if _, err := ParseAddress(srs + "@forward.example"); err != ErrAddressLong {
		t.Errorf("another address may be as long: %v", err)
	}
}

func TestFoldedKeepsLookAlikesApart(t *testing.T) {
	pairs := []struct {
		a, b string
		same bool
	}{
		{"Ann@example.com", "ann@EXAMPLE.COM", true},
		{"kim@example.com", "\u212Aim@example.com", false}, // Kelvin sign
		{"sid@example.com", "\u017Fid@example.com", false}, // long s
		{"ian@example.com", "\u0131an@example.com", false}, // dotless i
		{"ann@example.com", "аnn@example.com", false},      // Cyrillic а
		{"a@exaмple.com", "a@example.com", false},
	}
	for _, p := range pairs {
		a, errA := ParseAddress(p.a)
		b, errB := ParseAddress(p.b)
		if errA != nil || errB != nil {
			t.Fatalf("%v: %v %v", p, errA, errB)
		}
		if (a.Folded() == b.Folded()) != p.same {
			t.Errorf("%q and %q: same is %v", p.a, p.b, !p.same)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	f.Add("ann@example.com")
	f.Add(`"a b"@x.y`)
	f.Add("a..b@docomo.example")
	f.Add(`"."@ab--cd.example`)
	f.Add("a@xn--bcher-kva.example")
	f.Add("a@-ü.example")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if (err == nil) == a.IsZero() {
			t.Errorf("%q: %#v came with %v", s, a, err)
		}
		p, errP := ParseReversePath(s)
		if err == nil && (errP != nil || p.Address != a) {
			t.Errorf("%q: is %v, but as a reverse-path %v, %v", s, a, p, errP)
		}
		if err == nil {
			if again, err := ParseAddress(a.String()); err != nil || again != a {
				t.Errorf("%q: %#v does not read back: %#v %v", s, a, again, err)
			}
		}
		if errP != nil {
			return
		}
		path := strings.Trim(p.String(), "<>")
		if again, err := ParseReversePath(path); err != nil || again != p {
			t.Errorf("%q: %#v does not read back: %#v %v", s, p, again, err)
		}
	})
}

package gateway

import "testing"

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
		"", "@", "a@", "@b.c", "a", "a b@example.com", "a@b@example.com", ".a@example.com", "a..b@example.com",
		"a@example.com.", "a@-x.example", "a@[127.0.0.1]", "<a@example.com>", "a\r\n@example.com", "a\x00@example.com",
		"\"a\r\nb\"@example.com", "a@exam ple.com", "a@example.com> SIZE=1", "a@x..y", "\xff@example.com", "a@a_b.example",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com",
	} {
		if a, err := ParseAddress(in); err == nil {
			t.Errorf("%q was taken for %v", in, a)
		}
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
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		if again, err := ParseAddress(a.String()); err != nil || again != a {
			t.Errorf("%q: %#v does not read back: %#v %v", s, a, again, err)
		}
	})
}

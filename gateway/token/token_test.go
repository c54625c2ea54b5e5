package token

import (
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/secret"
)

const domain = "reply.example.com"

func TestRoundTrip(t *testing.T) {
	m := NewMinter(secret.Generate())
	for _, p := range []byte(purposes) {
		h := gateway.NewHandle()
		s := m.Mint(Purpose(p), h, domain)
		if len(s) != Length || len(s) > gateway.MaxLocalPart {
			t.Fatalf("%q has %d characters", s, len(s))
		}
		for _, form := range []string{s, strings.ToUpper(s), strings.ToUpper(s[:7]) + s[7:]} {
			gotP, gotH, ok := m.Read(form, domain)
			if !ok || gotP != Purpose(p) || gotH != h {
				t.Errorf("%c: %s reads as %c %d %v", p, form, gotP, gotH, ok)
			}
		}
		if !Looks(s) || !Looks(strings.ToUpper(s)) {
			t.Errorf("%c: not taken for a token", p)
		}
	}
}

func TestOnePurposeNeverStandsInForAnother(t *testing.T) {
	m := NewMinter(secret.Generate())
	h := gateway.NewHandle()
	for _, p := range []byte(purposes) {
		s := m.Mint(Purpose(p), h, domain)
		for _, q := range []byte(purposes) {
			if p == q {
				continue
			}
			if _, ok := m.ReadFor(Purpose(q), s, domain); ok {
				t.Errorf("a %c token was read as %c", p, q)
			}
			if _, _, ok := m.Read(string(q)+s[1:], domain); ok {
				t.Errorf("a %c token passes as %c with another first character", p, q)
			}
		}
	}
}

func TestForgeriesFail(t *testing.T) {
	keys := secret.Generate()
	m := NewMinter(keys)
	s := m.Mint(Reply, gateway.NewHandle(), domain)
	for i := range len(s) {
		for _, c := range []byte(secret.Alphabet + "018=.ü") {
			forged := s[:i] + string(c) + s[i+1:]
			if forged == s {
				continue
			}
			if _, _, ok := m.Read(forged, domain); ok {
				t.Fatalf("position %d as %q passes", i, c)
			}
		}
	}
	for _, other := range []string{"", s[1:], s + "a", "postmaster"} {
		if _, _, ok := m.Read(other, domain); ok {
			t.Errorf("%q passes", other)
		}
	}
	if _, _, ok := m.Read(s, "reply.example.org"); ok {
		t.Error("passes at another domain")
	}
	if _, _, ok := NewMinter(secret.Generate()).Read(s, domain); ok {
		t.Error("passes with another installation's key")
	}
}

func TestRetiredKeyStillReads(t *testing.T) {
	old := secret.Generate()
	s := NewMinter(old).Mint(Reply, 7, domain)
	newer := strings.Replace(string(secret.Generate().Format()), "\na ", "\nb ", 1)
	both, err := secret.Parse([]byte(newer + string(old.Format())))
	if err != nil {
		t.Fatal(err)
	}
	m := NewMinter(both)
	if _, h, ok := m.Read(s, domain); !ok || h != 7 {
		t.Error("a retired key's address died")
	}
	if m.Mint(Reply, 7, domain)[1] != 'b' {
		t.Error("the newest key is not the one that mints")
	}
}

func FuzzRead(f *testing.F) {
	m := NewMinter(secret.Generate())
	f.Add(m.Mint(Reply, 1, domain))
	f.Add("r" + strings.Repeat("a", 39))
	valid := map[string]bool{m.Mint(Reply, 1, domain): true}
	f.Fuzz(func(t *testing.T, s string) {
		if _, _, ok := m.Read(s, domain); ok && !valid[lower(s)] {
			t.Errorf("%q passes", s)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	m := NewMinter(secret.Generate())
	s := m.Mint(Reply, 1, domain)
	for b.Loop() {
		m.Read(s, domain)
	}
}

package mailauth

import (
	"bytes"
	"strings"
	"testing"
)

const ours = "mx.example.com"

// TestStrip: fields that claim our name, however it is written, are gone; those of
// others, and everything else, stand as they came.
func TestStrip(t *testing.T) {
	const name = "Authentication-Results:"
	for field, gone := range map[string]bool{
		name + " mx.example.com; dmarc=pass\r\n":                          true,
		name + "mx.example.com;dmarc=pass\r\n":                            true,
		"AUTHENTICATION-results \t: MX.Example.COM; dmarc=pass\r\n":       true,
		name + " mx.example.com 1; dmarc=pass\r\n":                        true,
		name + " mx.example.com. 1; dmarc=pass\r\n":                       true,
		name + "\r\n\tmx.example.com;\r\n\tdmarc=pass\r\n":                true,
		name + " (a (nested\\)) one) mx.example.com (x); dmarc=pass\r\n":  true,
		name + " \"mx.example.com\"; dmarc=pass\r\n":                      true,
		name + " \"mx.\\example.com\"; dmarc=pass\r\n":                    true,
		name + " mx.example.com(x); none\r\n":                             true,
		name + " (without end mx.example.net; dmarc=pass\r\n":             true,
		name + " \"without end; dmarc=pass\r\n":                           true,
		name + " ; dmarc=pass\r\n":                                        true,
		name + "\r\n":                                                     true,
		name + " mx.example.net; dmarc=pass\r\n":                          false,
		name + " mx.example.com.evil.test; dmarc=pass\r\n":                false,
		name + " evil.test; dmarc=pass reason=\"mx.example.com\"\r\n":     false,
		"ARC-Authentication-Results: i=1; mx.example.com; dmarc=pass\r\n": false,
		"X-Authentication-Results: mx.example.com; dmarc=pass\r\n":        false,
		"Authentication-Results-X: mx.example.com; dmarc=pass\r\n":        false,
	} {
		const before, after = "Received: x\r\n", "From: a@b.test\r\n\r\nAuthentication-Results: mx.example.com; in the body\r\n"
		want := before + field + after
		if gone {
			want = before + after
		}
		if got := string(bytes.Join(Strip([]byte(before+field+after), ours), nil)); got != want {
			t.Errorf("%q became %q", field, got)
		}
		if got := string(bytes.Join(Strip([]byte(field+field+after), ours), nil)); gone != (got == after) {
			t.Errorf("twice %q became %q", field, got)
		}
	}
}

// FuzzStrip: nothing that claims our name is left, nothing is made up, and the
// body stands.
func FuzzStrip(f *testing.F) {
	for _, s := range []string{
		"", "\n", "Authentication-Results: mx.example.com; x\r\n", "Authentication-Results:", "a: b\nAuthentication-Results:\n (mx\n\nbody",
		"Authentication-Results: \"mx.exa\\mple.com\r\n", "\r\nAuthentication-Results: mx.example.com", " folded\r\nAuthentication-Results: (\\",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		once := bytes.Join(Strip(raw, ours), nil)
		if twice := bytes.Join(Strip(once, ours), nil); !bytes.Equal(once, twice) {
			t.Errorf("stripping %q again gives %q", once, twice)
		}
		if len(once) > len(raw) {
			t.Errorf("%q grew to %q", raw, once)
		}
		if head, body, ok := strings.Cut(string(raw), "\n\n"); ok && !strings.Contains(head, "\n\r\n") && !strings.HasPrefix(head, "\r\n") && !strings.HasSuffix(string(once), "\n\n"+body) && !strings.HasSuffix(string(once), body) {
			t.Errorf("the body of %q is gone from %q", raw, once)
		}
	})
}

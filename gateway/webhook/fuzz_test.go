package webhook

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzCheckURL: what passes is https to a name or to a public address, however it
// is written, and no name that some resolver reads as an address.
func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{
		"https://a.example/", "https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://[::1]/", "https://1.1.1.1:443/x?y=z",
		"HTTPS://A.EXAMPLE.:8443", "https://①②⑦.0.0.1/", "https://a.example:/", "https://user@a.example/", "https://[fe80::1%25lo]/", "https://LOCALHOST./",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if (Guard{}).CheckURL(raw) != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" || u.User != nil {
			t.Fatalf("%q passes", raw)
		}
		host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
		if strings.ContainsFunc(host, func(r rune) bool { return r >= utf8.RuneSelf }) {
			return // net/http makes another host of it, which was looked at
		}
		if ip, err := netip.ParseAddr(host); err == nil {
			if !public(ip.Unmap().WithZone("")) {
				t.Errorf("%q passes", raw)
			}
			return
		}
		last := host[strings.LastIndexByte(host, '.')+1:]
		if last != "" && strings.Trim(last, "0123456789") == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") {
			t.Errorf("%q passes", raw)
		}
	})
}

// FuzzRedact: what is kept of an answer is text, small, and holds no secret's form.
func FuzzRedact(f *testing.F) {
	for _, s := range []string{"ok", "\xff", strings.Repeat("ä", 600), "whsec_abc whsec_", "sk_live_0123456789", "Bearer  abcdefghij", strings.Repeat("a2", 30), "v1,sig"} {
		f.Add(s)
	}
	sent := http.Header{"Webhook-Signature": {"v1,sig v1,other"}, "X-Talkjs-Signature": {"ABCDEF"}}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > maxKept {
			s = s[:maxKept]
		}
		got := redact(s, sent)
		if !utf8.ValidString(got) || len(got) > 2*maxKept || strings.Contains(got, "v1,other") || strings.ContainsRune(got, 0) {
			t.Errorf("%q is kept as %q", s, got)
		}
	})
}

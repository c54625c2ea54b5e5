package pages

import (
	"mime"
	"strings"
	"testing"
	"unicode"
)

func FuzzDisposition(f *testing.F) {
	for _, s := range []string{"", "plan.pdf", "../../x", "a\"\r\nb", "Büro 100%.txt", "con", ".htaccess", "x\u202efdp.exe", strings.Repeat("ü", 200) + ".a", "\xff\xfe", "a;b=c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		kind, params, err := mime.ParseMediaType(disposition(name))
		got := params["filename"]
		if err != nil || kind != "attachment" || got == "" || len(got) > maxName {
			t.Fatalf("%q: %q %q %v", name, kind, got, err)
		}
		if strings.ContainsAny(got, `/\:"`) || strings.HasPrefix(got, ".") || strings.ContainsFunc(got, unicode.IsControl) || got != safeName(got) {
			t.Fatalf("%q is saved as %q", name, got)
		}
	})
}

package dkim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// goldenNow is when the golden mails were just made.
var goldenNow = time.Date(2026, 11, 20, 18, 0, 0, 0, time.UTC)

// zone answers for the records of a .dns file: "name TXT value" or "name SERVFAIL".
type zone map[string][]string

func readZone(t testing.TB, path string) zone {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zone{}
	for line := range strings.Lines(string(data)) {
		name, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		kind, value, _ := strings.Cut(rest, " ")
		if kind == "SERVFAIL" {
			z[name] = nil
		} else {
			z[name] = append(z[name], value)
		}
	}
	return z
}

func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	values, known := z[name]
	switch {
	case !known:
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	case values == nil:
		return nil, errors.New("the server failed")
	}
	return values, nil
}

func describe(vs []Verification, err error) string {
	if err != nil {
		return "error\n"
	}
	var b strings.Builder
	for _, v := range vs {
		fmt.Fprintf(&b, "%s %s %s %s", dash(v.Domain), dash(v.Selector), dash(v.Algorithm), v.Verdict)
		if v.Testing {
			b.WriteString(" testing")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// TestGolden verifies mails signed by dkimpy and by this package, whole or
// tampered with.
func TestGolden(t *testing.T) {
	mails, _ := filepath.Glob("testdata/*.eml")
	if len(mails) < 50 {
		t.Fatalf("there are only %d golden mails", len(mails))
	}
	for _, path := range mails {
		base := strings.TrimSuffix(path, ".eml")
		t.Run(filepath.Base(base), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			want, err2 := os.ReadFile(base + ".result")
			if err := errors.Join(err, err2); err != nil {
				t.Fatal(err)
			}
			vs, err := Verify(t.Context(), raw, VerifyOptions{
				LookupTXT: readZone(t, base+".dns").LookupTXT, Prefer: "example.com", Now: goldenNow,
			})
			if got := describe(vs, err); got != string(want) {
				t.Errorf("got\n%swant\n%s(%v %v)", got, want, err, vs)
			}
			for _, v := range vs {
				if (v.Verdict == Pass) != (v.Err == nil) || strings.HasPrefix(fmt.Sprint(v.Err), "dkim: ") {
					t.Errorf("%s is explained by %v", v.Verdict, v.Err)
				}
			}
		})
	}
}

func TestMaxAndPreference(t *testing.T) {
	raw, err := os.ReadFile("testdata/51-author-last-of-nine.eml")
	if err != nil {
		t.Fatal(err)
	}
	z := readZone(t, "testdata/51-author-last-of-nine.dns")
	for _, c := range []struct {
		max    int
		prefer string
		want   string
	}{
		{1, "example.com", "example.com"},
		{2, "Spam0.Example", "spam0.example spam6.example"},
		{3, "deep.below.spam1.example", "spam1.example spam6.example spam5.example"},
		{20, "", "spam6.example spam5.example spam4.example spam3.example spam2.example spam1.example spam0.example example.com example.com"},
	} {
		var asked atomic.Int32
		vs, err := Verify(t.Context(), raw, VerifyOptions{Max: c.max, Prefer: c.prefer, Now: goldenNow,
			LookupTXT: func(ctx context.Context, name string) ([]string, error) { asked.Add(1); return z.LookupTXT(ctx, name) }})
		var got []string
		for _, v := range vs {
			got = append(got, v.Domain)
			if v.Verdict != Pass {
				t.Errorf("%s: %v", v.Domain, v.Err)
			}
		}
		if strings.Join(got, " ") != c.want || err != nil {
			t.Errorf("%d, %q: got %v, %v; want %s", c.max, c.prefer, got, err, c.want)
		}
		if n := asked.Load(); c.max == 1 && n != 1 {
			t.Errorf("asked %d times for one signature", n)
		}
	}
}

// TestHostile: what is made to cost much is refused, and soon.
func TestHostile(t *testing.T) {
	head := "From: a@example.com\r\n"
	sig := "DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=example.com; s=sel; bh=AAAA; b=AAAA; h=from"
	for name, c := range map[string]struct {
		raw  string
		want string
	}{
		"nothing":                     {"", ""},
		"no line end":                 {"From: x", "error\n"},
		"folded for ever":             {head + "X: y\r\n" + strings.Repeat(" z\r\n", 80_000) + "\r\n", "error\n"},
		"many fields":                 {head + strings.Repeat("A:\r\n", 1001) + "\r\n", "error\n"},
		"large header":                {head + "X: " + strings.Repeat("y", 300<<10) + "\r\n\r\n", "error\n"},
		"large line":                  {head + "X: " + strings.Repeat("y", 3<<20), "error\n"},
		"empty lines":                 {head + sig + "\r\n\r\n" + strings.Repeat("\r\n", 400_000), "error\n"},
		"bare CRs":                    {head + sig + "\r\n\r\n" + strings.Repeat("\r", 400_000), "error\n"},
		"empty line, spaced":          {head + " \r\n" + sig + "\r\n\r\nx\r\n", "example.com sel rsa-sha256 fail\n"},
		"continuation first":          {" x\r\n" + head + "\r\n", "error\n"},
		"no colon":                    {head + "nonsense\r\n\r\n", "error\n"},
		"no name":                     {head + ": x\r\n\r\n", "error\n"},
		"space in name":               {head + "Sub ject: x\r\n\r\n", "error\n"},
		"NUL":                         {head + "X: \x00\r\n\r\n", "error\n"},
		"bare CR in header":           {head + "X: a\rb\r\n\r\n", "error\n"},
		"h= of 40,000":                {head + sig + strings.Repeat(":x", 40_000) + "\r\n\r\nx\r\n", "example.com sel rsa-sha256 policy\n"},
		"simple, runs of empty lines": {head + strings.Repeat(sig+"\r\n", 5) + "\r\n" + strings.Repeat(strings.Repeat("\r\n", 99_000)+"x\r\n", 10), strings.Repeat("example.com sel rsa-sha256 fail\n", 5)},
		"200 signatures":              {head + strings.Repeat(sig+"\r\n", 200) + "\r\n" + strings.Repeat("word \r\n", 100_000), strings.Repeat("example.com sel rsa-sha256 fail\n", 5)},
		"tags without values":         {head + "DKIM-Signature: " + strings.Repeat(";", 100_000) + "\r\n\r\n", "- - - permerror\n"},
		"time beyond time":            {head + sig + "; t=99999999999999999999\r\n\r\n", "example.com sel rsa-sha256 permerror\n"},
		"time before time":            {head + sig + "; t=-5\r\n\r\n", "example.com sel rsa-sha256 permerror\n"},
		"two From":                    {head + head + sig + ":from\r\n\r\n", "example.com sel rsa-sha256 policy\n"},
	} {
		key, err := os.ReadFile("testdata/01-relaxed.dns")
		if err != nil {
			t.Fatal(err)
		}
		_, record, _ := strings.Cut(strings.TrimSpace(string(key)), " TXT ")
		start := time.Now()
		vs, err := Verify(t.Context(), []byte(c.raw), VerifyOptions{
			LookupTXT: zone{"sel._domainkey.example.com": {record}}.LookupTXT, Now: goldenNow,
		})
		if got := describe(vs, err); got != c.want {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, c.want)
		}
		if d := time.Since(start); d > time.Minute { // with the race detector, on a busy machine
			t.Errorf("%s took %v", name, d)
		}
	}
}

func TestWhatIsTemporary(t *testing.T) {
	raw, err := os.ReadFile("testdata/01-relaxed.eml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		err  error
		want Verdict
	}{
		{&net.DNSError{Err: "no such host", IsNotFound: true}, PermError},
		{fmt.Errorf("wrapped: %w", &net.DNSError{IsNotFound: true}), PermError},
		{&net.DNSError{Err: "timeout", IsTimeout: true}, TempError},
		{errors.New("never heard of"), TempError},
		{context.Canceled, TempError},
		{context.DeadlineExceeded, TempError},
	} {
		vs, err := Verify(t.Context(), raw, VerifyOptions{Now: goldenNow,
			LookupTXT: func(context.Context, string) ([]string, error) { return nil, c.err }})
		if err != nil || len(vs) != 1 || vs[0].Verdict != c.want {
			t.Errorf("%v: got %v, %v", c.err, vs, err)
		}
	}
}

func FuzzReadHeader(f *testing.F) {
	mails, _ := filepath.Glob("testdata/*.eml")
	for _, path := range mails {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte("A : b\r\n\tc\r\n \r\nB:\r\n\r\nbody"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		fields, body, err := ReadHeader(raw)
		if err != nil {
			if fields != nil || body != nil {
				t.Error("an error came with fields")
			}
			return
		}
		var again []byte
		for _, f := range fields {
			if !bytes.HasPrefix(f.Raw, []byte(f.Name)) || !bytes.HasSuffix(f.Value(), []byte("\r\n")) ||
				len(f.Value())+len(f.Name) >= len(f.Raw) {
				t.Errorf("field %q is %q", f.Name, f.Raw)
			}
			again = append(again, f.Raw...)
		}
		if !bytes.HasPrefix(raw, again) || !bytes.HasSuffix(raw, body) || len(raw)-len(again)-len(body) > 2 {
			t.Errorf("%q became %q and %q", raw, again, body)
		}
	})
}

func FuzzVerify(f *testing.F) {
	mails, _ := filepath.Glob("testdata/*.eml")
	keys := zone{}
	for _, path := range mails {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for name, values := range readZone(f, "testdata/06-both.dns") {
		keys[name] = values
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		vs, err := Verify(t.Context(), raw, VerifyOptions{LookupTXT: keys.LookupTXT, Now: goldenNow, Prefer: "example.com"})
		if len(vs) > 5 || err != nil && vs != nil {
			t.Errorf("%d signatures, %v", len(vs), err)
		}
		for _, v := range vs {
			if v.Verdict == "" || (v.Verdict == Pass) != (v.Err == nil) {
				t.Errorf("%+v", v)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	raw := mailOf(6 << 10)
	key, _ := bothKeys(b)
	signed, err := Sign(raw, SignOptions{Keys: []Key{key}, Now: goldenNow})
	if err != nil {
		b.Fatal(err)
	}
	z := zoneOf(b, key)
	b.SetBytes(int64(len(signed)))
	for b.Loop() {
		vs, err := Verify(b.Context(), signed, VerifyOptions{LookupTXT: z.LookupTXT, Now: goldenNow})
		if err != nil || vs[0].Verdict != Pass {
			b.Fatal(vs, err)
		}
	}
}

// TestABrokenVerifierIsTemporary: a panic below Verify delays the mail, no more.
func TestABrokenVerifierIsTemporary(t *testing.T) {
	raw, err := os.ReadFile("testdata/06-both.eml")
	if err != nil {
		t.Fatal(err)
	}
	vs, err := Verify(t.Context(), raw, VerifyOptions{Now: goldenNow,
		LookupTXT: func(context.Context, string) ([]string, error) { panic("broken") }})
	if got := describe(vs, err); got != "example.com sel rsa-sha256 temperror\nexample.com ed ed25519-sha256 temperror\n" {
		t.Error(got)
	}
}

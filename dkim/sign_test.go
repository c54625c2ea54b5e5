package dkim

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func zoneOf(t testing.TB, keys ...Key) zone {
	t.Helper()
	z := zone{}
	for _, k := range keys {
		r, err := k.Record()
		if err != nil {
			t.Fatal(err)
		}
		z[r.Name] = []string{r.Value()}
	}
	return z
}

// mailOf is a notification of about so many octets.
func mailOf(size int) []byte {
	head := "From: Ann via App <r@reply.example.com>\r\nTo: Bob <bob@example.net>\r\nSubject: Your order\r\n" +
		"Date: Fri, 20 Nov 2026 08:00:00 +0000\r\nMessage-ID: <1@reply.example.com>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\nList-Unsubscribe: <https://example.com/u/x>,\r\n <mailto:u@example.com>\r\n" +
		"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nAuto-Submitted: auto-generated\r\n\r\n"
	line := "Yes, that is fine, and here are some more words to read.\r\n"
	return []byte(head + strings.Repeat(line, max(1, (size-len(head))/len(line))))
}

func bothKeys(t testing.TB) (rsaKey, edKey Key) {
	t.Helper()
	r, err1 := GenerateRSA("example.com", "r202611")
	e, err2 := GenerateEd25519("example.com", "e202611")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return r, e
}

func TestSignAndVerify(t *testing.T) {
	r, e := bothKeys(t)
	z := zoneOf(t, r, e)
	head := "From: a@example.com\r\nSubject: x\r\n"
	for name, raw := range map[string]string{
		"plain":             string(mailOf(6 << 10)),
		"large":             string(mailOf(300 << 10)),
		"no body":           head,
		"empty body":        head + "\r\n",
		"empty lines":       head + "\r\n\r\n\r\n\r\n",
		"no last line end":  head + "\r\nwords",
		"white space":       head + "\r\n  a \t b\t\tc  \r\n \t \r\n\r\nx \r\n \r\n\r\n",
		"only white space":  head + "\r\n \t \r\n\t\r\n",
		"several of a kind": "To: a@x.example\r\nTo: b@x.example\r\n" + head + "\r\nx\r\n",
		"folded":            "From:\r\n a@example.com\r\nSubject: a\r\n\t b\r\n  c \r\n\r\nx\r\n",
		"8 bit":             "From: ü <a@example.com>\r\nSubject: ü\r\n\r\nü\r\n",
		"long line":         head + "\r\n" + strings.Repeat("x ", 50_000) + "\r\n",
	} {
		now := time.Now()
		signed, err := Sign([]byte(raw), SignOptions{Keys: []Key{r, e}, Now: now})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !bytes.HasSuffix(signed, []byte(raw)) {
			t.Errorf("%s: the mail itself was changed", name)
		}
		for line := range bytes.Lines(signed[:len(signed)-len(raw)]) {
			if len(line) > 998+len("\r\n") || !bytes.HasSuffix(line, []byte("\r\n")) {
				t.Errorf("%s: a line of %d octets: %s", name, len(line), line)
			}
		}
		vs, err := Verify(t.Context(), signed, VerifyOptions{LookupTXT: z.LookupTXT, Now: now})
		if err != nil || len(vs) != 2 || vs[0].Verdict != Pass || vs[1].Verdict != Pass {
			t.Errorf("%s: %v %v\n%s", name, vs, err, signed[:len(signed)-len(raw)])
		}
		for _, c := range []struct {
			after time.Duration
			want  Verdict
		}{{Validity - time.Second, Pass}, {Validity, Policy}, {-time.Minute, Pass}, {-time.Hour, Policy}} {
			vs, err := Verify(t.Context(), signed, VerifyOptions{LookupTXT: z.LookupTXT, Now: now.Add(c.after)})
			if err != nil || vs[0].Verdict != c.want {
				t.Errorf("%s, %v later: %v %v", name, c.after, vs, err)
			}
		}
	}
}

// TestNothingCanBeAdded: every covered field that is added, changed or taken
// away breaks both signatures.
func TestNothingCanBeAdded(t *testing.T) {
	r, e := bothKeys(t)
	z := zoneOf(t, r, e)
	raw := mailOf(600)
	now := time.Now()
	signed, err := Sign(raw, SignOptions{Keys: []Key{r, e}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	cut := len(signed) - len(raw)
	for _, name := range signedFields() {
		for place, mail := range map[string][]byte{
			"above": slices.Concat([]byte(name+": x\r\n"), signed),
			"below": slices.Concat(signed[:cut], []byte(name+": x\r\n"), raw),
			"away":  slices.Concat(signed[:cut], bytes.Replace(raw, []byte("\n"+name+": "), []byte("\nX-"+name+": "), 1)),
		} {
			if bytes.Equal(mail, signed) || place == "away" && (name == "From" || !bytes.Contains(raw, []byte("\n"+name+": "))) {
				continue
			}
			vs, err := Verify(t.Context(), mail, VerifyOptions{LookupTXT: z.LookupTXT, Now: now})
			if err != nil || len(vs) != 2 || vs[0].Verdict == Pass || vs[1].Verdict == Pass {
				t.Errorf("%s %s: %v %v", name, place, vs, err)
			}
		}
	}
}

// TestSignatureTags: what is said about a mail beside its hashes.
func TestSignatureTags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, e := bothKeys(t)
		now := time.Now()
		o := SignOptions{Keys: []Key{r, e}, Now: now}
		want := []map[string]string{
			{"a": "rsa-sha256", "d": "example.com", "s": "r202611", "c": "relaxed/relaxed", "v": "1"},
			{"a": "ed25519-sha256", "d": "example.com", "s": "e202611", "c": "relaxed/relaxed", "v": "1"},
		}
		for _, c := range []struct{ given, until time.Time }{{time.Time{}, now.Add(Validity)}, {now.Add(time.Hour), now.Add(time.Hour)}} {
			o.Expires = c.given
			signed, err := Sign(mailOf(600), o)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Sign(mailOf(600), o)
			if err != nil || !bytes.Equal(signed, again) {
				t.Errorf("the same mail is signed differently in the same second (%v)", err)
			}
			for i, tags := range tagsOf(t, signed) {
				want[i]["t"], want[i]["x"] = fmt.Sprint(now.Unix()), fmt.Sprint(c.until.Unix())
				for name, v := range want[i] {
					if tags[name] != v {
						t.Errorf("signature %d: %s=%q, want %q", i, name, tags[name], v)
					}
				}
				if len(tags) != len(want[i])+3 { // h, bh, b
					t.Errorf("signature %d has other tags: %v", i, tags)
				}
			}
		}
	})
}

// tagsOf takes the signatures of a mail apart, the uppermost first.
func tagsOf(t testing.TB, signed []byte) (all []map[string]string) {
	t.Helper()
	fields, _, err := ReadHeader(signed)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		if f.Is(signatureField) {
			s := signature{}
			if s.read(f.Value()); s.err != nil {
				t.Fatal(s.err)
			}
			all = append(all, s.tags)
		}
	}
	return all
}

func TestSignRefuses(t *testing.T) {
	_, e := bothKeys(t)
	bad := func(change func(*Key)) []Key { k := e; change(&k); return []Key{k} }
	raw := string(mailOf(600))
	for name, c := range map[string]struct {
		raw  string
		keys []Key
	}{
		"no key":           {raw, nil},
		"no signer":        {raw, bad(func(k *Key) { k.Signer = nil })},
		"injected domain":  {raw, bad(func(k *Key) { k.Domain = "x\r\nBcc: y" })},
		"injected tag":     {raw, bad(func(k *Key) { k.Selector = "s; l=0" })},
		"empty selector":   {raw, bad(func(k *Key) { k.Selector = "" })},
		"two From":         {"From: a@x.example\r\n" + raw, []Key{e}},
		"no From":          {"To: a@x.example\r\n\r\nx\r\n", []Key{e}},
		"bare LF":          {strings.Replace(raw, "fine\r\n", "fine\n", 1) + "\n", []Key{e}},
		"bare CR":          {raw + "\r", []Key{e}},
		"bare LF in field": {strings.Replace(raw, "\r\n", "\n", 1), []Key{e}},
		"h= of 998 octets": {strings.Repeat("In-Reply-To: <a@b>\r\n", 60) + raw, []Key{e}},
		"no second signer": {raw, append([]Key{e}, bad(func(k *Key) { k.Signer = nil })...)},
		"key out of reach": {raw, []Key{e, {"example.com", "s", unreachable{e.Signer}}}},
	} {
		if signed, err := Sign([]byte(c.raw), SignOptions{Keys: c.keys, Now: time.Now()}); err == nil {
			t.Errorf("%s: signed\n%s", name, signed)
		}
	}
}

// unreachable is a key that lives elsewhere, and cannot be asked.
type unreachable struct{ crypto.Signer }

func (unreachable) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("no answer")
}

// TestSignLeavesNothingRunning: a bubble ends only when all of its goroutines have.
func TestSignLeavesNothingRunning(t *testing.T) {
	_, e := bothKeys(t)
	for name, keys := range map[string][]Key{
		"signed": {e, e}, "second is no key": {e, {"example.com", "s", nil}}, "second is out of reach": {e, {"example.com", "s", unreachable{e.Signer}}},
	} {
		synctest.Test(t, func(t *testing.T) {
			if _, err := Sign(mailOf(100<<10), SignOptions{Keys: keys, Now: time.Now()}); (err == nil) != (name == "signed") {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	for _, generate := range []func(string, string) (Key, error){GenerateRSA, GenerateEd25519} {
		k, err := generate("example.com", "sel")
		if err != nil {
			t.Fatal(err)
		}
		text, err := k.PEM()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParsePEM("example.com", "sel", text)
		if err != nil || again.Algorithm() != k.Algorithm() {
			t.Errorf("the key does not read back: %v", err)
		}
		a, err1 := k.Record()
		b, err2 := again.Record()
		if err1 != nil || err2 != nil || a.String() != b.String() || a.Name != "sel._domainkey.example.com" {
			t.Errorf("records %v and %v (%v, %v)", a, b, err1, err2)
		}
		for _, s := range a.Strings {
			if len(s) > 255 {
				t.Errorf("a string of %d octets", len(s))
			}
		}
		if !strings.HasPrefix(a.String(), `sel._domainkey.example.com. IN TXT ( "v=DKIM1; k=`) {
			t.Error(a)
		}
	}
}

func TestParsePEM(t *testing.T) {
	r, e := bothKeys(t)
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(r.Signer.(*rsa.PrivateKey))})
	if k, err := ParsePEM("example.com", "r202611", pkcs1); err != nil || k.Algorithm() != "rsa-sha256" {
		t.Errorf("PKCS #1: %v", err)
	}
	good, err := e.PEM()
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(e.Signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][3]string{
		"empty":     {"example.com", "s", ""},
		"not PEM":   {"example.com", "s", "hello"},
		"not a key": {"example.com", "s", string(pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: []byte("x")}))},
		"public":    {"example.com", "s", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))},
		"selector":  {"example.com", "a b", string(good)},
		"domain":    {"", "s", string(good)},
	} {
		if k, err := ParsePEM(c[0], c[1], []byte(c[2])); err == nil {
			t.Errorf("%s: read as %v", name, k.Algorithm())
		}
	}
}

// TestBodyHash holds the hash of a body against RFC 6376, section 3.4.4, done in
// the plainest way.
func TestBodyHash(t *testing.T) {
	_, e := bothKeys(t)
	for _, body := range []string{"", "\r\n", " \r\n", "a", "a\r\n", " a  b\t \r\n\r\n c\r\n\r\n\r\n", "\t\ta\tb", "a\r\n \t\r\nb \r\n"} {
		checkBodyHash(t, e, []byte(body))
		// Where the pieces meet in which the body is read, too.
		checkBodyHash(t, e, []byte(strings.Repeat("x", 4096-len("From: a@x.example\r\n\r\n")-2)+body+"x"))
	}
}

func FuzzBodyHash(f *testing.F) {
	_, e := bothKeys(f)
	f.Add([]byte(" a  b\t \r\n\r\n c\r\n\r\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if cleanLines(body) {
			checkBodyHash(t, e, body)
		}
	})
}

func checkBodyHash(t *testing.T, key Key, body []byte) {
	t.Helper()
	var plain []string
	for line := range strings.SplitSeq(string(body), "\r\n") {
		lead := strings.TrimLeft(line, " \t") != line
		words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
		line = strings.Join(words, " ")
		if lead && line != "" {
			line = " " + line
		}
		plain = append(plain, line)
	}
	want := strings.TrimRight(strings.Join(plain, "\r\n"), "\r\n")
	if want != "" {
		want += "\r\n"
	}
	sum := sha256.Sum256([]byte(want))
	signed, err := Sign(append([]byte("From: a@x.example\r\n\r\n"), body...), SignOptions{Keys: []Key{key}, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tagsOf(t, signed)[0]["bh"], base64.StdEncoding.EncodeToString(sum[:]); got != want {
		t.Errorf("%q: hash %s, want %s", body, got, want)
	}
}

func TestWeakKeyDoesNotSign(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	k, err := rsa.GenerateKey(rand.Reader, 768)
	if err != nil {
		t.Skipf("no such weak key can be made here: %v", err)
	}
	if _, err := Sign(mailOf(600), SignOptions{Keys: []Key{{"example.com", "s", k}}, Now: time.Now()}); err == nil {
		t.Error("a key of 768 bits signed")
	}
}

func BenchmarkSign(b *testing.B) {
	r, e := bothKeys(b)
	for _, c := range []struct {
		name string
		keys []Key
		size int
	}{
		{"RSA+Ed25519/6KB", []Key{r, e}, 6 << 10},
		{"RSA/6KB", []Key{r}, 6 << 10},
		{"Ed25519/6KB", []Key{e}, 6 << 10},
		{"Ed25519/100KB", []Key{e}, 100 << 10},
	} {
		raw := mailOf(c.size)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if _, err := Sign(raw, SignOptions{Keys: c.keys, Now: time.Now()}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestGeneratePair(t *testing.T) {
	keys, err := GeneratePair("example.com", "202611")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range keys {
		got = append(got, k.Selector+" "+k.Algorithm()+" "+k.Domain)
	}
	if want := []string{"r202611 rsa-sha256 example.com", "e202611 ed25519-sha256 example.com"}; !slices.Equal(got, want) {
		t.Errorf("made %q, want %q", got, want)
	}
}

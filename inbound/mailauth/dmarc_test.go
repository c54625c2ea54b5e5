package mailauth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/dns"
)

func TestParseRecord(t *testing.T) {
	for txt, want := range map[string]record{
		"v=DMARC1; p=reject":                                {p: "reject"},
		"v=DMARC1;p=quarantine;":                            {p: "quarantine"},
		" v = DMARC1 ; P = Reject ; SP=none; np=QUARANTINE": {p: "reject", sp: "none", np: "quarantine"},
		"v=DMARC1":                                             {p: "none"},
		"v=DMARC1; rua=mailto:a@b.example":                     {p: "none"},
		"v=DMARC1; p=reject; adkim=s; aspf=S":                  {p: "reject", strictDKIM: true, strictSPF: true},
		"v=DMARC1; p=reject; adkim=r; aspf=x":                  {p: "reject"},
		"v=DMARC1; p=reject; psd=y; t=y":                       {p: "reject", psd: "y", testing: true},
		"v=DMARC1; p=reject; psd=u; t=n":                       {p: "reject"},
		"v=DMARC1; p=reject; psd=N":                            {p: "reject", psd: "n"},
		"v=DMARC1; p=reject; pct=0; rf=x; ri=-1; new=tag; ;;=": {p: "reject"},
		"v=DMARC1; p=rejct":                                    {p: "none", broken: true},
		"v=DMARC1; p=rejct; rua=mailto:a@b.example":            {p: "none"},
		"v=DMARC1; p=reject; sp=":                              {p: "none", broken: true},
		"v=DMARC1; p=reject; np=all; rua=https://x.example":    {p: "none", broken: true},
		"v=DMARC1; p=":                                         {p: "none", broken: true},
	} {
		if rec, ok := parseRecord(txt); !ok || rec != want {
			t.Errorf("%q: got %+v, %v; want %+v", txt, rec, ok, want)
		}
	}
	for _, txt := range []string{"", "v=spf1 -all", "v=DMARC2; p=none", "v=dmarc1; p=none", "p=none; v=DMARC1", "v=DMARC1x", "DMARC1; p=none", ";v=DMARC1"} {
		if rec, ok := parseRecord(txt); ok {
			t.Errorf("%q: taken for %+v", txt, rec)
		}
	}
}

// TestPolicyDiscovery walks trees; the vectors are derived from RFC 9989, section
// 4.10 and its appendix B.
func TestPolicyDiscovery(t *testing.T) {
	for _, c := range []struct {
		name   string
		zone   string // "domain record", one per line; the name gets its _dmarc
		author string
		org    string
		policy string // the effective one; "" for no record
	}{
		{"own record", "corp.example p=reject", "corp.example", "corp.example", "reject"},
		{"no record", "", "a.corp.example", "a.corp.example", ""},
		{"from above", "corp.example p=reject", "a.corp.example", "corp.example", "reject"},
		{"from far above", "corp.example p=quarantine", "a.b.c.corp.example", "corp.example", "quarantine"},
		{"sp", "corp.example p=reject; sp=none", "host.corp.example", "corp.example", "none"},
		{"sp is not for oneself", "corp.example p=reject; sp=none", "corp.example", "corp.example", "reject"},
		{"np", "corp.example p=none; sp=none; np=reject", "missing.corp.example", "corp.example", "reject"},
		{"np of one that exists", "corp.example p=none; sp=quarantine; np=reject", "host.corp.example", "corp.example", "quarantine"},
		{"np of one with an MX", "corp.example p=none; np=reject", "mx.corp.example", "corp.example", "none"},
		{"np of one that is only above others", "corp.example p=none; np=reject", "between.corp.example", "corp.example", "none"},
		{"np falls back to sp", "corp.example p=reject; sp=quarantine", "missing.corp.example", "corp.example", "quarantine"},
		{"t softens reject", "corp.example p=reject; t=y", "corp.example", "corp.example", "quarantine"},
		{"t softens quarantine", "corp.example p=quarantine; t=y", "corp.example", "corp.example", "none"},
		{"t softens sp", "corp.example p=none; sp=reject; t=y", "host.corp.example", "corp.example", "quarantine"},
		{"own beats above", "corp.example p=reject\na.corp.example p=none", "a.corp.example", "corp.example", "none"},
		{"the highest, not the next", "corp.example p=reject\nb.corp.example p=none", "a.b.corp.example", "corp.example", "reject"},
		{"psd=n ends the walk", "corp.example p=reject\nb.corp.example p=none; psd=n", "a.b.corp.example", "b.corp.example", "none"},
		{"psd=n on oneself", "corp.example p=reject\na.corp.example p=none; psd=n", "a.corp.example", "a.corp.example", "none"},
		{"psd=y above", "bank.example p=reject; psd=y", "corp.bank.example", "corp.bank.example", "reject"},
		{"psd=y far above", "bank.example p=reject; sp=quarantine; psd=y", "a.b.corp.bank.example", "corp.bank.example", "quarantine"},
		{"psd=y, organisation has its own", "bank.example p=reject; psd=y\ncorp.bank.example p=none", "a.corp.bank.example", "corp.bank.example", "none"},
		{"psd=y, one between", "bank.example p=reject; psd=y\nb.corp.bank.example p=none", "a.b.corp.bank.example", "corp.bank.example", "reject"},
		{"psd=y on oneself", "bank.example p=reject; psd=y", "bank.example", "bank.example", "reject"},
		{"several are none", "corp.example p=reject\ncorp.example p=none", "corp.example", "corp.example", ""},
		{"several are none, above counts", "corp.example p=reject\na.corp.example p=none\na.corp.example p=none", "a.corp.example", "corp.example", "reject"},
		{"a public suffix without psd", "co.uk p=reject", "corp.co.uk", "corp.co.uk", "reject"},
		{"a top-level domain without psd", "example p=reject", "a.corp.example", "corp.example", "reject"},
		{"broken asks for nothing", "corp.example p=rejct", "corp.example", "corp.example", ""},
		{"broken but reporting", "corp.example p=rejct; rua=mailto:x@corp.example", "corp.example", "corp.example", "none"},
		{"nine labels", "corp.example p=reject", "a.b.c.d.e.f.g.corp.example", "corp.example", "reject"},
		{"a record beyond the shortcut", "g.h.i.j.k.l.corp.example p=none\ncorp.example p=reject", "a.b.c.d.e.f.g.h.i.j.k.l.corp.example", "corp.example", "reject"},
	} {
		l := newLab(t)
		l.Set("host.corp.example", "AAAA", "2001:db8::1")
		l.Set("a.between.corp.example", "TXT", "x")
		l.Set("mx.corp.example", "MX", "10 host.corp.example")
		records := map[string][]string{}
		for line := range strings.Lines(c.zone) {
			domain, tags, _ := strings.Cut(strings.TrimSpace(line), " ")
			records[domain] = append(records[domain], "v=DMARC1; "+tags)
		}
		for domain, txts := range records {
			l.Set("_dmarc."+domain, "TXT", append(txts, "unrelated")...)
		}
		w := walkTree(t.Context(), l.Resolver, c.author)
		if org := w.organization(); org != c.org {
			t.Errorf("%s: organisation %s, want %s", c.name, org, c.org)
		}
		r := l.check(mail{from: "x@" + c.author})
		wantDMARC := gateway.VerdictFail
		if c.policy == "" {
			wantDMARC = gateway.VerdictNone
		}
		if v := r.Verdicts; v.Policy != c.policy || v.DMARC != wantDMARC || r.Temporary {
			t.Errorf("%s: %+v; want policy %q, %s", c.name, v, c.policy, wantDMARC)
		}
	}
}

// TestWalkIsShort: eight queries whatever the name, the first and the last ones
// as RFC 9989, section 4.10 has them.
func TestWalkIsShort(t *testing.T) {
	for _, c := range []struct {
		name string
		want []string
	}{
		{"com", []string{"com"}},
		{"a.b.com", []string{"a.b.com", "b.com", "com"}},
		{"a.b.c.d.e.f.g.com", []string{"a.b.c.d.e.f.g.com", "b.c.d.e.f.g.com", "c.d.e.f.g.com", "d.e.f.g.com", "e.f.g.com", "f.g.com", "g.com", "com"}},
		{"a.b.c.d.e.f.g.h.i.j.mail.example.com", []string{"a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com",
			"h.i.j.mail.example.com", "i.j.mail.example.com", "j.mail.example.com", "mail.example.com", "example.com", "com"}},
	} {
		var got []string
		for name := c.name; name != ""; name = parent(name) {
			got = append(got, name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

func TestAlignmentAcrossSuffixes(t *testing.T) {
	for _, c := range []struct {
		zone, author, signer string
		want                 bool
	}{
		{"", "corp.example", "corp.example", true},
		{"", "a.corp.example", "corp.example", false}, // nobody says that they belong together
		{"corp.example", "a.corp.example", "b.corp.example", true},
		{"corp.example", "corp.example", "deep.below.corp.example", true},
		{"corp.example", "corp.example", "corp.example.evil.example", false},
		{"corp.example", "corp.example", "xcorp.example", false},
		{"example", "corp.example", "evil.example", false},
		{"co.uk", "corp.co.uk", "evil.co.uk", false},
		{"co.uk", "mail.corp.co.uk", "corp.co.uk", true},
		{"github.io", "corp.github.io", "evil.github.io", false},
		{"corp.example b.corp.example;psd=n", "a.b.corp.example", "corp.example", false},
		{"corp.example b.corp.example;psd=n", "a.b.corp.example", "c.b.corp.example", true},
		{"corp.example b.corp.example;psd=n", "corp.example", "b.corp.example", false},
		{"example;psd=y", "a.corp.example", "b.corp.example", true},
		{"example;psd=y", "corp.example", "evil.example", false},
		{"example;psd=y", "corp.example", "example", false},
	} {
		l := newLab(t, c.signer)
		for rec := range strings.FieldsSeq(c.zone) {
			domain, tags, _ := strings.Cut(rec, ";")
			l.Set("_dmarc."+domain, "TXT", "v=DMARC1; p=reject; "+tags)
		}
		r := l.check(mail{from: "x@" + c.author, sign: c.signer})
		if v := r.Verdicts; v.DKIMAligned != c.want || v.DKIM != gateway.VerdictPass || r.Temporary {
			t.Errorf("%q: %s signed by %s: %+v, want aligned %v", c.zone, c.author, c.signer, v, c.want)
		}
	}
}

// TestTemporary: DNS trouble counts only where nothing aligned passed without it.
func TestTemporary(t *testing.T) {
	own := mail{from: "ann@corp.example", sign: "corp.example", ip: unlisted}
	unsigned := mail{from: "ann@corp.example", ip: unlisted, path: "corp.example"}
	below := mail{from: "ann@sub.corp.example", sign: "corp.example", ip: unlisted}
	for _, c := range []struct {
		name    string
		fail    string
		mail    mail
		aligned bool
		temp    bool
		dmarc   gateway.Verdict
	}{
		{"nothing fails", "", own, true, false, "pass"},
		{"policy unknown, signed", "_dmarc.corp.example", own, true, false, "temperror"},
		{"policy unknown, unsigned", "_dmarc.corp.example", unsigned, false, true, "temperror"},
		{"above the own record unknown, signed", "_dmarc.example", own, true, false, "pass"},
		{"above the own record unknown, unsigned", "_dmarc.example", unsigned, false, false, "fail"},
		{"organisation unknown", "_dmarc.corp.example", below, false, true, "temperror"},
		{"key unknown", "sel._domainkey.corp.example", own, false, true, "temperror"},
		{"SPF unknown", "corp.example", unsigned, false, true, "temperror"},
		{"SPF unknown, signed", "corp.example", mail{from: "ann@corp.example", sign: "corp.example", ip: listed, path: "corp.example"}, true, false, "pass"},
		{"another's key unknown", "sel._domainkey.evil.example", mail{from: "ann@corp.example", sign: "evil.example", ip: unlisted}, false, false, "fail"},
		{"another's SPF unknown", "evil.example", mail{from: "ann@corp.example", ip: listed, path: "evil.example"}, false, false, "fail"},
	} {
		l := newLab(t, "corp.example", "evil.example")
		l.Set("_dmarc.corp.example", "TXT", "v=DMARC1; p=reject")
		if c.fail != "" {
			l.Fail(c.fail)
		}
		r := l.check(c.mail)
		if r.Verdicts.Aligned() != c.aligned || r.Temporary != c.temp || r.Verdicts.DMARC != c.dmarc {
			t.Errorf("%s: aligned %v, temporary %v, %+v", c.name, r.Verdicts.Aligned(), r.Temporary, r.Verdicts)
		}
	}
}

// TestDNSThatNeverAnswers: T20, the mail is judged within the budget.
func TestDNSThatNeverAnswers(t *testing.T) {
	l := newLab(t, "corp.example")
	for _, name := range []string{"corp.example", "_dmarc.corp.example", "sel._domainkey.corp.example"} {
		l.Drop(name)
	}
	start := time.Now()
	m := mail{from: "ann@corp.example", sign: "corp.example", ip: listed, path: "corp.example"}
	r := l.checkWith(m, dns.WithBudget(l.NewResolver(), dns.MailQueries, 300*time.Millisecond))
	if !r.Temporary || time.Since(start) > 30*time.Second {
		t.Errorf("temporary %v after %v: %+v", r.Temporary, time.Since(start), r.Verdicts)
	}
}

// TestBombs: records made to cost queries cost no more than the budget.
func TestBombs(t *testing.T) {
	l := newLab(t, "corp.example")
	l.Set("bomb.example", "TXT", "v=spf1 include:a.bomb.example include:b.bomb.example mx mx:m1.bomb.example -all")
	for _, n := range []string{"a", "b"} {
		l.Set(n+".bomb.example", "TXT", "v=spf1 include:a.bomb.example include:b.bomb.example a:x.bomb.example -all")
	}
	var hosts []string
	for i := range 12 {
		hosts = append(hosts, fmt.Sprintf("%d h%d.bomb.example", i, i))
	}
	l.Set("bomb.example", "MX", hosts...)
	l.Set("alias.example", "CNAME", "alias.example")
	l.Set("wide.example", "TXT", "v=spf1 "+strings.Repeat("ip4:192.0.2.0/24 ", 3000)+"-all")
	for from, want := range map[string][]gateway.Verdict{
		"bomb.example":  {gateway.VerdictPermError, gateway.VerdictTempError},
		"alias.example": {gateway.VerdictNone, gateway.VerdictTempError},
		"wide.example":  {gateway.VerdictFail},
	} {
		b := dns.WithBudget(l.NewResolver(), dns.MailQueries, dns.MailTime)
		start := time.Now()
		r := l.checkWith(mail{from: "ann@corp.example", sign: "corp.example", ip: unlisted, path: from}, b)
		if !slices.Contains(want, r.Verdicts.SPF) || time.Since(start) > 30*time.Second {
			t.Errorf("%s: SPF %s after %v", from, r.Verdicts.SPF, time.Since(start))
		}
	}
}

func TestSPFIdentity(t *testing.T) {
	l := newLab(t, "corp.example", "mx.corp.example")
	l.Set("local.example", "TXT", "v=spf1 exists:%{l}.%{d} -all")
	l.Set("bounce.local.example", "A", "127.0.0.2")
	for _, c := range []struct {
		ip         netip.Addr
		helo, path string
		want       gateway.Verdict
		domain     string
	}{
		{listed, "mx.corp.example", "corp.example", "pass", "corp.example"},
		{unlisted, "mx.corp.example", "corp.example", "fail", "corp.example"},
		{listed, "MX.Corp.Example.", "", "pass", "mx.corp.example"},
		{unlisted, "mx.corp.example", "", "fail", "mx.corp.example"},
		{listed, "[192.0.2.1]", "", "none", ""},
		{listed, "localhost", "", "none", ""},
		{listed, "bad name", "", "none", ""},
		{netip.Addr{}, "mx.corp.example", "corp.example", "none", "corp.example"},
		{netip.MustParseAddr("::ffff:192.0.2.1"), "x.example", "corp.example", "pass", "corp.example"},
		{netip.MustParseAddr("2001:db8::1"), "x.example", "corp.example", "fail", "corp.example"},
		{netip.MustParseAddr("fe80::1%eth0"), "x.example", "corp.example", "fail", "corp.example"},
		{listed, "x.example", "nowhere.example", "none", "nowhere.example"},
		{listed, "x.example", "local.example", "pass", "local.example"},
	} {
		var from gateway.ReversePath
		if c.path != "" {
			from.Address = gateway.Address{LocalPart: "bounce", Domain: c.path}
		}
		s := StartSPF(t.Context(), l.Resolver, c.ip, c.helo, from)
		if v, domain := s.Wait(t.Context()); v != c.want || domain != c.domain {
			t.Errorf("%v %s %s: %s %s, want %s %s", c.ip, c.helo, c.path, v, domain, c.want, c.domain)
		}
		s.Close()
	}
	// The @ of a quoted local part does not move the domain.
	s := StartSPF(t.Context(), l.Resolver, listed, "x.example", gateway.ReversePath{Address: gateway.Address{LocalPart: "a@corp.example", Domain: "nowhere.example"}})
	if v, domain := s.Wait(t.Context()); v != "none" || domain != "nowhere.example" {
		t.Errorf("a quoted local part: %s %s", v, domain)
	}
}

func TestSPFEndsWhenToldTo(t *testing.T) {
	l := newLab(t)
	l.Drop("corp.example")
	before := runtime.NumGoroutine()
	from := gateway.ReversePath{Address: gateway.Address{LocalPart: "a", Domain: "corp.example"}}
	slow, err := dns.NewResolver(dns.Options{Servers: []string{l.Addr()}, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for range 20 {
		StartSPF(t.Context(), slow, listed, "x.example", from).Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	s := StartSPF(t.Context(), slow, listed, "x.example", from)
	if v, _ := s.Wait(ctx); v != gateway.VerdictTempError {
		t.Errorf("got %s", v)
	}
	s.Close()
	s.Close()
	if d := time.Since(start); d > 30*time.Second { // of the minute that the server would get
		t.Errorf("it took %v", d)
	}
	l.Close()
	// The runtime takes back goroutines that have ended soon after.
	end, tick := time.After(time.Minute), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > before {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%d goroutines, there were %d", runtime.NumGoroutine(), before)
		}
	}
}

// panicking is a resolver that breaks.
type panicking struct{ Resolver }

func (panicking) LookupTXT(context.Context, string) ([]string, error) { panic("broken") }

func TestABrokenLibraryIsTemporary(t *testing.T) {
	from := gateway.ReversePath{Address: gateway.Address{LocalPart: "a", Domain: "corp.example"}}
	if v, _ := StartSPF(t.Context(), panicking{}, listed, "x", from).Wait(t.Context()); v != gateway.VerdictTempError {
		t.Errorf("got %s", v)
	}
}

func TestDKIMOfUnfitMail(t *testing.T) {
	l := newLab(t, "corp.example")
	for name, edit := range map[string]func(string) string{
		"bare LF":  func(s string) string { return strings.Replace(s, "Yes.\r\n", "Yes.\n", 1) },
		"header":   func(s string) string { return strings.Replace(s, "\r\nSubject: ", "\r\nSubject ", 1) },
		"too long": func(s string) string { return "X: " + strings.Repeat("y", dkim.MaxHeader) + "\r\n" + s },
	} {
		r := l.check(mail{from: "ann@corp.example", sign: "corp.example", ip: unlisted, edit: edit})
		if r.DKIMErr == nil || r.Verdicts.DKIM != gateway.VerdictPermError || r.Verdicts.Aligned() || len(r.DKIM) != 0 {
			t.Errorf("%s: %+v, %v", name, r.Verdicts, r.DKIMErr)
		}
	}
}

func TestManySignaturesTheAuthorsLast(t *testing.T) {
	domains := []string{"corp.example"}
	for i := range 8 {
		domains = append(domains, fmt.Sprintf("s%d.evil.example", i))
	}
	l := newLab(t, domains...)
	r := l.check(mail{from: "ann@corp.example", sign: strings.Join(domains, " "), ip: unlisted})
	if !r.Verdicts.DKIMAligned || len(r.DKIM) != maxSignatures || r.DKIM[0].Domain != "corp.example" {
		t.Errorf("%+v %v", r.Verdicts, r.DKIM)
	}
	if n := l.Asked("sel._domainkey.s0.evil.example"); n != 0 {
		t.Errorf("a signature beyond the limit was looked up %d times", n)
	}
}

func TestHeader(t *testing.T) {
	l := newLab(t, "corp.example", "evil.example")
	l.Set("_dmarc.corp.example", "TXT", "v=DMARC1; p=reject")
	r := l.check(mail{from: "ann@corp.example", sign: "evil.example corp.example", ip: unlisted, path: "evil.example"})
	want := "Authentication-Results: mx.example.net;\r\n\tspf=fail smtp.mailfrom=evil.example;\r\n" +
		"\tdkim=pass header.d=corp.example header.s=sel header.a=ed25519-sha256;\r\n" +
		"\tdkim=pass header.d=evil.example header.s=sel header.a=ed25519-sha256;\r\n" +
		"\tdmarc=pass policy.dmarc=reject header.from=corp.example\r\n"
	if got := r.Header("mx.example.net"); got != want {
		t.Errorf("got\n%s", got)
	}
	r = l.check(mail{from: "a@b@c", ip: listed, helo: "corp.example"})
	want = "Authentication-Results: mx.example.net;\r\n\tspf=pass smtp.helo=corp.example;\r\n\tdkim=none;\r\n\tdmarc=permerror\r\n"
	if got := r.Header("mx.example.net"); got != want {
		t.Errorf("got\n%s", got)
	}
	if got := token8601("a\r\nBcc: x"); got != `"a??Bcc: x"` {
		t.Errorf("a name with a line end: %s", got)
	}
}

func TestCheckEndsWithItsContext(t *testing.T) {
	l := newLab(t, "corp.example")
	l.Drop("corp.example")
	l.Drop("sel._domainkey.corp.example")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the server stops"))
	start := time.Now()
	raw, err := dkim.Sign([]byte("From: ann@corp.example\r\n\r\nx\r\n"), dkim.SignOptions{Keys: []dkim.Key{l.keys["corp.example"]}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	r := Check(ctx, Mail{ClientIP: listed, From: gateway.ReversePath{Address: gateway.Address{LocalPart: "a", Domain: "corp.example"}}, Raw: raw}, l.Resolver, now)
	if !r.Temporary || time.Since(start) > 30*time.Second {
		t.Errorf("%+v after %v", r, time.Since(start))
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add("v=DMARC1; p=reject; sp=none; np=quarantine; adkim=s; psd=y; t=y")
	f.Fuzz(func(t *testing.T, s string) {
		rec, ok := parseRecord(s)
		if ok && (!isPolicy(rec.p) || rec.sp != "" && !isPolicy(rec.sp) || rec.np != "" && !isPolicy(rec.np)) {
			t.Errorf("%q: %+v", s, rec)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	l := newLab(b, "corp.example")
	l.Set("_dmarc.corp.example", "TXT", "v=DMARC1; p=reject")
	raw := []byte("From: ann@corp.example\r\nTo: r@reply.example.net\r\nSubject: Re: x\r\n\r\n" + strings.Repeat("Some words of a reply that is not short.\r\n", 90))
	raw, err := dkim.Sign(raw, dkim.SignOptions{Keys: []dkim.Key{l.keys["corp.example"]}, Now: now})
	if err != nil {
		b.Fatal(err)
	}
	from := gateway.ReversePath{Address: gateway.Address{LocalPart: "a", Domain: "corp.example"}}
	for b.Loop() {
		r := Check(b.Context(), Mail{ClientIP: listed, From: from, Raw: raw}, dns.WithBudget(l.Resolver, dns.MailQueries, dns.MailTime), now)
		if r.Verdicts.DMARC != gateway.VerdictPass {
			b.Fatal(r)
		}
	}
}

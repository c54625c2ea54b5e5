package mailauth

import (
	"fmt"
	"strings"
	"testing"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
)

// arcSet is a set as a forwarder writes it.
func arcSet(i int, cv, domain string) string {
	return fmt.Sprintf("ARC-Seal: i=%[1]d; a=rsa-sha256; t=1700000000; cv=%[2]s;\r\n d=%[3]s; s=arc; b=abc=\r\n"+
		"ARC-Message-Signature: i=%[1]d; a=rsa-sha256; c=relaxed/relaxed; d=%[3]s; s=arc; h=from:to; bh=x; b=y\r\n"+
		"ARC-Authentication-Results: i=%[1]d; mx.%[3]s; dkim=pass header.d=a.test; spf=pass\r\n", i, cv, domain)
}

func TestReadARC(t *testing.T) {
	one := arcSet(1, "none", "first.test")
	for name, c := range map[string]struct {
		head   string
		want   gateway.Verdict
		sealer string
	}{
		"no chain":              {"", "", ""},
		"one set":               {one, gateway.VerdictUnverified, "first.test"},
		"two sets":              {arcSet(2, "pass", "Second.Test") + one, gateway.VerdictUnverified, "second.test"},
		"older set on top":      {one + arcSet(2, "pass", "second.test"), gateway.VerdictUnverified, "second.test"},
		"it says that it fails": {arcSet(2, "fail", "second.test") + one, gateway.VerdictFail, "second.test"},
		"the first says pass":   {arcSet(1, "pass", "first.test"), gateway.VerdictFail, "first.test"},
		"the second says none":  {arcSet(2, "none", "second.test") + one, gateway.VerdictFail, "second.test"},
		"a gap":                 {arcSet(3, "pass", "third.test") + one, gateway.VerdictFail, "third.test"},
		"twice the same":        {one + one, gateway.VerdictFail, "first.test"},
		"a seal alone":          {"ARC-Seal: i=1; cv=none; d=a.test\r\n", gateway.VerdictFail, "a.test"},
		"no instance":           {"ARC-Seal: cv=none; d=a.test\r\n", gateway.VerdictFail, ""},
		"too many":              {arcSet(51, "pass", "x.test") + one, gateway.VerdictFail, "first.test"},
		"no domain":             {arcSet(1, "none", "not a domain"), gateway.VerdictUnverified, ""},
	} {
		fields, _, err := dkim.ReadHeader([]byte(c.head + "From: a@b.test\r\n\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		if v, sealer := readARC(fields); v != c.want || sealer != c.sealer {
			t.Errorf("%s: got %q by %q, want %q by %q", name, v, sealer, c.want, c.sealer)
		}
	}
	var many strings.Builder
	for i := 1; i <= maxSets; i++ {
		many.WriteString(arcSet(i, map[bool]string{true: "none", false: "pass"}[i == 1], "x.test"))
	}
	fields, _, err := dkim.ReadHeader([]byte(many.String() + "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := readARC(fields); v != gateway.VerdictUnverified {
		t.Errorf("%d sets: %q", maxSets, v)
	}
}

func TestReplyElsewhere(t *testing.T) {
	author := gateway.Address{LocalPart: "Ann", Domain: "b.test"}
	for head, want := range map[string]bool{
		"": false, "Reply-To: ann@B.test\r\n": false, "Reply-To: Ann <ann@b.test>\r\n": false, "Reply-To:\r\n": false,
		"Reply-To: eve@b.test\r\n": true, "Reply-To: ann@b.test, eve@b.test\r\n": true, "Reply-To: ann@b.test\r\nReply-To: eve@b.test\r\n": true,
		"Reply-To: <<>\r\n": true, "Reply-To: Ann <eve@b.test>\r\n": true,
	} {
		fields, _, err := dkim.ReadHeader([]byte(head + "X: y\r\n\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := replyElsewhere(fields, author); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
}

func FuzzReadARC(f *testing.F) {
	f.Add(arcSet(2, "pass", "b.test") + arcSet(1, "none", "a.test"))
	f.Add("ARC-Seal: i=;;;=\r\nARC-Seal: i=99999999999999999999\r\n")
	f.Fuzz(func(t *testing.T, head string) {
		fields, _, err := dkim.ReadHeader([]byte(head + "\r\n"))
		if err != nil {
			return
		}
		if v, _ := readARC(fields); v == gateway.VerdictPass {
			t.Errorf("%q passes", head)
		}
	})
}

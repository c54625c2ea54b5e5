package inbound

import (
	"testing"

	"github.com/replygate/replygate/gateway"
)

// TestClaimsProveNothing: what a mail says of itself is shown, and no more.
func TestClaimsProveNothing(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	const chain = "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=google.com; s=arc; t=1700000000; b=abc=\n" +
		"ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=google.com; s=arc; h=from; bh=x; b=y\n" +
		"ARC-Authentication-Results: i=1; mx.google.com; dkim=pass header.i=@people.test; dmarc=pass header.from=people.test\n"
	l.send(mail{sign: "-", head: chain + "Authentication-Results: mx.example.com; dkim=pass header.d=people.test; dmarc=pass\n", body: "Believe the forwarder"}, to).is("250 2.0.0 Accepted")
	if v := l.last().Verdicts; v.ARC != gateway.VerdictUnverified || v.ARCDomain != "google.com" || v.Aligned() || v.ReplyToDiffers {
		t.Errorf("found %+v", v)
	}
	l.send(mail{head: "Reply-To: eve@evil.test\n", body: "Signed, but answer elsewhere"}, to).is("250 2.0.0 Posted")
	if v := l.last().Verdicts; !v.ReplyToDiffers || v.ARC != "" {
		t.Errorf("found %+v", v)
	}
	l.posts("Signed, but answer elsewhere")
}

// TestNoRecord: a domain without a DMARC record is aligned with itself only: which
// names belong to one organisation is nowhere written (RFC 9989, section 4.10).
func TestNoRecord(t *testing.T) {
	l := newLab(t)
	l.publish("mail." + work)
	to := l.address("c1", "bob")
	l.send(mail{from: "bob@" + work, sign: work, body: "Signed by the domain itself"}, to).is("250 2.0.0 Posted")
	l.send(mail{from: "bob@" + work, sign: "mail." + work, body: "Signed by one below it"}, to).is("250 2.0.0 Accepted")
	l.dns.Set("_dmarc."+work, "TXT", "v=DMARC1; p=none")
	l.rcv.Resolver = l.dns.NewResolver()
	l.send(mail{from: "bob@" + work, sign: "mail." + work, body: "Now they say that they belong together"}, to).is("250 2.0.0 Posted")
	l.posts("Signed by the domain itself", "Now they say that they belong together")
}

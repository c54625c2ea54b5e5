package inbound

import (
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
)

const ownDomain = "reply.shop.example"

// owned has the shop's mail sent from a domain of its own.
func (l *lab) owned() app.Service {
	l.Helper()
	apps := app.Service{Store: l.engine, Box: l.box}
	_, err := apps.AddDomain(l.Context(), shop, ownDomain, []app.PlainKey{{Selector: "s", PEM: []byte("x")}})
	l.ok(err)
	l.ok(apps.UseDomain(l.Context(), shop, ownDomain))
	return apps
}

// TestOwnDomain: addresses at an app's own domain post, those from before and after
// too; those of nobody are refused as everywhere.
func TestOwnDomain(t *testing.T) {
	l := newLab(t)
	old := l.address("c1", "bob")
	apps := l.owned()
	fresh := l.address("c1", "bob")
	if !strings.HasSuffix(fresh, "@"+ownDomain) || old[:40] == fresh[:40] {
		t.Fatalf("the address is %s, was %s", fresh, old)
	}
	l.send(mail{body: "at the new"}, fresh).is("250 2.0.0 Posted")
	l.send(mail{body: "at the old"}, old).is("250 2.0.0 Posted")
	l.send(mail{body: "in capitals"}, strings.ToUpper(fresh)).is("250 2.0.0 Posted")
	l.send(mail{body: "at both"}, old, fresh).is("250 2.0.0 Posted")
	l.posts("at the new", "at the old", "in capitals", "at both")

	another, err := l.chat.ReplyAddress(t.Context(), club, "c1", "bob")
	l.ok(err)
	if another.Domain != ourDomain {
		t.Errorf("another app's address is %s", another)
	}
	refused := l.deliver("bob@"+people, nil, "x@unknown.example").rcpt[0]
	for name, to := range map[string]string{
		"at another domain":      fresh[:40] + "@other.shop.example",
		"at the installation's":  fresh[:40] + "@" + ourDomain,
		"the old one there":      old[:40] + "@" + ownDomain,
		"another app's there":    another.LocalPart + "@" + ownDomain,
		"a changed one":          flipped(fresh),
		"below it":               fresh[:40] + "@x." + ownDomain,
		"a link":                 l.tokens.Address(token.Confirm, 7, ownDomain).String(),
		"a name":                 "bob@" + ownDomain,
		"postmaster elsewhere":   "postmaster@unknown.example",
		"notifications anywhere": General + "@unknown.example",
	} {
		if got := l.deliver("bob@"+people, nil, to).rcpt[0]; got != refused || !strings.HasPrefix(got, "550 5.1.1 ") {
			t.Errorf("%s: %q, others %q", name, got, refused)
		}
	}

	// Given up, its addresses go on; its house addresses do not.
	l.send(mail{body: "Hello"}, "postmaster@"+ownDomain).is("250 ")
	l.ok(apps.UseDomain(t.Context(), shop, ""))
	l.ok(apps.RemoveDomain(t.Context(), shop, ownDomain))
	if a := l.address("c1", "bob"); a != old {
		t.Errorf("the address is %s, was %s", a, old)
	}
	l.send(mail{body: "later"}, fresh).is("250 2.0.0 Posted")
	l.deliver("bob@"+people, nil, "postmaster@"+ownDomain).is("550 5.1.1 ")
}

func flipped(address string) string {
	last := map[bool]string{true: "b", false: "a"}[address[39] == 'a']
	return address[:39] + last + address[40:]
}

// TestHouseOfOwnDomain: postmaster@, abuse@ and the general address.
func TestHouseOfOwnDomain(t *testing.T) {
	l := newLab(t)
	l.owned()
	l.send(mail{body: "Help"}, "Abuse@"+ownDomain).is("250 2.0.0 Recorded")
	if rs := l.replies(""); len(rs) != 1 || rs[0].Rule != "abuse@"+ownDomain {
		t.Errorf("recorded %+v", rs)
	}
	l.send(mail{body: "x"}, General+"@"+ownDomain).is("550 5.7.1 Nobody reads")
	l.address("c1", "bob")
	l.send(mail{head: l.mailed(), body: "by its thread"}, General+"@"+ownDomain).is("250 2.0.0 Posted")
	l.posts("by its thread")

	// An address at the app's domain is a secret here, too, and what comes from it ours.
	secret := l.address("c1", "bob")
	for _, to := range []string{General + "@" + ownDomain, general} {
		l.send(mail{head: l.mailed(), body: "Write to " + secret + " please"}, to).is("250 2.0.0 Posted")
		if got := l.last().Content.Text; strings.Contains(got, secret[:40]) {
			t.Errorf("posted %q, which came to %s", got, to)
		}
	}
	l.send(mail{head: "X-Replygate-Loop: " + ownDomain + "\n" + l.mailed(), body: "Loop"}, General+"@"+ownDomain).is("550 5.7.1 Nobody reads")
}

// TestOwnDomainIsOurs: what comes from it is ours, its addresses are secrets, and
// are not counted as people.
func TestOwnDomainIsOurs(t *testing.T) {
	l := newLab(t)
	to := ""
	for _, own := range []bool{false, true} {
		if own {
			l.owned()
		}
		to = l.address("c1", "bob")
		l.send(mail{body: "Loop", head: "X-Replygate-Loop: " + ownDomain + "\n"}, to).is("250 ")
		want := gateway.ReplyPosted
		if own {
			want = gateway.ReplyAutomatic
		}
		if r := l.last(); r.State != want {
			t.Errorf("our own mail is %q", r.State)
		}
	}
	l.send(mail{body: "x", from: General + "@" + ownDomain, sign: "-"}, to).is("550 5.7.1 This mail claims to come from the reply address")
	l.send(mail{body: "Write to " + to + " please", head: "Cc: carl@elsewhere.test, " + to + "\n"}, to).is("250 2.0.0 Posted")
	got := l.last()
	if strings.Contains(got.Content.Text, to[:40]) || got.Content.OtherRecipients != 2 {
		t.Errorf("told %+v", got.Content)
	}
}

// TestBounceAtOwnDomain: reports come to the domain the mail was from.
func TestBounceAtOwnDomain(t *testing.T) {
	l := newLab(t)
	l.owned()
	d := l.notified("bob", "c1", "bob@"+people, "Are you coming?")
	l.update(func(tx store.Tx) error {
		d.Domain = ownDomain
		return store.Mails.Put(tx, store.AppKey(shop).String(string(d.ID)), d)
	})
	verp := l.tokens.Address(token.Bounce, d.Bounce, ownDomain).String()
	l.report(dsn(d, "5.1.1"), verp).is("250 ")
	if !l.suppressed("bob@" + people) {
		t.Error("the address is mailed on")
	}
}

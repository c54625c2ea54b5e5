package inbound

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

const loop = "fbl.test" // a feedback loop that is known

// arf is a complaint as a feedback loop writes it.
func arf(kind, sender, original string) mail {
	m := mail{
		from: "Complaints <feedback@" + loop + ">", subject: "FW: Order",
		head: "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary=b1\n",
		body: "--b1\nContent-Type: text/plain\n\nThis is an email abuse report.\n--b1\nContent-Type: message/feedback-report\n\nFeedback-Type: " + kind +
			"\nUser-Agent: Loop/1\nVersion: 1\n",
	}
	if sender != "" {
		m.body += "Original-Mail-From: <" + sender + ">\n"
	}
	m.body += "--b1\nContent-Type: message/rfc822\n\nFrom: notifications@reply.example.com\n"
	if original != "" {
		m.body += "Message-ID: <" + original + ">\n"
	}
	m.body += "\nHello\n--b1--\n"
	return m
}

func complaintLab(t *testing.T) (*lab, gateway.Delivery) {
	l := newLab(t)
	l.publish(loop)
	l.rcv.Reporters = []string{loop, "staff@" + people}
	d := l.notified("bob", "c1", "bob@"+people, "Hello")
	l.update(func(tx store.Tx) error {
		n := gateway.Notification{ID: "ntf_1", Conversation: "c1", Recipient: "bob", State: gateway.NotificationSent, Deliveries: []gateway.DeliveryID{d.ID}}
		d.Notification = n.ID
		if err := store.Mails.Put(tx, store.AppKey(shop).String(string(d.ID)), d); err != nil {
			return err
		}
		if err := store.Decisions.Put(tx, store.AppKey(shop).String(string(n.ID)), n); err != nil {
			return err
		}
		return store.MailPlaces.Put(tx, store.MailKey(d.MessageID), store.MailPlace{App: shop, Conversation: "c1", User: "bob"})
	})
	return l, d
}

// TestComplaints: whoever calls a mail of ours unwanted gets no more.
func TestComplaints(t *testing.T) {
	for name, c := range map[string]func(l *lab, d gateway.Delivery) (m mail, to string){
		"to the reverse-path": func(l *lab, d gateway.Delivery) (mail, string) { return arf("abuse", "", ""), l.verp(d) },
		"with the Message-ID": func(l *lab, d gateway.Delivery) (mail, string) { return arf("Fraud", "", d.MessageID), l.verp(d) },
		"to abuse, with the reverse-path": func(l *lab, d gateway.Delivery) (mail, string) {
			return arf("abuse", l.verp(d), ""), "abuse@" + ourDomain
		},
		"to abuse, with nothing but the ID": func(l *lab, d gateway.Delivery) (mail, string) {
			return arf("abuse", "", d.MessageID), "abuse@" + ourDomain
		},
		"to postmaster, Return-Path in the copy": func(l *lab, d gateway.Delivery) (mail, string) {
			m := arf("abuse", "", "")
			m.body = strings.Replace(m.body, "From: notifications@", "Return-Path: <"+l.verp(d)+">\nFrom: notifications@", 1)
			return m, "postmaster@" + ourDomain
		},
		"by an address that is known": func(l *lab, d gateway.Delivery) (mail, string) {
			m := arf("abuse", l.verp(d), d.MessageID)
			m.from = "Staff@" + people
			return m, "abuse@" + ourDomain
		},
		"to the From address": func(l *lab, d gateway.Delivery) (mail, string) {
			return arf("abuse", l.verp(d), ""), General + "@" + ourDomain
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, d := complaintLab(t)
			m, to := c(l, d)
			for range 2 { // its copy changes nothing
				l.send(m, to).is("250 2.0.0 Recorded")
			}
			r := l.replies(shop)[0]
			if r.State != gateway.ReplyBounce || r.Rule != "complaint" || r.Conversation != "c1" {
				t.Errorf("recorded %s by %s", r.State, r.Rule)
			}
			a, _ := gateway.ParseAddress("bob@" + people)
			s, _, err := suppression.Service{Store: l.engine}.Find(t.Context(), shop, a)
			if err != nil || s.Kind != suppression.Complaint || s.Reason != gateway.ReasonSuppressed {
				t.Errorf("kept %+v, %v", s, err)
			}
			if n := len(l.events(gateway.EventAddressSuppressed)); n != 1 {
				t.Errorf("told %d times that the address gets no more", n)
			}
			told := l.events(gateway.EventNotificationBounced)
			if len(told) != 1 {
				t.Fatalf("told %d times that it bounced", len(told))
			}
			var data struct{ Reason gateway.Reason }
			if err := json.Unmarshal(told[0].Data, &data); err != nil || data.Reason != gateway.ReasonComplaint {
				t.Errorf("told for %q, %v", data.Reason, err)
			}
			l.posts()
		})
	}
}

// TestForgedComplaints: nobody is cut off by a complaint that somebody made up,
// or that is none.
func TestForgedComplaints(t *testing.T) {
	l, d := complaintLab(t)
	other := l.notified("ann", "c1", "ann@"+people, "Hello")
	verp := l.verp(d)
	change := func(m mail, f func(*mail)) mail { f(&m); return m }
	good := arf("abuse", verp, d.MessageID)
	for name, c := range map[string]struct {
		m  mail
		to string
	}{
		"not signed":                    {change(good, func(m *mail) { m.sign = "-" }), verp},
		"not signed, to abuse":          {change(good, func(m *mail) { m.sign = "-" }), "abuse@" + ourDomain},
		"signed by somebody else":       {change(good, func(m *mail) { m.sign = evil }), verp},
		"by a reporter nobody knows":    {change(good, func(m *mail) { m.from = "feedback@" + evil }), verp},
		"by a name like a reporter's":   {change(good, func(m *mail) { m.from = "feedback@x" + loop }), verp},
		"by another address there":      {change(good, func(m *mail) { m.from = "eve@" + people }), verp},
		"by two authors":                {change(good, func(m *mail) { m.from = "feedback@" + loop + ", eve@" + evil; m.path = "e@" + loop; m.sign = loop }), verp},
		"it is no spam":                 {arf("not-spam", verp, d.MessageID), verp},
		"about authentication":          {arf("auth-failure", verp, d.MessageID), "abuse@" + ourDomain},
		"about another mail":            {arf("abuse", "", other.MessageID), verp},
		"about a mail nobody sent":      {arf("abuse", "", "x@"+ourDomain), "abuse@" + ourDomain},
		"about a made up reverse-path":  {arf("abuse", "b"+strings.Repeat("a", 39)+"@"+ourDomain, ""), "abuse@" + ourDomain},
		"about a reply address":         {arf("abuse", l.address("c1", "bob"), ""), "abuse@" + ourDomain},
		"about a mail of another place": {arf("abuse", "bob@"+people, ""), "abuse@" + ourDomain},
		"to a reply address":            {good, l.address("c1", "bob")},
		"in prose":                      {change(good, func(m *mail) { m.head, m.body = "", "Feedback-Type: abuse\nOriginal-Mail-From: "+verp }), "abuse@" + ourDomain},
	} {
		s := l.send(c.m, c.to)
		if l.suppressed("bob@"+people) || l.suppressed("ann@"+people) {
			t.Fatalf("%s (answered %q): an address is suppressed", name, s.dot)
		}
		if n := len(l.events(gateway.EventNotificationBounced)); n != 0 {
			t.Fatalf("%s: told %d times that it bounced", name, n)
		}
	}
	l.posts()
}

// TestFullMailbox: the third time within two weeks, it gets a rest.
func TestFullMailbox(t *testing.T) {
	l := newLab(t)
	for i := range 3 {
		d := l.notified("bob", "c1", "bob@"+people, "Hello")
		for range 3 { // the copies of a report count once
			l.report(dsn(d, "5.2.2"), l.verp(d)).is("250 2.0.0 Recorded")
		}
		l.report(dsn(l.notified("bob", "c1", "bob@"+people, "Hello"), "5.7.1"), l.verp(d)).is("250 ") // says nothing of the mailbox
		if l.suppressed("bob@"+people) != (i == 2) {
			t.Errorf("suppressed after %d: %v", i+1, i != 2)
		}
	}
	told := l.events(gateway.EventAddressSuppressed)
	if len(told) != 1 || !strings.Contains(string(told[0].Data), `"kind":"soft"`) || strings.Contains(string(told[0].Data), `"until":null`) {
		t.Errorf("told %+v", told)
	}
}

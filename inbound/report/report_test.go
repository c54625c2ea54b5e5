package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/replygate/replygate/inbound/message"
)

// wanted is what a report under testdata must read as; null: it is none.
type wanted struct {
	Kind      Kind   `json:"kind"`
	MessageID string `json:"messageId"`
	Bounces   []struct {
		Recipient, Status, Action, Diagnostic, Remote string
		Class                                         Class
	} `json:"bounces"`
	Complaint *struct {
		Type, Source string
		Recipients   []string
	} `json:"complaint"`
}

func TestParse(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.eml")
	if len(files) < 12 {
		t.Fatalf("only %d reports found", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".eml"), func(t *testing.T) {
			var want *wanted
			if err := json.Unmarshal(read(t, strings.TrimSuffix(file, ".eml")+".json"), &want); err != nil {
				t.Fatal(err)
			}
			r, ok := parse(t, read(t, file))
			if ok != (want != nil) {
				t.Fatalf("is a report: %v, want %v", ok, !ok)
			}
			if want != nil {
				want.compare(t, r)
			}
		})
	}
}

func (w wanted) compare(t *testing.T, r Report) {
	t.Helper()
	if r.Kind != w.Kind || r.OriginalMessageID != w.MessageID {
		t.Errorf("got %s about %q, want %s about %q", r.Kind, r.OriginalMessageID, w.Kind, w.MessageID)
	}
	if len(r.Bounces) != len(w.Bounces) {
		t.Fatalf("got %d bounces, want %d: %+v", len(r.Bounces), len(w.Bounces), r.Bounces)
	}
	for i, b := range r.Bounces {
		want := w.Bounces[i]
		status := fmt.Sprintf("%d.%d.%d", b.Status[0], b.Status[1], b.Status[2])
		if b.FinalRecipient.String() != want.Recipient || status != want.Status || b.Action != want.Action || b.Class != want.Class {
			t.Errorf("got %v %s %s %s, want %+v", b.FinalRecipient, status, b.Action, b.Class, want)
		}
		if b.Diagnostic != want.Diagnostic || b.RemoteMTA != want.Remote || b.OriginalMessageID != w.MessageID {
			t.Errorf("got %q by %q about %q, want %+v", b.Diagnostic, b.RemoteMTA, b.OriginalMessageID, want)
		}
	}
	if (r.Complaint == nil) != (w.Complaint == nil) {
		t.Fatalf("got complaint %+v", r.Complaint)
	}
	if w.Complaint != nil {
		var recipients []string
		for _, a := range r.Complaint.Recipients {
			recipients = append(recipients, a.String())
		}
		if r.Complaint.Type != w.Complaint.Type || r.Complaint.Source != w.Complaint.Source || strings.Join(recipients, " ") != strings.Join(w.Complaint.Recipients, " ") {
			t.Errorf("got %+v, want %+v", r.Complaint, w.Complaint)
		}
	}
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		action, status, diagnostic string
		want                       Class
	}{
		{"failed", "5.1.1", "", Hard},
		{"failed", "5.1.2", "", Hard},
		{"failed", "5.1.3", "", Hard},
		{"failed", "5.1.6", "", Hard},
		{"failed", "5.1.10", "", Hard},
		{"failed", "5.1.8", "sender address rejected", Soft},
		{"failed", "5.1.7", "", Soft},
		{"failed", "5.2.1", "", Hard},
		{"failed", "5.2.2", "mailbox full", Soft},
		{"failed", "5.2.3", "too large", Soft},
		{"failed", "5.3.4", "", Soft},
		{"failed", "5.7.1", "blocked as spam", Soft},
		{"failed", "5.7.1", "550 5.7.1 user unknown", Hard},
		{"failed", "5.7.26", "unauthenticated, user unknown", Soft},
		{"failed", "5.0.0", "550 mailbox not found", Hard},
		{"failed", "5.0.0", "554 rejected", Soft},
		{"failed", "", "550 5.1.1 gone", Hard},
		{"failed", "", "550 5.7.1 no", Soft},
		{"failed", "", "", Soft},
		{"failed", "5.0.0", "smtp; 550 5.2.1 disabled", Hard},
		{"failed", "5.0.0", "from 5.1.1.9: 550 no", Soft},
		{"failed", "4.4.1", "timed out, user unknown", Soft},
		{"failed", "4.1.1", "", Soft},
		{"delayed", "4.4.1", "", Delayed},
		{"delayed", "5.1.1", "", Delayed},
		{"delivered", "2.0.0", "", Delivered},
		{"expanded", "2.0.0", "", Delivered},
	} {
		b := Bounce{Action: c.action, Diagnostic: c.diagnostic}
		b.Status, _ = enhanced(c.status)
		if b.settle(); b.Class != c.want {
			t.Errorf("%+v: got %s", c, b.Class)
		}
	}
}

func TestEnhanced(t *testing.T) {
	for in, want := range map[string][3]int{
		"5.1.1": {5, 1, 1}, " 5.1.1 (bad)": {5, 1, 1}, "4.10.123": {4, 10, 123}, "5.1": {}, "5.1.1.1": {}, "192.0.2.1": {},
		"6.1.1": {}, "500.1.1": {}, "5.1.1000": {}, "5..1": {}, "": {}, "x": {}, "5.1.": {},
	} {
		if got, ok := enhanced(in); got != want || ok != (want != [3]int{}) {
			t.Errorf("%q: got %v %v", in, got, ok)
		}
	}
}

func TestReportsAreBounded(t *testing.T) {
	head := "Content-Type: multipart/report; report-type=delivery-status; boundary=d\r\n\r\n--d\r\nContent-Type: message/delivery-status\r\n\r\n"
	r, _ := parse(t, []byte(head+strings.Repeat("Final-Recipient: rfc822; a@example.com\r\n\r\n", 5000)))
	if len(r.Bounces) != MaxRecipients {
		t.Errorf("%d bounces", len(r.Bounces))
	}
	r, _ = parse(t, []byte(head+"Final-Recipient: rfc822; a@example.com\r\nDiagnostic-Code: smtp; x"+strings.Repeat("\r\n  more ä", 50_000)))
	if len(r.Bounces) != 1 || len(r.Bounces[0].Diagnostic) > maxValue || len(r.Bounces[0].Diagnostic) < maxValue/2 {
		t.Errorf("got %d bounces", len(r.Bounces))
	}
	r, _ = parse(t, []byte("X-Failed-Recipients: "+strings.Repeat("a@example.com,", 10_000)+"\r\n\r\n"+strings.Repeat("words ", 20_000)))
	if len(r.Bounces) != MaxRecipients {
		t.Errorf("%d bounces in prose", len(r.Bounces))
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.eml")
	for _, file := range files {
		f.Add(read(f, file))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := message.Parse(raw)
		if err != nil {
			return
		}
		r, ok := Parse(m)
		if ok != (r.Kind != "") {
			t.Errorf("is a report: %v, of the kind %q", ok, r.Kind)
		}
		if len(r.Bounces) > MaxRecipients {
			t.Errorf("%d bounces", len(r.Bounces))
		}
		for _, b := range r.Bounces {
			if b.Class == "" || b.Action == "" || len(b.Diagnostic) > maxValue || strings.ContainsAny(b.Diagnostic, "\r\n") {
				t.Errorf("unfit bounce %+v", b)
			}
		}
	})
}

func parse(t testing.TB, raw []byte) (Report, bool) {
	t.Helper()
	m, err := message.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return Parse(m)
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

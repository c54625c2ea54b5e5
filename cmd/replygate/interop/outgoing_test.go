package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNotificationThroughPostfix delivers a notification through Postfix as the
// smarthost, and has third parties look at what arrived.
func TestNotificationThroughPostfix(t *testing.T) {
	needDkimpy(t)
	far := startSink(t)
	p := startProduct(t, startPostfix(t, far.port).port)
	p.converse("c1", "Hello Bob, grüße aus Zürich!\n.a line with a leading dot\nand *one* more 🙂")
	got := notified(t, far, bobAddress, 1)

	t.Run("dkimpy verifies both keys", func(t *testing.T) { verifyDkimpy(t, p, got.data) })
	t.Run("opendkim-testmsg verifies", func(t *testing.T) { verifyOpenDKIM(t, p, got.data) })
	t.Run("strict parser finds no defect", func(t *testing.T) { parseStrict(t, got.data) })
	if !strings.HasPrefix(got.from, "b") || !strings.HasSuffix(got.from, "@"+mailDomain) || len(got.from) != 41+len(mailDomain) {
		t.Errorf("reverse-path %q is no bounce address", got.from)
	}
	eventually(t, "notification.sent", func() bool { return len(p.hooks.of("notification.sent")) == 1 })

	p.say("c1", "And another one.")
	second := readMail(t, notified(t, far, bobAddress, 2).data)
	first := readMail(t, got.data)
	if second.subject != first.subject || !strings.Contains(second.references, first.messageID) || second.replyTo != first.replyTo {
		t.Errorf("the second mail does not thread: %q %q %q", second.subject, second.references, second.replyTo)
	}
}

func verifyDkimpy(t *testing.T, p *product, raw []byte) {
	records := filepath.Join(t.TempDir(), "records.json")
	b, err := json.Marshal(p.records())
	if err != nil {
		t.Fatal(err)
	}
	write(t, records, b)
	var found []struct {
		OK      bool `json:"ok"`
		A, H, D string
		Error   string
	}
	verify := func(raw []byte) {
		t.Helper()
		if err := json.Unmarshal(run(t, raw, python, "testdata/dkim_verify.py", records), &found); err != nil {
			t.Fatal(err)
		}
		if len(found) != 2 {
			t.Fatalf("%d signatures", len(found))
		}
	}
	verify(raw)
	for _, s := range found {
		if !s.OK || s.D != mailDomain {
			t.Errorf("%s does not verify: %s", s.A, s.Error)
		}
		for _, h := range []string{"list-unsubscribe:", "list-unsubscribe-post:", "from:from:", "reply-to:reply-to:"} {
			if !strings.Contains(strings.Join(strings.Fields(s.H), "")+":", h) {
				t.Errorf("%s does not cover %s: %s", s.A, h, s.H)
			}
		}
	}
	verify(append([]byte("From: Mallory <m@evil.test>\r\n"), raw...))
	for _, s := range found {
		if s.OK {
			t.Errorf("%s verifies with a second From on top", s.A)
		}
	}
}

// verifyOpenDKIM runs the tool in a network of its own, where dnsmasq answers
// for the mail domain: it knows no other way to be told a key. It looks at one
// signature, so each is shown to it alone.
func verifyOpenDKIM(t *testing.T, p *product, raw []byte) {
	need(t, "opendkim-testmsg", "dnsmasq", "unshare", "ip")
	dir := t.TempDir()
	os.Chmod(dir, 0o755)
	var conf strings.Builder
	conf.WriteString("no-resolv\nno-hosts\nlisten-address=127.0.0.1\nbind-interfaces\nlocal=/test/\nuser=root\n")
	for name, value := range p.records() {
		if strings.Contains(value, "k=ed25519") {
			continue // OpenDKIM 2.11 knows RSA only
		}
		fmt.Fprintf(&conf, "txt-record=%s", strings.TrimSuffix(name, "."))
		for len(value) > 0 {
			n := min(250, len(value))
			fmt.Fprintf(&conf, ",%q", value[:n])
			value = value[n:]
		}
		conf.WriteString("\n")
	}
	write(t, filepath.Join(dir, "dnsmasq.conf"), []byte(conf.String()))
	write(t, filepath.Join(dir, "resolv.conf"), []byte("nameserver 127.0.0.1\n"))
	script := `set -e
ip link set lo up
mount --bind "$1/resolv.conf" /etc/resolv.conf
dnsmasq -C "$1/dnsmasq.conf" -k --pid-file="$1/pid" & dns=$!
trap 'kill $dns' EXIT
for i in $(seq 100); do [ -s "$1/pid" ] && break; sleep 0.05; done
opendkim-testmsg`
	only := keepSignature(t, raw, "a=rsa-sha256")
	run(t, only, "unshare", "-n", "-m", "bash", "-c", script, "lab", dir)
}

// keepSignature drops every DKIM-Signature but the one that holds a tag.
func keepSignature(t *testing.T, raw []byte, tag string) []byte {
	t.Helper()
	var out strings.Builder
	fields := strings.SplitAfter(string(raw), "\r\n")
	for i := 0; i < len(fields); {
		j := i + 1
		for j < len(fields) && len(fields[j]) > 0 && (fields[j][0] == ' ' || fields[j][0] == '\t') {
			j++
		}
		field := strings.Join(fields[i:j], "")
		if fields[i] == "\r\n" {
			return []byte(out.String() + strings.Join(fields[i:], ""))
		}
		if !strings.HasPrefix(field, "DKIM-Signature:") || strings.Contains(field, tag) {
			out.WriteString(field)
		}
		i = j
	}
	t.Fatal("the mail has no body")
	return nil
}

func parseStrict(t *testing.T, raw []byte) {
	var m struct {
		Defects    []string
		Headers    [][2]string
		Parts      []string
		Text, HTML string
		ASCII      bool
		Longest    int
	}
	if err := json.Unmarshal(run(t, raw, python, "testdata/parse_strict.py"), &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Defects) > 0 || !m.ASCII || m.Longest > 998 {
		t.Errorf("defects %v, ascii %v, longest line %d", m.Defects, m.ASCII, m.Longest)
	}
	if want := []string{"multipart/alternative", "text/plain", "text/html"}; strings.Join(m.Parts, " ") != strings.Join(want, " ") {
		t.Errorf("parts %v", m.Parts)
	}
	for _, part := range []string{m.Text, m.HTML} {
		for _, want := range []string{"grüße aus Zürich", ".a line with a leading dot", "🙂"} {
			if !strings.Contains(part, want) {
				t.Errorf("%q is missing in %q", want, part)
			}
		}
	}
	count := map[string]int{}
	value := map[string]string{}
	for _, h := range m.Headers {
		count[h[0]]++
		value[h[0]] = h[1]
	}
	for _, name := range []string{"from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version",
		"content-type", "list-id", "list-unsubscribe", "list-unsubscribe-post", "auto-submitted"} {
		if count[name] != 1 {
			t.Errorf("%d fields named %s", count[name], name)
		}
	}
	for name, want := range map[string]string{
		"from": "Ann Field via Acme Shop", "subject": "Order 1047 – Zürich", "auto-submitted": "auto-generated",
		"list-unsubscribe-post": "List-Unsubscribe=One-Click", "list-unsubscribe": "<https://reply.gateway.test/u/u",
	} {
		if !strings.Contains(value[name], want) {
			t.Errorf("%s: %q does not hold %q", name, value[name], want)
		}
	}
}

package dkim_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway/dns"
)

const mail = "From: Ann via App <r@reply.example.com>\r\nTo: Bob <bob@example.net>\r\nSubject: Your order\r\nDate: Fri, 20 Nov 2026 08:00:00 +0000\r\n" +
	"List-Unsubscribe: <https://example.com/u/x>,\r\n <mailto:u@example.com>\r\nMIME-Version: 1.0\r\n\r\n" +
	"Yes, that is fine.  \r\n\r\nMore  words\t.\r\n\r\n\r\n"

// signed is the mail, and the records of the keys that signed it.
func signed(t *testing.T) ([]byte, map[string]string) {
	t.Helper()
	r, err1 := dkim.GenerateRSA("reply.example.com", "r202611")
	e, err2 := dkim.GenerateEd25519("reply.example.com", "e202611")
	raw, err3 := dkim.Sign([]byte(mail), dkim.SignOptions{Keys: []dkim.Key{r, e}, Now: time.Now()})
	records := map[string]string{}
	for _, k := range []dkim.Key{r, e} {
		record, err := k.Record()
		if err != nil {
			t.Fatal(err)
		}
		records[record.Name] = record.Value()
	}
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	return raw, records
}

const dkimpyScript = `
import sys, json, dkim
zone = json.loads(sys.argv[1])
def find(name, timeout=5):
  return zone.get((name if isinstance(name, str) else name.decode()).rstrip('.'), '').encode() or None
def ok(raw, i):
  try: return dkim.DKIM(raw).verify(idx=i, dnsfunc=find)
  except dkim.DKIMException: return False
raw = sys.stdin.buffer.read()
for m in raw, raw.replace(b'fine', b'evil'), b'From: eve@example.org\r\n' + raw, b'Cc: eve@example.org\r\n' + raw:
  print([ok(m, i) for i in (0, 1)])
`

// TestDkimpyVerifies: both signatures hold there, and break when they must.
func TestDkimpyVerifies(t *testing.T) {
	const python = "/usr/bin/python3"
	if out, err := exec.Command(python, "-c", "import dkim, nacl").CombinedOutput(); err != nil {
		t.Skipf("dkimpy with Ed25519 is not installed: %v %s", err, out)
	}
	raw, records := signed(t)
	zone, err := json.Marshal(records)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", dkimpyScript, string(zone))
	cmd.Stdin = bytes.NewReader(raw)
	out, err := cmd.CombinedOutput()
	if want := "[True, True]\n" + strings.Repeat("[False, False]\n", 3); err != nil || string(out) != want {
		t.Errorf("%v, got\n%swant\n%s", err, out, want)
	}
}

// TestOpenDKIMVerifies runs opendkim-testmsg, which asks the system's resolver,
// where the system's resolver is ours: in namespaces of its own.
func TestOpenDKIMVerifies(t *testing.T) {
	const inside = "REPLYGATE_DNS_LAB"
	if os.Getenv(inside) != "" {
		openDKIM(t)
		return
	}
	for _, tool := range []string{"opendkim-testmsg", "unshare", "ip", "mount"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	if out, err := exec.Command("unshare", "-n", "-m", "true").CombinedOutput(); err != nil {
		t.Skipf("no namespaces can be made here: %v %s", err, out)
	}
	cmd := exec.Command("unshare", "-n", "-m", os.Args[0], "-test.run=^TestOpenDKIMVerifies$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func openDKIM(t *testing.T) {
	t.Helper()
	conf := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(conf, []byte("nameserver 127.0.0.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"ip", "link", "set", "lo", "up"}, {"mount", "--bind", conf, "/etc/resolv.conf"}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v %s", args, err, out)
		}
	}
	server, err := dns.Listen("127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	raw, records := signed(t)
	for name, value := range records {
		if err := server.Set(name, "TXT", value); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		mail string
		good bool
	}{
		"as signed":   {string(raw), true},
		"changed":     {strings.Replace(string(raw), "fine", "evil", 1), false},
		"second From": {"From: eve@example.org\r\n" + string(raw), false},
	} {
		cmd := exec.Command("opendkim-testmsg")
		cmd.Stdin = strings.NewReader(c.mail)
		if out, err := cmd.CombinedOutput(); (err == nil) != c.good {
			t.Errorf("%s: good should be %v: %v %s", name, c.good, err, out)
		}
	}
	if server.Asked("r202611._domainkey.reply.example.com") == 0 {
		t.Error("opendkim did not ask for the key")
	}
}

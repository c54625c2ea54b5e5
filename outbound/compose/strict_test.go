package compose

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// strict reads mails with Python's email package, where every defect is an
// error, and prints what it found.
const strict = `
import email, email.policy, sys
policy = email.policy.strict + email.policy.SMTP
for path in sys.argv[1:]:
    raw = open(path, "rb").read()
    m = email.message_from_bytes(raw, policy=policy)
    for part in m.walk():
        assert not part.defects, (path, part.defects)
        for name, value in part.items():
            assert not value.defects, (path, name, value, value.defects)
    assert [p.get_content_type() for p in m.walk()] == ["multipart/alternative", "text/plain", "text/html"], path
    for p in m.iter_parts():
        assert p.get_content(), path
    for name in ("From", "Reply-To"):
        assert m[name] is None or len(m[name].addresses) == 1, (path, name)
    print(len(list(m.walk())))
`

func TestStrictPython(t *testing.T) {
	python := "/usr/bin/python3"
	if _, err := os.Stat(python); err != nil {
		if python, err = exec.LookPath("python3"); err != nil {
			t.Skip("python3 is not installed")
		}
	}
	args := []string{"-c", strict}
	dir := t.TempDir()
	for name, n := range variants() {
		path := dir + "/" + name + ".eml"
		if err := os.WriteFile(path, compose(t, n).Raw, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	n := ordinary()
	n.To = addr("müller@example.net")
	n.Subject, n.SenderNames = strings.Repeat("ünï ", 50), []string{"O'Neil, \"Bo\" (x) <y@z>", "=?utf-8?q?x?="}
	if err := os.WriteFile(dir+"/odd.eml", compose(t, n).Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	args = append(args, dir+"/odd.eml")
	out, err := exec.Command(python, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := bytes.Count(out, []byte("3\n")); got != len(args)-2 {
		t.Errorf("%d of %d mails were read", got, len(args)-2)
	}
}

package api

import (
	"bytes"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNothingSecretAtRest: who gets hold of the database has no key, no secret and
// no reply address in hands; the key file, which is kept apart, opens them.
func TestNothingSecretAtRest(t *testing.T) {
	l := newLab(t).populate()
	var endpoint, rotated, made struct{ Secret string }
	var mail struct{ EmailAddress string }
	l.do("PUT", "/endpoints/main", `{"url":"https://chat.example.com/hooks"}`).is(200).into(&endpoint)
	l.do("POST", "/endpoints/main/secrets", "").is(200).into(&rotated)
	l.do("POST", "/keys", `{"scope":"write","test":true}`, "Idempotency-Key", "k").is(200).into(&made)
	l.do("GET", "/conversations/c1/participants/bob/email", "").is(200).into(&mail)
	l.do("POST", "/conversations/c1/messages", `[{"text":"plain words","sender":"ann","type":"UserMessage"}]`, "Idempotency-Key", "k2").is(200)
	address, _, _ := strings.Cut(mail.EmailAddress, "@")
	l.ok(l.engine.Close())

	secrets := map[string]string{
		"the key": l.key, "another app's key": l.other, "a revoked key": l.revoked, "a test key": made.Secret,
		"an endpoint's secret": endpoint.Secret, "its next secret": rotated.Secret, "a reply address": address,
	}
	for about, s := range secrets {
		if len(s) < 30 {
			t.Fatalf("%s is %q", about, s)
		}
		if raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "whsec_")); err == nil {
			secrets[about+", as octets"] = string(raw)
		}
	}
	found, size := false, 0
	l.ok(filepath.WalkDir(l.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		size += len(b)
		found = found || bytes.Contains(b, []byte("plain words"))
		for about, s := range secrets {
			if bytes.Contains(b, []byte(s)) || bytes.Contains(bytes.ToLower(b), []byte(strings.ToLower(s))) {
				t.Errorf("%s holds %s", filepath.Base(path), about)
			}
		}
		return err
	}))
	if !found || size < 10_000 {
		t.Errorf("what was looked through (%d octets) does not even hold what is no secret", size)
	}
}

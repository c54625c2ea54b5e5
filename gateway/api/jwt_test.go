package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
)

// sign makes a token by RFC 7515 and nothing of the product's own code.
func sign(head, payload, key string, h func() hash.Hash) string {
	b64 := base64.RawURLEncoding
	s := b64.EncodeToString([]byte(head)) + "." + b64.EncodeToString([]byte(payload))
	mac := hmac.New(h, []byte(key))
	mac.Write([]byte(s))
	return s + "." + b64.EncodeToString(mac.Sum(nil))
}

// TestJWT: a token of an app's own key opens what the key does, and nothing else.
func TestJWT(t *testing.T) {
	l := newLab(t)
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	claims := func(app, typ string, exp int64) string {
		return fmt.Sprintf(`{"iss":%q,"tokenType":%q,"exp":%d,"iat":%d}`, app, typ, exp, at(0))
	}
	const hs256 = `{"alg":"HS256","typ":"JWT"}`
	good := claims("shop", "app", at(30*time.Second))
	token := sign(hs256, good, l.key, sha256.New)
	l.raw("GET", "/v1/shop", token, "").is(200)
	l.raw("PUT", "/v1/shop/users/u", token, `{"name":"N"}`).is(200, "{}")
	l.raw("PUT", "/v1/shop/roles/default", token, `{"delay":1}`).is(200)
	l.raw("GET", "/v1/shop", sign(`{"typ":"JWT","alg":"HS256","kid":"x"}`, good, l.key, sha256.New), "").is(200)
	l.raw("GET", "/v1/shop", sign(hs256, fmt.Sprintf(`{"iss":"shop","tokenType":"app","exp":%d.5,"nbf":%d}`, at(9*time.Second), at(0)), l.key, sha256.New), "").is(200)

	read, err := l.apps.CreateScopedKey(t.Context(), "shop", gateway.ScopeRead, false)
	l.ok(err)
	parts := strings.Split(token, ".")
	for name, bad := range map[string]string{
		"another app's key":     sign(hs256, good, l.other, sha256.New),
		"for another app":       sign(hs256, claims("club", "app", at(time.Minute)), l.key, sha256.New),
		"a user's":              sign(hs256, claims("shop", "user", at(time.Minute)), l.key, sha256.New),
		"no type":               sign(hs256, fmt.Sprintf(`{"iss":"shop","exp":%d}`, at(time.Minute)), l.key, sha256.New),
		"over":                  sign(hs256, claims("shop", "app", at(-time.Second)), l.key, sha256.New),
		"endless":               sign(hs256, `{"iss":"shop","tokenType":"app"}`, l.key, sha256.New),
		"end of another kind":   sign(hs256, `{"iss":"shop","tokenType":"app","exp":"2099-01-01"}`, l.key, sha256.New),
		"not yet":               sign(hs256, fmt.Sprintf(`{"iss":"shop","tokenType":"app","exp":%d,"nbf":%d}`, at(time.Hour), at(10*time.Minute)), l.key, sha256.New),
		"unsigned":              base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
		"called unsigned":       sign(`{"alg":"none"}`, good, l.key, sha256.New),
		"another algorithm":     sign(`{"alg":"HS512"}`, good, l.key, sha512.New),
		"its name only":         sign(`{"alg":"HS512"}`, good, l.key, sha256.New),
		"public-key":            sign(`{"alg":"RS256"}`, good, l.key, sha256.New),
		"with critical claims":  sign(`{"alg":"HS256","crit":["b64"],"b64":false}`, good, l.key, sha256.New),
		"an empty key":          sign(hs256, good, "", sha256.New),
		"a revoked key":         sign(hs256, good, l.revoked, sha256.New),
		"a key that only reads": sign(hs256, good, read.Secret, sha256.New),
		"the key's id":          sign(hs256, good, string(read.ID), sha256.New),
		"changed payload":       parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(claims("shop", "app", at(time.Hour)))) + "." + parts[2],
		"changed signature":     parts[0] + "." + parts[1] + "." + "A" + parts[2][1:],
		"no signature":          parts[0] + "." + parts[1] + ".",
		"padded":                token + "=",
		"two parts":             parts[0] + "." + parts[1],
		"four parts":            token + ".x",
		"dots":                  "..",
		"payload no object":     sign(hs256, `[]`, l.key, sha256.New),
		"payload null":          sign(hs256, `null`, l.key, sha256.New),
		"very long":             sign(hs256, strings.Repeat(" ", maxToken)+good, l.key, sha256.New),
	} {
		if a := l.raw("GET", "/v1/shop", bad, ""); a.status != 401 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	l.raw("GET", "/v1/club", token, "").is(401)
	l.raw("GET", "/v1/nosuchapp", sign(hs256, claims("nosuchapp", "app", at(time.Minute)), l.key, sha256.New), "").is(401)
	if strings.Contains(l.log.String(), parts[1]) {
		t.Error("the log holds a token")
	}
}

// FuzzOpenJWT: whatever is presented, nothing breaks, and only what is three
// parts of base64 is a token.
func FuzzOpenJWT(f *testing.F) {
	for _, s := range []string{"", ".", "..", "a.b.c", sign(`{"alg":"HS256"}`, `{"iss":"a","tokenType":"app","exp":1}`, "k", sha256.New), "e30.e30.", strings.Repeat(".", 5000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		signed, _, mac, ok := openJWT(s)
		if ok && (strings.Count(s, ".") != 2 || !strings.HasPrefix(s, signed+".") || len(s) > maxToken || base64.RawURLEncoding.EncodeToString(mac) == "" && s[len(signed)+1:] != "") {
			t.Errorf("%q was taken for a token", s)
		}
	})
}

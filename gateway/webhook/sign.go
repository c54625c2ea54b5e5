package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/secret"
)

// secretPrefix begins the secret of an endpoint; base64 follows.
const secretPrefix = "whsec_"

// errNoSecret says that an endpoint has nothing to sign with.
var errNoSecret = errors.New("the endpoint has no secret that opens")

// sign sets both signatures of a body, made at now.
func sign(h http.Header, box *secret.Box, tg *telling, body []byte, now time.Time) error {
	h.Set("webhook-id", string(tg.event.ID))
	stamp := strconv.FormatInt(now.Unix(), 10)
	h.Set("webhook-timestamp", stamp)
	sig, err := standardSignature(box, tg.endpoint.Live(now), string(tg.event.ID), stamp, body)
	if err != nil {
		return err
	}
	h.Set("webhook-signature", sig)
	key, err := signingKey(box, tg.app.Keys)
	if err != nil || key == nil {
		return err
	}
	stamp = strconv.FormatInt(now.UnixMilli(), 10)
	h.Set("X-TalkJS-Timestamp", stamp)
	h.Set("X-TalkJS-Signature", talkjsSignature(key, stamp, body))
	return nil
}

// standardSignature is the webhook-signature of Standard Webhooks 1.0.0: one
// "v1,…" for every live secret, the newest first, so that receivers may change
// theirs at any time.
func standardSignature(box *secret.Box, live []gateway.EndpointSecret, id, stamp string, body []byte) (string, error) {
	var out []string
	for _, s := range live {
		text, err := box.Open(secret.PurposeWebhook, s.Sealed)
		if err != nil {
			continue // sealed under a key the operator dropped; another may open
		}
		key, err := secretBytes(string(text))
		if err != nil {
			return "", err
		}
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.", id, stamp)
		mac.Write(body)
		out = append(out, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	if len(out) == 0 {
		return "", errNoSecret
	}
	return strings.Join(out, " "), nil
}

// secretBytes is the key within a "whsec_…" secret.
func secretBytes(s string) ([]byte, error) {
	key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimPrefix(s, secretPrefix), "="))
	if err != nil || len(key) == 0 {
		return nil, errors.New("a secret of the endpoint is not base64")
	}
	return key, nil
}

// signingKey is the app's newest live key string, nil if it has none. A test
// key stands in when there is no other.
func signingKey(box *secret.Box, keys []gateway.Key) ([]byte, error) {
	var best *gateway.Key
	for i := range keys {
		k := &keys[i]
		if k.RevokedAt != nil || k.Scope != gateway.ScopeAll {
			continue // nothing is signed with what may not do everything, as a crontab's key
		}
		if best == nil || best.Test && !k.Test || best.Test == k.Test && k.CreatedAt.After(best.CreatedAt) {
			best = k
		}
	}
	if best == nil {
		return nil, nil
	}
	key, err := box.Open(secret.PurposeAPIKey, best.Sealed)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", best.ID, err)
	}
	return key, nil
}

// talkjsSignature is what TalkJS's documentation has receivers compute:
// upper-case hex HMAC-SHA-256 of timestamp, dot and body under the secret key
// string as such.
func talkjsSignature(key []byte, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))
}

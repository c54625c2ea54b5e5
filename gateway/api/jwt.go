package api

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
)

// Bounds of a token.
const (
	maxToken = 4 << 10
	// clockSkew is how far ahead of ours a backend's clock may be.
	clockSkew = time.Minute
)

// claims are what is looked at of a token (RFC 7519, section 4.1).
type claims struct {
	Issuer    string   `json:"iss"`
	TokenType string   `json:"tokenType"`
	Expires   *float64 `json:"exp"`
	NotBefore *float64 `json:"nbf"`
}

// identify returns the app and the key that a presented secret is, or that
// signed a presented token.
func (c *call) identify(id gateway.AppID, presented string) (gateway.App, gateway.Key, error) {
	if a, k, err := c.Apps.Authenticate(c.ctx, id, presented); !looksLikeJWT(presented) || !errors.Is(err, app.ErrUnauthorized) {
		return a, k, err
	}
	return c.authenticateJWT(c.ctx, id, presented, time.Now())
}

// looksLikeJWT tells what may be a token; an imported key may look like one too.
func looksLikeJWT(presented string) bool { return strings.Count(presented, ".") == 2 }

// authenticateJWT returns the app and the key that signed a token, or
// app.ErrUnauthorized: HS256 with one of the app's own keys, issued for this app
// and for a backend, and of this time. A token that never ends is none.
func (s *Server) authenticateJWT(ctx context.Context, id gateway.AppID, presented string, now time.Time) (gateway.App, gateway.Key, error) {
	signed, body, mac, ok := openJWT(presented)
	if !ok || !body.valid(id, now) {
		return gateway.App{}, gateway.Key{}, app.ErrUnauthorized
	}
	a, err := s.Apps.App(ctx, id)
	var missing gateway.NotFound
	if errors.As(err, &missing) {
		return a, gateway.Key{}, app.ErrUnauthorized
	}
	if err != nil {
		return a, gateway.Key{}, err
	}
	values, err := s.Apps.KeyValues(a)
	if err != nil {
		return a, gateway.Key{}, err
	}
	for _, v := range values {
		h := hmac.New(sha256.New, v.Value)
		h.Write([]byte(signed))
		if !hmac.Equal(mac, h.Sum(nil)) {
			continue
		}
		for _, k := range a.Keys {
			if k.ID == v.ID {
				return a, k, nil
			}
		}
	}
	return a, gateway.Key{}, app.ErrUnauthorized
}

// openJWT takes a token apart (RFC 7515, section 5.2). The algorithm is not the
// token's to choose.
func openJWT(token string) (signed string, c claims, mac []byte, ok bool) {
	if len(token) > maxToken {
		return "", c, nil, false
	}
	at := strings.LastIndexByte(token, '.')
	head, payload, ok := strings.Cut(token[:max(at, 0)], ".")
	if !ok {
		return "", c, nil, false
	}
	var h struct {
		Algorithm string          `json:"alg"`
		Critical  json.RawMessage `json:"crit"`
	}
	mac, err := base64.RawURLEncoding.DecodeString(token[at+1:])
	if err != nil || !part(head, &h) || !part(payload, &c) || h.Algorithm != "HS256" || h.Critical != nil {
		return "", c, nil, false
	}
	return token[:at], c, mac, true
}

// part decodes one part of a token.
func part(s string, v any) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && bytes.HasPrefix(b, []byte("{")) && json.Unmarshal(b, v) == nil
}

func (c claims) valid(id gateway.AppID, now time.Time) bool {
	at := float64(now.UnixMilli()) / 1000
	return c.Issuer == string(id) && c.TokenType == "app" && c.Expires != nil && at < *c.Expires &&
		(c.NotBefore == nil || at+clockSkew.Seconds() >= *c.NotBefore)
}

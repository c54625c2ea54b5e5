package route

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
)

func TestSmarthost(t *testing.T) {
	for _, c := range []struct {
		name string
		in   Smarthost
		addr string
		mode TLSMode
		err  error
	}{
		{"submission by default", Smarthost{Host: "mx.example"}, "mx.example:587", StartTLS, nil},
		{"465 means implicit TLS", Smarthost{Host: "mx.example", Port: 465}, "mx.example:465", Implicit, nil},
		{"implicit TLS means 465", Smarthost{Host: "mx.example", TLS: Implicit}, "mx.example:465", Implicit, nil},
		{"none means 25", Smarthost{Host: "127.0.0.1", TLS: None}, "127.0.0.1:25", None, nil},
		{"IPv6", Smarthost{Host: "::1", TLS: None}, "[::1]:25", None, nil},
		{"localhost", Smarthost{Host: "localhost", Port: 2525, TLS: Opportunistic}, "localhost:2525", Opportunistic, nil},
		{"credentials with TLS", Smarthost{Host: "mx.example", Username: "u", Password: "p"}, "mx.example:587", StartTLS, nil},
		{"credentials without TLS, said to be wanted", Smarthost{Host: "127.0.0.1", TLS: None, Username: "u", Password: "p", InsecureAuth: true}, "127.0.0.1:25", None, nil},
		{"credentials without TLS", Smarthost{Host: "mx.example", TLS: None, Username: "u", Password: "p"}, "", "", ErrPlainAuth},
		{"credentials with TLS that is not verified", Smarthost{Host: "mx.example", TLS: Opportunistic, Username: "u", Password: "p"}, "", "", ErrPlainAuth},
		{"half the credentials", Smarthost{Host: "mx.example", Username: "u"}, "", "", ErrCredentials},
		{"no host", Smarthost{}, "", "", ErrHostMissing},
		{"port", Smarthost{Host: "mx.example", Port: 70000}, "", "", ErrPort},
		{"mode", Smarthost{Host: "mx.example", TLS: "ssl"}, "", "", ErrTLSMode},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := c.in.Relay()
			if !errors.Is(err, c.err) {
				t.Fatalf("got %v, want %v", err, c.err)
			}
			if err != nil {
				return
			}
			hops, err := r.Route(t.Context(), gateway.Address{LocalPart: "a", Domain: "b.example"})
			if err != nil || len(hops) != 1 {
				t.Fatalf("got %v, %v", hops, err)
			}
			if h := hops[0]; h.Addr() != c.addr || h.TLS != c.mode || !h.Relay || h.ServerName() != c.in.Host {
				t.Errorf("got %v", h)
			}
		})
	}
	if _, err := (Smarthost{Host: "two words"}).Relay(); err == nil {
		t.Error("a host with a space was taken")
	}
}

func TestCredentialsDoNotShow(t *testing.T) {
	h := NextHop{Host: "mx.example", Auth: &Credentials{Username: "ann", Password: "hunter2"}}
	for _, s := range []string{
		fmt.Sprintf("%v %+v %#v %s", *h.Auth, *h.Auth, *h.Auth, *h.Auth), h.Auth.LogValue().String(), fmt.Sprint(h, h.Auth),
	} {
		if strings.Contains(s, "hunter2") || strings.Contains(s, "ann") {
			t.Errorf("shown: %s", s)
		}
	}
}

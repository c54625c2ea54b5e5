package dev

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/replygate/replygate/gateway"
)

// web answers what only a developer's machine does: the page at /, the mails as
// pages, the mailbox and the test resolver under /dev/. Nothing of it asks for a
// key, so it keeps strangers' pages out: they can neither give this machine a name
// of theirs nor send anything that changes something.
type web struct {
	*gate
	own, mails http.Handler
}

func newWeb(g *gate, own, mails http.Handler) http.Handler {
	w := &web{g, own, http.StripPrefix("/dev", mails)}
	mine := http.NewCrossOriginProtection().Handler(http.HandlerFunc(w.mine))
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch path := r.URL.EscapedPath(); {
		case path != "/" && !strings.HasPrefix(path, "/dev/") && !strings.HasPrefix(path, "/mails/"):
			own.ServeHTTP(rw, r)
		case !local(r.Host):
			answer(rw, http.StatusMisdirectedRequest, problem("host", "Ask by an IP address or as localhost: a name like "+r.Host+" could be anybody's."))
		default:
			mine.ServeHTTP(rw, r)
		}
	})
}

// local tells whether the name by which we are asked cannot be one that somebody
// else gave this machine (DNS rebinding): an address, or a name no public domain has.
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return true
	}
	for _, suffix := range []string{".localhost", ".internal", ".test"} {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

func (w *web) mine(rw http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	switch {
	case path == "/dev/dns":
		w.setDNS(rw, r)
	case strings.HasPrefix(path, "/dev/"):
		w.mails.ServeHTTP(rw, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		answer(rw, http.StatusMethodNotAllowed, problem("method", "This is a page to look at."))
	case path == "/":
		w.index(rw, r)
	default:
		w.mail(rw, r, gateway.DeliveryID(strings.TrimPrefix(r.URL.Path, "/mails/")))
	}
}

// maxRecord bounds the body of a call that sets records.
const maxRecord = 64 << 10

// setDNS replaces the records of a name and type: {name, type, value}. Several
// values are an array; without any the records are gone.
func (w *web) setDNS(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		answer(rw, http.StatusNotFound, problem("method", "Records are set by POST."))
		return
	}
	var in struct {
		Name, Type string
		Value      json.RawMessage
	}
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxRecord))
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	var values []string
	if err == nil {
		values, err = texts(in.Value)
	}
	if err == nil && in.Name == "" {
		err = errors.New("name is missing")
	}
	if err == nil {
		err = w.dns.Set(in.Name, strings.ToUpper(in.Type), values...)
	}
	if err != nil {
		answer(rw, http.StatusBadRequest, problem("body", `Send {"name": "people.example", "type": "TXT", "value": "v=spf1 -all"}: `+err.Error()+"."))
		return
	}
	answer(rw, http.StatusOK, struct{}{})
}

// texts reads a string, several, or none.
func texts(raw json.RawMessage) ([]string, error) {
	var one string
	var many []string
	switch {
	case raw == nil, string(raw) == "null":
		return nil, nil
	case json.Unmarshal(raw, &one) == nil:
		return []string{one}, nil
	case json.Unmarshal(raw, &many) == nil:
		return many, nil
	}
	return nil, errors.New("value is a string, or an array of strings")
}

// problem is an error as the API writes them.
func problem(field, sentence string) any {
	return map[string]any{"errorCode": "INVALID_REQUEST", "reasons": map[string][]string{field: {sentence}}}
}

func answer(rw http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // cannot be: the values are ours
		status, b = http.StatusInternalServerError, []byte("{}")
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	rw.Write(b)
}

// pathOf writes an id into a path.
func pathOf(id gateway.AppID) string { return url.PathEscape(string(id)) }

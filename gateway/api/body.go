package api

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/replygate/replygate/gateway"
)

// maxBody is the largest request body in bytes.
const maxBody = 1 << 20

// readBody returns the body, "{}" when there is none.
func readBody(r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, fail(http.StatusBadRequest, "INVALID_REQUEST", "body", "The request body did not arrive whole.")
	}
	if len(b) > maxBody {
		return nil, fail(http.StatusBadRequest, "INVALID_REQUEST", "body", "The request body is larger than 1 MiB.")
	}
	if b = bytes.TrimSpace(b); len(b) == 0 {
		return []byte("{}"), nil
	}
	return b, nil
}

// object reads a JSON object; anything else is named in the error.
func (c *call) object() (fields, error) {
	var f fields
	if err := json.Unmarshal(c.body, &f); err != nil || f == nil {
		return nil, gateway.Wrong("body", "Send a JSON object.")
	}
	return f, nil
}

// fields is a JSON object whose members are read one by one, as loosely as
// TalkJS reads them: unknown ones are ignored, only a wrong type is an error.
type fields map[string]json.RawMessage

// raw returns a member and whether it is there; null tells whether it is null.
func (f fields) raw(name string) (v json.RawMessage, present, null bool) {
	v, present = f[name]
	return v, present, present && string(v) == "null"
}

// read decodes a member that is there and not null into v. An error says what
// kind of value belongs there.
func (f fields) read(name, kind string, v any) (bool, error) {
	raw, present, null := f.raw(name)
	if !present || null {
		return false, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return false, gateway.Wrong(name, "%s must be %s.", name, kind)
	}
	return true, nil
}

// text reads a string; absent and null are "".
func (f fields) text(name string) (s string, err error) {
	_, err = f.read(name, "a string", &s)
	return s, err
}

// flag reads a boolean; absent and null are nil.
func (f fields) flag(name string) (*bool, error) {
	var b bool
	if ok, err := f.read(name, "true or false", &b); !ok || err != nil {
		return nil, err
	}
	return &b, nil
}

// number reads a number; absent and null are nil.
func (f fields) number(name string) (*float64, error) {
	var n float64
	if ok, err := f.read(name, "a number", &n); !ok || err != nil {
		return nil, err
	}
	return &n, nil
}

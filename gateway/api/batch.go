package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/replygate/replygate/gateway"
)

// maxBatch is how many operations one batch holds.
const maxBatch = 10

// operation is one call of a batch, written as an array:
// [number, method, path, payload?, {"api_version": …}?].
type operation struct {
	number  json.RawMessage
	method  string
	path    string
	payload json.RawMessage
	version string
}

// UnmarshalJSON reads the array.
func (o *operation) UnmarshalJSON(b []byte) error {
	var parts []json.RawMessage
	if json.Unmarshal(b, &parts) != nil || len(parts) < 3 || len(parts) > 5 {
		return errors.New("write an operation as [number, method, path, payload, options], of which the last two may be left out")
	}
	var number float64
	var path *string
	switch {
	case json.Unmarshal(parts[0], &number) != nil, bytes.Equal(parts[0], []byte("null")):
		return errors.New("the first element of an operation is a number")
	case json.Unmarshal(parts[1], &o.method) != nil || o.method == "":
		return errors.New("the second element of an operation is a method, as a string")
	case json.Unmarshal(parts[2], &path) != nil || path == nil:
		return errors.New("the third element of an operation is a path, as a string")
	}
	o.number, o.method, o.path = parts[0], strings.ToUpper(o.method), *path
	if len(parts) > 3 {
		o.payload = parts[3]
	}
	if len(parts) == 5 {
		return o.options(parts[4])
	}
	return nil
}

func (o *operation) options(b []byte) error {
	var in struct {
		Version string `json:"api_version"`
	}
	if json.Unmarshal(b, &in) != nil {
		return errors.New(`the fifth element of an operation is an object like {"api_version": "2021-02-09"}`)
	}
	o.version = in.Version
	return nil
}

// result is one answer of a batch: [number, status, body as a string].
type result [3]any

// batch makes several calls, one after the other, though callers must not rely
// on the order. Each succeeds or fails by itself, and counts as a call.
func batch(c *call, _ []string) (any, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(c.body, &raw); err != nil {
		return nil, gateway.Wrong("operations", "A batch is an array of operations.")
	}
	if len(raw) > maxBatch {
		return nil, gateway.Wrong("operations", "A batch has at most %d operations.", maxBatch)
	}
	ops, wrong := make([]operation, len(raw)), gateway.Invalid{}
	for i, b := range raw {
		if err := ops[i].UnmarshalJSON(b); err != nil {
			wrong.Add(fmt.Sprintf("[%d]", i), "[%d]: %v.", i, err)
		}
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	out := make([]result, 0, len(ops))
	for _, o := range ops {
		status, body := c.operate(o)
		b, err := encode(body)
		if err != nil {
			return nil, err
		}
		out = append(out, result{o.number, status, string(b)})
	}
	return out, nil
}

// operate makes one call of a batch, as answer does for a request.
func (c *call) operate(o operation) (status int, body any) {
	status, body = c.guard(o.method, func() string { return "batch" }, func() (any, error) { return c.sub(o) })
	if body == nil {
		body = struct{}{}
	}
	return status, body
}

// sub makes the call that an operation is.
func (c *call) sub(o operation) (any, error) {
	path, query, _ := strings.Cut(o.path, "?")
	parts, ok := segments(path)
	if !ok || len(parts) == 1 && parts[0] == "batch" {
		return nil, fail(http.StatusNotFound, "NOT_FOUND", "path", "There is no such route in a batch.")
	}
	if len(parts) == 1 && parts[0] == "" {
		parts = nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, gateway.Wrong("path", "The query of the path is not one.")
	}
	sub := *c
	sub.method, sub.path, sub.query, sub.body = o.method, parts, values, []byte("{}")
	sub.head = http.Header{}
	if o.version != "" {
		sub.head.Set(versionHeader, o.version)
	} else {
		sub.head.Set(versionHeader, c.head.Get(versionHeader))
	}
	if err := sub.load(o.payload); err != nil {
		return nil, err
	}
	if err := sub.spend(); err != nil {
		return nil, err
	}
	out, err := sub.dispatch()
	if _, endless := out.(streamed); endless {
		return nil, gateway.Wrong("path", "A batch holds no stream.")
	}
	return out, err
}

// load gives the call its payload: the query of a GET, the body of others.
func (c *call) load(payload json.RawMessage) error {
	if payload == nil || bytes.Equal(payload, []byte("null")) {
		return nil
	}
	if c.method != http.MethodGet {
		c.body = payload
		return nil
	}
	var query map[string]json.RawMessage
	if json.Unmarshal(payload, &query) != nil {
		return gateway.Wrong("payload", "The payload of a GET is an object with the query's values.")
	}
	for name, raw := range query {
		value := string(raw)
		var text string
		if json.Unmarshal(raw, &text) == nil && raw[0] == '"' {
			value = text
		}
		c.query.Set(name, value)
	}
	return nil
}

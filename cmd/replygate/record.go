package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// recordFlags name an app whose records are asked for.
type recordFlags struct {
	operatorFlags
	App string `arg:"" help:"The app's id."`
}

// path is one below the app.
func (c recordFlags) path(parts ...string) string {
	out := "/apps/" + url.PathEscape(c.App)
	for _, p := range parts {
		out += "/" + url.PathEscape(p)
	}
	return out
}

// pageFlags say which part of a list is asked for.
type pageFlags struct {
	Limit int    `default:"20" help:"How many, 1 to 100."`
	After string `help:"Go on behind this one (an id; of suppressions an address)." placeholder:"ID"`
}

// query adds the page to what narrows a list; empty values narrow nothing.
func (c pageFlags) query(narrow map[string]string) string {
	q := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	if c.After != "" {
		q.Set("startingAfter", c.After)
	}
	for k, v := range narrow {
		if v != "" {
			q.Set(k, v)
		}
	}
	return "?" + q.Encode()
}

// list asks for a list and prints it, a line for each record.
func list[T any](e *env, c recordFlags, path string, line func(T) string) error {
	var out struct {
		Data []json.RawMessage `json:"data"`
	}
	if err := c.call(e, http.MethodGet, path, nil, &out); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(e, out.Data)
	}
	for _, raw := range out.Data {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		fmt.Fprintln(e.stdout, strings.TrimRight(line(v), " "))
	}
	return nil
}

// show asks for one record, or does something with it, and prints it in full.
func (c recordFlags) show(e *env, method, path string, in any) error {
	var out json.RawMessage
	if err := c.call(e, method, path, in, &out); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(e, out)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, out, "", "  "); err != nil {
		return err
	}
	_, err := fmt.Fprintln(e.stdout, b.String())
	return err
}

// stamp is a time (ms) as lists print it.
func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05Z") }

// text is a value that may be null.
func text(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}

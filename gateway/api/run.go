package api

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// runPath is where an external schedule starts notifications. It is the only
// route that takes a run-only key, and takes it in the query or in a form too,
// for a crontab's wget. Such a key opens nothing else, so that an access log in
// front of us which keeps the query gives nothing away but that; we log no query.
const runPath = "notifications/run"

func isRun(path []string) bool { return slices.Equal(path, strings.Split(runPath, "/")) }

// runKey is a key that stands in the query or in a form.
func (c *call) runKey(r *http.Request) (string, error) {
	if k := c.param("key"); k != "" || r.Method != http.MethodPost {
		return k, nil
	}
	if typ, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || typ != "application/x-www-form-urlencoded" {
		return "", nil
	}
	body, err := readBody(r)
	if err != nil {
		return "", err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", nil
	}
	return form.Get("key"), nil
}

// run starts the notifications of an external schedule and says in how many
// conversations something waited for it. A HEAD, as monitors send it, starts
// nothing.
func run(c *call, _ []string) (any, error) {
	if c.method == http.MethodHead {
		return nil, nil
	}
	start := c.Chat.Run
	if c.key.Test {
		start = c.Chat.RunTests
	}
	n, err := start(c.ctx, c.app.ID)
	if err != nil {
		return nil, err
	}
	return ran{n}, nil
}

type ran struct {
	Conversations int `json:"conversations"`
}

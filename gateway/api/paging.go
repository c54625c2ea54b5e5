package api

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/replygate/replygate/gateway"
)

// Bounds of a page. Clients stop when a page is shorter than the limit they
// asked for, so a limit outside the bounds is an error and never clamped.
const (
	defaultLimit = 10
	maxLimit     = 100
)

// param returns a query value; empty, "undefined" and "null" count as absent.
func (c *call) param(name string) string {
	v := c.query.Get(name)
	if v == "undefined" || v == "null" {
		return ""
	}
	return v
}

func (c *call) limit() (int, error) {
	v := c.param("limit")
	if v == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxLimit {
		return 0, gateway.Wrong("limit", "limit is a whole number from 1 to %d.", maxLimit)
	}
	return n, nil
}

// queryOf reads a query as loosely as clients write it: what is not escaped as it
// should be stands for itself, a semicolon too, where the standard library would
// drop the value, and with it the place where a page begins.
func queryOf(raw string) url.Values {
	unescape := func(s string) string {
		if t, err := url.QueryUnescape(s); err == nil {
			return t
		}
		return s
	}
	out := url.Values{}
	for part := range strings.SplitSeq(raw, "&") {
		if name, value, _ := strings.Cut(part, "="); name != "" {
			out.Add(unescape(name), unescape(value))
		}
	}
	return out
}

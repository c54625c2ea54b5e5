package inbound

import (
	"slices"

	"github.com/replygate/replygate/inbound/mailauth"
)

// stamped is the mail as it is kept: what we found out on top (RFC 8601, section
// 4), then our trace field, then the mail without fields that would pass for ours.
func (t *transaction) stamped(rec *received) []byte {
	var found mailauth.Result
	if rec.checked {
		found = rec.auth
	}
	parts := [][]byte{[]byte(found.Header(t.Hostname)), rec.trail}
	return slices.Concat(append(parts, mailauth.Strip(rec.data, t.Hostname)...)...)
}

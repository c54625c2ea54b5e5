package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
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
		drain(r.Body)
		return nil, fail(http.StatusBadRequest, "INVALID_REQUEST", "body", "The request body is larger than 1 MiB.")
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff")) // RFC 8259, section 8.1: a byte-order mark may be ignored
	if b = bytes.TrimSpace(b); len(b) == 0 {
		return []byte("{}"), nil
	}
	return b, nil
}

// maxDrain is how much of a body that is too large is read all the same, in
// octets: a client that still writes would not see the answer.
const maxDrain = 32 << 20

func drain(body io.Reader) {
	_, _ = io.CopyN(io.Discard, body, maxDrain) // whatever comes, the answer is the same
}

// into decodes the body. Types that know their fields name the wrong one
// themselves; for the others the field is named here.
func (c *call) into(v any) error {
	err := json.Unmarshal(c.body, v)
	var typ *json.UnmarshalTypeError
	var invalid gateway.Invalid
	var batch chat.BatchInvalid
	switch {
	case err == nil:
		return nil
	case errors.As(err, &invalid), errors.As(err, &batch):
		return err
	case errors.As(err, &typ) && typ.Field != "":
		return gateway.Wrong(typ.Field, "%s has the wrong type: a %s does not belong there.", typ.Field, typ.Value)
	}
	return gateway.Wrong("body", "The request body is not the JSON that belongs here: %v.", err)
}

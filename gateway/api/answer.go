package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
)

// problem is the body of every answer that is not 200.
type problem struct {
	ErrorCode string              `json:"errorCode"`
	Reasons   map[string][]string `json:"reasons"`
}

// failure is an answer that is not 200, as an error.
type failure struct {
	status int
	problem
}

func (f failure) Error() string { return f.ErrorCode }

func fail(status int, code, field, sentence string) failure {
	return failure{status, problem{code, map[string][]string{field: {sentence}}}}
}

// failureOf maps an error to its answer. What nobody foresaw is a 500 whose
// text says nothing of our insides.
func failureOf(err error) failure {
	var f failure
	var invalid gateway.Invalid
	var missing gateway.NotFound
	var batch chat.BatchInvalid
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &invalid):
		return failure{http.StatusBadRequest, problem{"INVALID_REQUEST", invalid}}
	case errors.As(err, &batch):
		return failure{http.StatusBadRequest, problem{"INVALID_REQUEST", byUser(batch)}}
	case errors.As(err, &missing):
		return fail(http.StatusNotFound, "NOT_FOUND", missing.What, missing.Error())
	}
	return fail(http.StatusInternalServerError, "INTERNAL_ERROR", "server", "Something broke on our side; nothing was changed. Please try again.")
}

// byUser names what is wrong with a batch by the ids of its users.
func byUser(batch chat.BatchInvalid) map[string][]string {
	out := map[string][]string{}
	for id, invalid := range batch {
		for _, field := range slices.Sorted(maps.Keys(invalid)) {
			out[string(id)] = append(out[string(id)], invalid[field]...)
		}
	}
	return out
}

// write answers with a JSON body; nil becomes {}.
func write(w http.ResponseWriter, status int, body any) {
	if body == nil {
		body = struct{}{}
	}
	b, err := encode(body)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"errorCode":"INTERNAL_ERROR","reasons":{"server":["The answer could not be written."]}}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(b)
}

// encode writes JSON as people read it: <, > and & stand for themselves, since
// nobody takes an answer for HTML (see nosniff above).
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// list is the shape of lists.
type list struct {
	Data any `json:"data"`
}

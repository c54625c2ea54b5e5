package export

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// maxDepth bounds how deep lists may stand in one another.
const maxDepth = 16

// lists are the names under which objects hold lists of records.
var lists = map[string]bool{"data": true, "users": true, "conversations": true, "messages": true, "items": true, "results": true}

// errDepth says that lists stand too deep in one another.
var errDepth = errors.New("lists stand too deep in one another")

// reader goes through one file.
type reader struct {
	*Export
	*json.Decoder
	file int32
	name string
	skip int64 // octets before the first value that the decoder does not see
}

// read notes where the records of the newest file are.
func (e *Export) read(f *os.File) error {
	in := bufio.NewReaderSize(f, 1<<20)
	r := &reader{Export: e, file: int32(len(e.files) - 1), name: f.Name()}
	if begin, err := in.Peek(3); err == nil && bytes.Equal(begin, []byte("\ufeff")) {
		r.skip = 3
		if _, err := in.Discard(3); err != nil {
			return err
		}
	}
	r.Decoder = json.NewDecoder(in)
	for {
		err := r.value(0)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s, at octet %d: %w", r.name, r.skip+r.InputOffset(), err)
		}
	}
}

// value reads one value: a record, or a list of such.
func (r *reader) value(depth int) error {
	tok, err := r.Token()
	if err != nil {
		return err
	}
	if depth > maxDepth {
		return errDepth
	}
	switch tok {
	case json.Delim('['):
		return r.list(depth)
	case json.Delim('{'):
		return noEOF(r.object(depth))
	}
	return nil // a count, a cursor
}

// list reads the values of an array.
func (r *reader) list(depth int) error {
	for r.More() {
		if err := r.value(depth + 1); err != nil {
			return noEOF(err)
		}
	}
	_, err := r.Token()
	return noEOF(err)
}

// noEOF says of a file that ends within a value that it is not whole.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// object reads an object, which is a record, or holds lists, or both.
func (r *reader) object(depth int) error {
	begin := r.InputOffset() - 1
	fields, held := map[string]json.RawMessage{}, false
	for r.More() {
		name, err := r.Token()
		if err != nil {
			return err
		}
		key, _ := name.(string)
		if lists[key] {
			held = true
			if err := r.value(depth + 1); err != nil {
				return err
			}
			continue
		}
		var raw json.RawMessage
		if err := r.Decode(&raw); err != nil {
			return err
		}
		fields[key] = raw
	}
	if _, err := r.Token(); err != nil {
		return err
	}
	r.place(fields, held, begin, r.InputOffset())
	return nil
}

// place notes a record by its kind.
func (r *reader) place(fields map[string]json.RawMessage, held bool, from, to int64) {
	has := func(names ...string) bool {
		for _, n := range names {
			if _, ok := fields[n]; ok {
				return true
			}
		}
		return false
	}
	p := Place{r.file, int32(min(to-from, math.MaxInt32)), r.skip + from}
	switch {
	case to-from > MaxRecord && (has("id") || has("conversationId")):
		r.odd(p, fmt.Sprintf("a record of %d octets; at most %d are read", to-from, MaxRecord))
	case has("conversationId"):
		r.message(p, fields)
	case has("id") && has("participants", "welcomeMessages", "topicId", "lastMessage", "subject"):
		r.Conversations = append(r.Conversations, p)
	case has("id") && has("name", "email", "role", "phone", "locale", "photoUrl", "availabilityText", "pushTokens", "custom"):
		r.Users = append(r.Users, p)
	case !held:
		r.odd(p, "neither a user nor a conversation nor a message")
	}
}

// message notes a message, in its conversation.
func (r *reader) message(p Place, fields map[string]json.RawMessage) {
	var id string
	if json.Unmarshal(fields["conversationId"], &id) != nil || id == "" {
		r.odd(p, "a message whose conversationId is no text")
		return
	}
	var at float64
	for _, name := range []string{"createdAt", "timestamp"} {
		var v *float64
		if json.Unmarshal(fields[name], &v) == nil && v != nil {
			at = *v
		}
	}
	n, known := r.index[id]
	if !known {
		n = int32(len(r.ids))
		r.index[id], r.ids = n, append(r.ids, id)
	}
	r.messages = append(r.messages, message{p, n, int64(at)})
}

func (r *reader) odd(p Place, reason string) {
	if r.OddCount++; len(r.Odd) < maxOdd {
		r.Odd = append(r.Odd, Odd{r.name, p.at, reason})
	}
}

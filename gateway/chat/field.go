package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/replygate/replygate/gateway"
)

// Field is one value of a partial update: absent, null, or a value. The zero
// Field is absent.
type Field[T any] struct {
	Set   bool // the caller named it
	Null  bool // … as null
	Value T
}

// Give makes a Field that holds v.
func Give[T any](v T) Field[T] { return Field[T]{Set: true, Value: v} }

// Clear makes a Field that is null.
func Clear[T any]() Field[T] { return Field[T]{Set: true, Null: true} }

// UnmarshalJSON reads a value or null.
func (f *Field[T]) UnmarshalJSON(b []byte) error {
	*f = Field[T]{Set: true}
	if bytes.Equal(bytes.TrimSpace(b), []byte("null")) {
		f.Null = true
		return nil
	}
	return json.Unmarshal(b, &f.Value)
}

// has tells whether a value was given.
func (f Field[T]) has() bool { return f.Set && !f.Null }

// into writes the value, or the zero value for null, where one was given.
func (f Field[T]) into(to *T) {
	if f.Set {
		*to = f.Value
	}
}

// unlessNull is into for a value that null does not clear.
func (f Field[T]) unlessNull(to *T) {
	if f.has() {
		*to = f.Value
	}
}

// intoPointer is into for a value that may be unset.
func intoPointer[T any](f Field[T], to **T) {
	switch {
	case f.Null:
		*to = nil
	case f.Set:
		v := f.Value
		*to = &v
	}
}

// intoMap merges entries: a null entry is removed, a null map empties.
func intoMap[V any](f Field[map[string]*V], to *map[string]V) {
	if f.Null {
		*to = nil
	}
	merged := map[string]V{}
	for k, v := range *to {
		merged[k] = v
	}
	for k, v := range f.Value {
		if v == nil {
			delete(merged, k)
		} else {
			merged[k] = *v
		}
	}
	if f.Set {
		*to = merged
	}
	if len(*to) == 0 {
		*to = nil
	}
}

// Strings is a list of strings that may be written as one string. Entries that
// are null are empty.
type Strings []string

// UnmarshalJSON reads a string, or an array of strings and nulls.
func (s *Strings) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '"' {
		*s = make(Strings, 1)
		return json.Unmarshal(b, &(*s)[0])
	}
	var list []string // null leaves an entry empty
	if err := json.Unmarshal(b, &list); err != nil {
		return errors.New("must be a string or an array of strings")
	}
	*s = list
	return nil
}

// compact drops what is empty, and nil stands for an empty list.
func (s Strings) compact() []string {
	var out []string
	for _, v := range s {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// decode reads a JSON object into fields by name. Unknown names are ignored; a
// value of the wrong type is an Invalid naming its field.
func decode(b []byte, fields map[string]any) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return gateway.Wrong("body", "Write a JSON object.")
	}
	wrong := Invalid{}
	for name, to := range fields {
		value, given := raw[name]
		if !given {
			continue
		}
		if err := json.Unmarshal(value, to); err != nil {
			wrong.Add(name, "%s %s.", name, expectation(err))
		}
	}
	return wrong.Err()
}

// expectation says what a value should have been.
func expectation(err error) string {
	var typ *json.UnmarshalTypeError
	if !errors.As(err, &typ) {
		return err.Error()
	}
	want := typ.Type.String()
	switch {
	case strings.HasPrefix(want, "map"), strings.Contains(want, "struct"):
		want = "an object"
	case strings.HasPrefix(want, "["):
		want = "an array"
	case strings.HasPrefix(want, "int"), strings.HasPrefix(want, "uint"), strings.HasPrefix(want, "float"):
		want = "a number"
	case want == "bool":
		want = "true or false"
	default:
		want = "a string"
	}
	if typ.Field != "" {
		return typ.Field + " must be " + want
	}
	return "must be " + want
}

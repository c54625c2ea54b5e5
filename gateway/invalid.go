package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Invalid is an error about what a caller gave: for each field the sentences
// that say what is wrong with it and how to write it. It is never empty.
type Invalid map[string][]string

// Wrong makes an Invalid of one field and one sentence.
func Wrong(field, format string, args ...any) Invalid {
	return Invalid{field: {fmt.Sprintf(format, args...)}}
}

// Add appends a sentence about a field.
func (v Invalid) Add(field, format string, args ...any) {
	v[field] = append(v[field], fmt.Sprintf(format, args...))
}

// Err is v as an error, or nil when nothing is wrong.
func (v Invalid) Err() error {
	if len(v) == 0 {
		return nil
	}
	return v
}

// Error names the fields in order with their sentences.
func (v Invalid) Error() string {
	parts := make([]string, 0, len(v))
	for _, field := range slices.Sorted(maps.Keys(v)) {
		parts = append(parts, field+": "+strings.Join(v[field], " "))
	}
	return strings.Join(parts, "; ")
}

// NotFound is an error about something that does not exist.
type NotFound struct {
	// What is the kind of thing ("user", "conversation", …), ID its name.
	What, ID string
}

// Error names what was not found.
func (n NotFound) Error() string { return fmt.Sprintf("there is no %s %q", n.What, n.ID) }

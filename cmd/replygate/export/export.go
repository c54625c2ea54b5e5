// Package export reads what the exporters of other chat services wrote: users,
// conversations and messages in the shapes that TalkJS's REST API shows them.
//
// It promises to know a record by its shape and not by its file's name; to take
// arrays, arrays of arrays, pages ({"data": […]}), objects that hold lists by
// name, and one value after another (JSON Lines), mixed as they come; to read
// each file in one pass with little memory, keeping places and no records; and
// to put each conversation's messages into the order in which they were written.
//
// It leaves to others whether a record can be taken, and what becomes of it.
package export

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// MaxRecord is the largest record, in octets; a larger one is Odd.
const MaxRecord = 512 << 10

// Place is where a record stands.
type Place struct {
	file int32
	size int32
	at   int64
}

// message is where a message stands, and what orders it.
type message struct {
	Place
	conversation int32
	time         int64 // ms
}

// maxOdd is how many Odd are told of; the others are counted.
const maxOdd = 1000

// Odd is something in a file that is no record.
type Odd struct {
	File   string
	At     int64 // offset in octets
	Reason string
}

// Export is what lies in a set of files. It is not safe for concurrent use.
type Export struct {
	Users         []Place
	Conversations []Place
	Odd           []Odd // the first maxOdd of them
	OddCount      int

	files    []string
	open     *os.File // the one that was read last, which is files[opened]
	opened   int32
	ids      []string // of the conversations that have messages
	index    map[string]int32
	messages []message
}

// Open reads the files, and those below directories that end in .json, .jsonl or
// .ndjson. Close frees them.
func Open(paths ...string) (*Export, error) {
	e := &Export{index: map[string]int32{}}
	for _, path := range paths {
		if err := e.walk(path); err != nil {
			e.Close()
			return nil, err
		}
	}
	if len(e.files) == 0 {
		return nil, fmt.Errorf("%s: no file ends in .json, .jsonl or .ndjson", strings.Join(paths, ", "))
	}
	e.order()
	return e, nil
}

// Close closes what is open.
func (e *Export) Close() error {
	if e.open == nil {
		return nil
	}
	err := e.open.Close()
	e.open = nil
	return err
}

// use opens a file, if it is not the one that was read last.
func (e *Export) use(n int32) (*os.File, error) {
	if e.open != nil && e.opened == n {
		return e.open, nil
	}
	if err := e.Close(); err != nil {
		return nil, err
	}
	f, err := os.Open(e.files[n])
	if err != nil {
		return nil, err
	}
	e.open, e.opened = f, n
	return f, nil
}

func (e *Export) walk(path string) error {
	return filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		ending := strings.ToLower(filepath.Ext(p))
		if p != path && !slices.Contains([]string{".json", ".jsonl", ".ndjson"}, ending) {
			return nil
		}
		e.files = append(e.files, p)
		f, err := e.use(int32(len(e.files) - 1))
		if err != nil {
			return err
		}
		return e.read(f)
	})
}

// order sorts the messages by conversation, in the order in which they appear,
// and within by time. Those of one moment keep the order of their file, or turn it
// round if the file has the newest first, as lists of TalkJS have.
func (e *Export) order() {
	type span struct{ first, last int64 }
	spans := make([]span, len(e.ids))
	seen := make([]bool, len(e.ids))
	for _, m := range e.messages {
		if c := m.conversation; !seen[c] {
			seen[c], spans[c].first = true, m.time
		}
		spans[m.conversation].last = m.time
	}
	slices.SortFunc(e.messages, func(a, b message) int {
		place := cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.at, b.at))
		if s := spans[a.conversation]; s.first >= s.last {
			place = -place
		}
		return cmp.Or(cmp.Compare(a.conversation, b.conversation), cmp.Compare(a.time, b.time), place)
	})
}

// Messages is how many messages there are.
func (e *Export) Messages() int { return len(e.messages) }

// Histories calls fn for every conversation that has messages, the oldest first.
func (e *Export) Histories(fn func(conversation string, messages []Place) error) error {
	var places []Place
	for i := 0; i < len(e.messages); {
		c := e.messages[i].conversation
		places = places[:0]
		for ; i < len(e.messages) && e.messages[i].conversation == c; i++ {
			places = append(places, e.messages[i].Place)
		}
		if err := fn(e.ids[c], places); err != nil {
			return err
		}
	}
	return nil
}

// Record reads a record, without the lists that may stand inside of it.
func (e *Export) Record(p Place) (json.RawMessage, error) {
	f, err := e.use(p.file)
	if err != nil {
		return nil, err
	}
	b := make([]byte, p.size)
	if _, err := f.ReadAt(b, p.at); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return nil, fmt.Errorf("%s has changed while it was read: %w", f.Name(), err)
	}
	for name := range fields {
		if lists[name] || name == "lastMessage" {
			delete(fields, name)
		}
	}
	return json.Marshal(fields)
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/replygate/replygate/cmd/replygate/export"
	"github.com/replygate/replygate/gateway/api"
)

type importCommand struct {
	operatorFlags
	App  string   `arg:"" help:"The app's id."`
	From []string `arg:"" help:"Files, and directories of files that end in .json, .jsonl or .ndjson." type:"path"`
}

// Help shows an example.
func (importCommand) Help() string {
	return "Example: replygate import shop export/ --config replygate.toml\n\n" +
		"Takes over what was exported from TalkJS: users, conversations with their participants, and messages, as its REST API shows them, " +
		"in arrays, pages or lines. Ids and times stay; messages get the origin \"import\". Nobody is told: there is no event and no mail.\n\n" +
		"It can be stopped, and run again: messages that are here already are left as they are, users and conversations are merged as by a PUT, and nobody is taken out. " +
		"What cannot be taken is listed at the end, with the reason. Works while the server runs, and while it does not."
}

// Bounds of one call to the server.
const (
	importRecords = api.MaxImport
	importBytes   = 256 << 10 // at which a call goes out; a record may come on top
)

// importLines is how many of the records that were not taken are printed.
const importLines = 50

// Run imports.
func (c importCommand) Run(e *env) error {
	x, err := export.Open(c.From...)
	if err != nil {
		return err
	}
	defer x.Close()
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.close()
	i := &importing{Export: x, ask: s.ask, base: "/apps/" + url.PathEscape(c.App) + "/import/", progress: e.stderr}
	err = i.run(e.ctx)
	i.strange()
	if c.JSON {
		err = errors.Join(err, printJSON(e, i.done))
	} else {
		i.done.print(e.stdout)
	}
	if e.ctx.Err() != nil {
		return errors.New("stopped; run it again to go on")
	}
	return err
}

// importDone is the summary of an import.
type importDone struct {
	Users         importCount  `json:"users"`
	Conversations importCount  `json:"conversations"`
	Messages      importCount  `json:"messages"`
	Notes         []importNote `json:"notes"` // at most maxNotes
	NoteCount     int          `json:"noteCount"`
}

// maxNotes bounds what --json lists.
const maxNotes = 10_000

type importCount struct {
	Imported int `json:"imported"`
	Known    int `json:"known"` // were here before
	Skipped  int `json:"skipped"`
}

// importNote says what of a record was not taken.
type importNote struct {
	Kind    string `json:"kind"` // "user", "conversation", "message"; "other" for what is none of them
	ID      string `json:"id,omitempty"`
	In      string `json:"in,omitempty"` // a message's conversation; the file of what is no record
	Skipped bool   `json:"skipped"`
	Reason  string `json:"reason"`
}

func (d *importDone) note(n importNote) {
	if d.NoteCount++; len(d.Notes) < maxNotes {
		d.Notes = append(d.Notes, n)
	}
}

func (d *importDone) print(w io.Writer) {
	for _, row := range []struct {
		name string
		importCount
	}{{"users", d.Users}, {"conversations", d.Conversations}, {"messages", d.Messages}} {
		fmt.Fprintf(w, "%-13s %d imported, %d were here, %d skipped\n", row.name, row.Imported, row.Known, row.Skipped)
	}
	for i, n := range d.Notes {
		if i == importLines {
			fmt.Fprintf(w, "… and %d more; --json lists them\n", d.NoteCount-i)
			return
		}
		what := "partly taken"
		if n.Skipped {
			what = "skipped"
		}
		in := ""
		if n.In != "" {
			in = fmt.Sprintf(" in %q", n.In)
		}
		fmt.Fprintf(w, "%s: %s %q%s: %s\n", what, n.Kind, n.ID, in, n.Reason)
	}
}

// importing is an import on its way.
type importing struct {
	*export.Export
	ask      func(ctx context.Context, method, path string, in, out any) error
	base     string
	progress io.Writer
	done     importDone
	told     int // messages that the progress line told of
}

// run imports users first, then conversations, which name them, then messages.
func (i *importing) run(ctx context.Context) error {
	i.done.Notes = []importNote{}
	i.line("found %d users, %d conversations, %d messages", len(i.Users), len(i.Conversations), i.Messages())
	if err := i.send(ctx, "user", "", "users", i.Users, &i.done.Users); err != nil {
		return err
	}
	i.line("users are done")
	if err := i.send(ctx, "conversation", "", "conversations", i.Conversations, &i.done.Conversations); err != nil {
		return err
	}
	i.line("conversations are done")
	return i.Histories(func(conversation string, messages []export.Place) error {
		path := "conversations/" + url.PathEscape(conversation) + "/messages"
		err := i.send(ctx, "message", conversation, path, messages, &i.done.Messages)
		i.advance()
		return err
	})
}

func (i *importing) line(format string, args ...any) {
	fmt.Fprintf(i.progress, format+"\n", args...)
}

// advance prints how many messages are done, now and then.
func (i *importing) advance() {
	m := i.done.Messages
	n := m.Imported + m.Known + m.Skipped
	if n-i.told >= 1000 || n == i.Messages() {
		i.told = n
		i.line("%d of %d messages", n, i.Messages())
	}
}

// send brings records to the server, as many at a time as it takes.
func (i *importing) send(ctx context.Context, kind, in, path string, places []export.Place, count *importCount) error {
	var batch []json.RawMessage
	size := 0
	for n, p := range places {
		raw, err := i.Record(p)
		if err != nil {
			return err
		}
		batch, size = append(batch, raw), size+len(raw)
		if len(batch) < importRecords && size < importBytes && n < len(places)-1 {
			continue
		}
		if err := i.take(ctx, kind, in, path, batch, count); err != nil {
			return err
		}
		batch, size = nil, 0
	}
	return nil
}

// take has the server take a batch. Messages of a conversation that is not there
// are skipped.
func (i *importing) take(ctx context.Context, kind, in, path string, batch []json.RawMessage, count *importCount) error {
	var out api.Imported
	err := i.ask(ctx, http.MethodPost, i.base+path, batch, &out)
	var refused problemError
	if errors.As(err, &refused) && refused.status == http.StatusNotFound && in != "" && refused.names("conversation") {
		count.Skipped += len(batch)
		i.done.note(importNote{Kind: kind, In: in, Skipped: true, Reason: fmt.Sprintf("%d messages: their conversation is neither in the export nor here", len(batch))})
		return nil
	}
	if err != nil {
		return err
	}
	count.Imported, count.Known = count.Imported+out.Made, count.Known+out.Known
	for _, n := range out.Notes {
		if n.Skipped {
			count.Skipped++
		}
		i.done.note(importNote{Kind: kind, ID: n.ID, In: in, Skipped: n.Skipped, Reason: n.Reason})
	}
	return nil
}

// strange notes what is no record.
func (i *importing) strange() {
	for _, o := range i.Odd {
		i.done.note(importNote{Kind: "other", In: o.File, Skipped: true, Reason: fmt.Sprintf("at octet %d: %s", o.At, o.Reason)})
	}
	i.done.NoteCount += i.OddCount - len(i.Odd)
}

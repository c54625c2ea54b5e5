package api

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
)

// MaxImport is how many records of another service's export one of the operator's
// calls takes.
const MaxImport = chat.MaxPast

// Imported is the answer to a part of an export.
type Imported struct {
	Made  int            `json:"made"`  // new here
	Known int            `json:"known"` // here before
	Notes []ImportedNote `json:"notes"`
}

// ImportedNote says what of a record was not taken.
type ImportedNote struct {
	ID      string `json:"id"`
	Skipped bool   `json:"skipped"` // nothing of it was taken
	Reason  string `json:"reason"`
}

// importRoutes take what another service's export holds, as its GETs show it: an
// array each. What one record lacks does not keep out the others.
func (o Operator) importRoutes() []route {
	return []route{
		on(http.MethodPost, "apps/*/import/users", o.of(importUsers)),
		on(http.MethodPost, "apps/*/import/conversations", o.of(importConversations)),
		on(http.MethodPost, "apps/*/import/conversations/*/messages", o.of(importHistory)),
	}
}

func (i *Imported) add(p chat.Past) {
	i.Made, i.Known = i.Made+p.Made, i.Known+p.Known
	for _, n := range p.Notes {
		i.Notes = append(i.Notes, ImportedNote(n))
	}
}

// records reads the array that a call brings; an element that is none is noted.
func (i *Imported) records(c *call, take func(json.RawMessage) error) error {
	i.Notes = []ImportedNote{}
	var raw []json.RawMessage
	if err := c.into(&raw); err != nil {
		return err
	}
	if len(raw) > MaxImport {
		return gateway.Wrong("records", "One call takes at most %d records.", MaxImport)
	}
	for _, r := range raw {
		err := take(r)
		var invalid gateway.Invalid
		if errors.As(err, &invalid) {
			i.Notes = append(i.Notes, ImportedNote{ID: idIn(r), Skipped: true, Reason: invalid.Error()})
		} else if err != nil {
			return err
		}
	}
	return nil
}

// idIn is the id of a record that cannot be read, as far as it has one.
func idIn(raw json.RawMessage) string {
	var in struct {
		ID json.RawMessage `json:"id"`
	}
	_ = json.Unmarshal(raw, &in) // one that has none is told without
	var id string
	if json.Unmarshal(in.ID, &id) != nil {
		id = string(in.ID)
	}
	return id
}

func importUsers(c *call, _ []string) (any, error) {
	var out Imported
	var users []chat.PastUser
	err := out.records(c, func(raw json.RawMessage) error {
		var u chat.PastUser
		err := json.Unmarshal(raw, &u)
		if err == nil {
			users = append(users, u)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	p, err := c.Chat.ImportUsers(c.ctx, c.app.ID, users)
	out.add(p)
	return out, err
}

func importConversations(c *call, _ []string) (any, error) {
	var out Imported
	err := out.records(c, func(raw json.RawMessage) error {
		var conv chat.PastConversation
		if err := json.Unmarshal(raw, &conv); err != nil {
			return err
		}
		made, err := c.Chat.ImportConversation(c.ctx, c.app.ID, conv)
		switch {
		case err != nil:
		case made:
			out.Made++
		default:
			out.Known++
		}
		return err
	})
	return out, err
}

func importHistory(c *call, ids []string) (any, error) {
	var out Imported
	var messages []chat.PastMessage
	err := out.records(c, func(raw json.RawMessage) error {
		var m chat.PastMessage
		err := json.Unmarshal(raw, &m)
		if err == nil {
			messages = append(messages, m)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	p, err := c.Chat.ImportHistory(c.ctx, c.app.ID, gateway.ConversationID(ids[0]), messages)
	out.add(p)
	return out, err
}

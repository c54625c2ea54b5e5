package chat

import (
	"encoding/json"
	"errors"
	"strings"
)

// Content is a message in blocks, as newer clients of TalkJS write it. What is
// kept of it is the text of its blocks, a file's token and a location.
type Content struct {
	Text  string
	Token string
	Place *[2]float64
}

var errContent = errors.New("must be an array of blocks that have a type")

// UnmarshalJSON reads the blocks, however deep their text is nested, in one pass.
func (c *Content) UnmarshalJSON(b []byte) error {
	*c = Content{}
	var blocks []map[string]any
	if json.Unmarshal(b, &blocks) != nil {
		return errContent
	}
	var texts []string
	for _, p := range blocks {
		switch p["type"] {
		case nil, "":
			return errContent
		case "file":
			c.Token, _ = p["fileToken"].(string)
		case "location":
			latitude, _ := p["latitude"].(float64)
			longitude, _ := p["longitude"].(float64)
			c.Place = &[2]float64{latitude, longitude}
		default:
			var text strings.Builder
			if !write(&text, p) {
				return errContent
			}
			texts = append(texts, text.String())
		}
	}
	c.Text = strings.Join(texts, "\n")
	return nil
}

// write adds the text of a part and of those within it; false: it is none.
func write(to *strings.Builder, part any) bool {
	switch p := part.(type) {
	case string:
		to.WriteString(p)
		return true
	case map[string]any:
		text, _ := p["text"].(string)
		to.WriteString(text)
		children, ok := p["children"].([]any)
		for _, child := range children {
			if !write(to, child) {
				return false
			}
		}
		return ok || p["children"] == nil
	}
	return false
}

// fill gives m what its content says, where nothing else says it.
func (c Content) fill(m *NewMessage) {
	if !m.Text.has() {
		m.Text = Give(c.Text)
	}
	if c.Token != "" && !m.AttachmentToken.has() {
		m.AttachmentToken = Give(c.Token)
	}
	if c.Place != nil && !m.Location.has() {
		m.Location = Give(*c.Place)
	}
}

// readMessage reads a message with further fields of its own.
func readMessage(b []byte, m *NewMessage, more map[string]any) error {
	var content Field[Content]
	fields := m.fields()
	fields["content"] = &content
	for name, to := range more {
		fields[name] = to
	}
	err := decode(b, fields)
	if content.has() {
		content.Value.fill(m)
	}
	return err
}

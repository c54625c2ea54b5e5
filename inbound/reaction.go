package inbound

import (
	"encoding/json"
	"slices"

	"github.com/replygate/replygate/inbound/extract"
	"github.com/replygate/replygate/inbound/message"
)

// reactionType is the part of a mail by which Gmail tells that somebody reacted
// to one with an emoji. It stands beside the text for other clients.
const reactionType = "text/vnd.google.email-reaction+json"

// takeReaction finds the emoji of a reaction mail, which says nothing else.
func (p *Parsed) takeReaction() {
	i := slices.IndexFunc(p.Attachments, func(a message.Attachment) bool { return a.Type == reactionType })
	if i < 0 {
		return
	}
	var said struct {
		Emoji string `json:"emoji"`
	}
	err := json.Unmarshal(p.Attachments[i].Data, &said)
	p.Attachments = slices.Delete(slices.Clone(p.Attachments), i, i+1)
	if err != nil || !extract.IsEmoji(said.Emoji) {
		return // the text says it, too
	}
	p.Reaction, p.Text, p.Full, p.HTML = said.Emoji, said.Emoji, said.Emoji, ""
}

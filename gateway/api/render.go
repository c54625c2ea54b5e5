package api

import (
	"context"

	"github.com/replygate/replygate/gateway"
)

// Renderer shows the mail a person would get about a conversation, without
// sending it.
type Renderer interface {
	Render(ctx context.Context, app gateway.AppID, c gateway.ConversationID, u gateway.UserID) (Rendered, error)
}

// TemplateChecker says what is wrong with a template, each with its line; none
// means that it renders.
type TemplateChecker interface {
	CheckTemplate(t gateway.Template) (problems []string)
}

// Rendered is a mail, and what is decided about sending it at the moment.
type Rendered struct {
	Decision RenderedDecision `json:"decision"`
	// Mail is null when nobody wrote anything that could be told.
	Mail *RenderedMail `json:"mail"`
}

// RenderedDecision says whether the mail would be sent: "send", "wait" with the
// time in ms, "skip" with the reason, "leave" (to the external schedule), or
// "none" when nothing waits to be told.
type RenderedDecision struct {
	Act      string          `json:"act"`
	Reason   *gateway.Reason `json:"reason"`
	Sentence *string         `json:"sentence"`
	Until    *int64          `json:"until"`
}

// RenderedMail is the mail as a client shows it, and as it would stand on the
// wire, unsigned.
type RenderedMail struct {
	From    string   `json:"from"`
	To      []string `json:"to"`
	ReplyTo *string  `json:"replyTo"`
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
	HTML    string   `json:"html"`
	Raw     string   `json:"raw"`
}

// render answers with the mail for {conversationId, recipientId}.
func render(c *call, _ []string) (any, error) {
	var in struct {
		ConversationID gateway.ConversationID `json:"conversationId"`
		RecipientID    gateway.UserID         `json:"recipientId"`
	}
	if err := c.into(&in); err != nil {
		return nil, err
	}
	wrong := gateway.Invalid{}
	if in.ConversationID == "" {
		wrong.Add("conversationId", "conversationId names the conversation the mail is about.")
	}
	if in.RecipientID == "" {
		wrong.Add("recipientId", "recipientId names the user the mail is for.")
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	return c.Renderer.Render(c.ctx, c.app.ID, in.ConversationID, in.RecipientID)
}

package wire

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
)

// Event is an event as GET /events lists it and as the body of a webhook.
type Event struct {
	ID        gateway.EventID   `json:"id"`
	CreatedAt int64             `json:"createdAt"`
	Type      gateway.EventType `json:"type"`
	AppID     gateway.AppID     `json:"appId"`
	Seq       uint64            `json:"seq"`
	// PrevSeq is told to an endpoint only: the Seq of the event of the same
	// conversation that it was told before, 0 for the first.
	PrevSeq *uint64         `json:"prevSeq,omitempty"`
	Data    json.RawMessage `json:"data"`
}

// EventOf shows an event.
func EventOf(e gateway.Event) Event {
	return Event{ID: e.ID, CreatedAt: millis(e.CreatedAt), Type: e.Type, AppID: e.App, Seq: e.Seq, Data: e.Data}
}

// Body is the event as a webhook carries it: what json.Marshal makes of it, but
// Data, which was made by that once, goes in as it is.
func (e Event) Body() ([]byte, error) {
	data := e.Data
	e.Data = nil
	head, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	return slices.Concat(bytes.TrimSuffix(head, []byte("null}")), data, []byte("}")), nil
}

// MessageData tells of a message that was sent, updated or deleted.
type MessageData struct {
	Sender           *User            `json:"sender"` // null: system
	Conversation     Conversation     `json:"conversation"`
	Message          Message          `json:"message"`
	MentionedUserIDs []gateway.UserID `json:"mentionedUserIds"`
	// Reply is there for messages that came by mail.
	Reply *MailReply `json:"reply,omitempty"`
}

// MailReply is what a mail said beyond the text that was posted.
type MailReply struct {
	Text            string           `json:"text"`
	HTML            string           `json:"html"`
	Quoted          string           `json:"quoted"`
	Signature       string           `json:"signature"`
	Method          string           `json:"method"`
	Confidence      string           `json:"confidence"`
	Verdicts        gateway.Verdicts `json:"verdicts"`
	OtherRecipients int              `json:"otherRecipients"`
}

// MailReplyOf shows what a mail said; a mail of nothing but files has no content.
func MailReplyOf(c *gateway.ReplyContent, v gateway.Verdicts) *MailReply {
	out := &MailReply{Verdicts: v}
	if c != nil {
		out.Text, out.HTML, out.Quoted, out.Signature = c.Text, c.HTML, c.Quoted, c.Signature
		out.Method, out.Confidence, out.OtherRecipients = c.Method, c.Confidence, c.OtherRecipients
	}
	return out
}

// ReadData tells that the recipient has read a message and all before it.
type ReadData struct {
	Sender       *User        `json:"sender"`
	Recipient    User         `json:"recipient"`
	Conversation Conversation `json:"conversation"`
	Message      Message      `json:"message"`
}

// UserData tells of a user.
type UserData struct {
	User User `json:"user"`
}

// Subject is whom the event is about.
func (d UserData) Subject() string { return string(d.User.ID) }

// ConversationData tells of a conversation.
type ConversationData struct {
	Conversation Conversation `json:"conversation"`
}

// NotificationData tells what was decided about a person, and what came of it.
type NotificationData struct {
	NotificationID gateway.NotificationID `json:"notificationId"`
	Recipient      User                   `json:"recipient"`
	// Sender wrote the newest of Messages; null if they are gone.
	Sender       *User        `json:"sender"`
	Conversation Conversation `json:"conversation"`
	Messages     []Message    `json:"messages"`
	// Reason and Sentence say why there is no mail, or no success.
	Reason   gateway.Reason `json:"reason,omitempty"`
	Sentence string         `json:"sentence,omitempty"`
	// Delivery is there once one mail of it settled.
	Delivery *Delivery `json:"delivery,omitempty"`
	// Test: it tells of what a test key posted, and no mail of it leaves.
	Test bool `json:"test,omitempty"`
}

// ReplyData tells of a received mail that was not posted.
type ReplyData struct {
	Reply        Reply         `json:"reply"`
	Sender       *User         `json:"sender"` // whose address the mail came to
	Conversation *Conversation `json:"conversation"`
	// Reason and Sentence say why.
	Reason   gateway.Reason `json:"reason,omitempty"`
	Sentence string         `json:"sentence,omitempty"`
}

// ReactionData tells of an emoji that somebody sent about a message by mail.
type ReactionData struct {
	Reply        Reply         `json:"reply"`
	Sender       *User         `json:"sender"` // who reacted
	Conversation *Conversation `json:"conversation"`
	Emoji        string        `json:"emoji"`
	// ReferencedMessageID is null when the mail that was reacted to told of
	// several messages, or of one that is gone.
	ReferencedMessageID *gateway.MessageID `json:"referencedMessageId"`
}

// ReactionDataOf tells of a reaction about a message, which may be unknown.
func ReactionDataOf(r Reply, sender *User, c *Conversation, emoji string, about gateway.MessageID) ReactionData {
	return ReactionData{Reply: r, Sender: sender, Conversation: c, Emoji: emoji, ReferencedMessageID: orNull(about)}
}

// TemplateData tells that a role's own template failed for a mail.
type TemplateData struct {
	Role   string `json:"role"`
	Reason string `json:"reason"` // with part, line and column
}

// AddressData tells that an address gets no more mail, or gets it again.
type AddressData struct {
	Address string          `json:"address"`
	UserID  *gateway.UserID `json:"userId"` // if it was done by a link in a mail
	Reason  *gateway.Reason `json:"reason"`
	Kind    string          `json:"kind"`
	Detail  string          `json:"detail"`
	At      int64           `json:"at"`
	// Until is when a suppression ends by itself; null if it does not.
	Until *int64 `json:"until"`
}

// Subject is what the event is about.
func (d AddressData) Subject() string { return d.Address }

// AddressDataOf tells of an address; reason is empty for one that gets mail again.
func AddressDataOf(a gateway.Address, u gateway.UserID, reason gateway.Reason, kind, detail string, at, until time.Time) AddressData {
	out := AddressData{Address: a.String(), UserID: orNull(u), Reason: orNull(reason), Kind: kind, Detail: detail, At: millis(at)}
	if !until.IsZero() {
		end := millis(until)
		out.Until = &end
	}
	return out
}

package store

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway"
)

// Rows is a table of values of type T: JSON, unless T is its own
// encoding.BinaryMarshaler.
type Rows[T any] struct{ Table Table }

// The tables. Beside each stands its key; every key begins with the app, but
// for those whose row is what tells the app.
var (
	Apps          = Rows[gateway.App]{"apps"}                   // AppKey
	Users         = Rows[gateway.User]{"users"}                 // UserKey
	Presences     = Rows[gateway.Presence]{"presences"}         // UserKey
	Memberships   = Rows[Membership]{"memberships"}             // UserKey, conversation: of those who take or took part
	Conversations = Rows[gateway.Conversation]{"conversations"} // ConversationKey
	Participants  = Rows[gateway.Participant]{"participants"}   // ConversationKey, user
	Messages      = Rows[gateway.Message]{"messages"}           // ConversationKey, created (ms), number
	MessagePlaces = Rows[MessagePlace]{"message_places"}        // ConversationKey, message id
	Handles       = Rows[HandleRow]{"handles"}                  // HandleKey
	Decisions     = Rows[gateway.Notification]{"notifications"} // AppKey, id
	Mails         = Rows[gateway.Delivery]{"deliveries"}        // AppKey, id
	Replies       = Rows[gateway.Reply]{"replies"}              // AppKey, id
	EventLog      = Rows[gateway.Event]{"events"}               // AppKey, id
	EventStreams  = Rows[EventStream]{"event_streams"}          // ConversationKey, endpoint
	EventTells    = Rows[EventTell]{"event_tells"}              // AppKey, event id, endpoint
	DeadLetters   = Rows[DeadLetter]{"dead_letters"}            // AppKey, endpoint, event id
	Troubles      = Rows[Trouble]{"endpoint_troubles"}          // AppKey, endpoint: present while all attempts fail
	SentMails     = Rows[gateway.Sent]{"sent"}                  // ConversationKey, user, sent (ms), delivery id
	Dedups        = Rows[Dedup]{"dedups"}                       // ConversationKey, user, digest
	Deferrals     = Rows[Deferral]{"deferrals"}                 // ConversationKey, user, digest of the mail
	Idempotencies = Rows[Idempotency]{"idempotencies"}          // AppKey, API key id, idempotency key
	Suppressions  = Rows[Suppression]{"suppressions"}           // AddressKey
	SeenPictures  = Rows[SeenPicture]{"seen_pictures"}          // UserKey, blob: pictures of signatures that were posted, for a time
	SoftFailures  = Rows[SoftFailure]{"soft_failures"}          // AddressKey: for a time
	SoftEnds      = Rows[Suppression]{"soft_suppressions"}      // AddressKey: a suppression that ends by itself, beside which a row of Suppressions counts
	UnsubLinks    = Rows[UnsubscribeLink]{"unsubscribe_links"}  // AddressKey, user
	Unsent        = Rows[UnsentMail]{"unsent"}                  // AddressKey, delivery id: present while one is queued
	MessageKeys   = Rows[PostedKey]{"message_keys"}             // ConversationKey, idempotency key of a message
	Removals      = Rows[Removal]{"removals"}                   // AppKey, conversation: being removed in slices
	AddressOwners = Rows[AddressOwner]{"address_owners"}        // AddressKey, user: present while it is one of the user's
	Departments   = Rows[gateway.Department]{"departments"}     // AppKey, id
	Agents        = Rows[Agent]{"agents"}                       // AppKey, user: present while the user is an agent
	Domains       = Rows[gateway.Domain]{"domains"}             // DomainKey: not by app, the row is what tells the app
	Templates     = Rows[gateway.Template]{"templates"}         // AppKey, role, locale
	Mailings      = Rows[Mailing]{"mailings"}                   // UserKey, queued (ms), notification id: for a day
	DecisionsBy   = Rows[Place]{"notifications_by"}             // FacetKey, notification id
	DeliveriesBy  = Rows[Place]{"deliveries_by"}                // FacetKey, delivery id
	RepliesBy     = Rows[Place]{"replies_by"}                   // FacetKey, reply id
	Online        = Rows[Session]{"online"}                     // UserKey: has a session, or had until a moment ago
	SessionEnds   = Rows[Session]{"session_ends"}               // time (ms), app, user: not by app, it is worked off by time
	External      = Rows[ExternalWork]{"external"}              // AppKey, conversation: an external schedule has work in it
	Listing       = Rows[ListPlace]{"conversation_lists"}       // AppKey, order, time (ms), conversation
	Notices       = Rows[gateway.Notice]{"notices"}             // AppKey, id: once made, it keeps another of its kind from being made that day
	Waiting       = Rows[HeldReply]{"held"}                     // time its wait ends (ms), app, reply id: not by app, it is worked off by time
	MailPlaces    = Rows[MailPlace]{"mail_places"}              // Message-ID: not by app, the row is what tells the app
	RawMails      = Rows[RawMail]{"raw_mails"}                  // time (ms), app, reply id: not by app, it is swept by time
	Poisons       = Rows[Poison]{"poisons"}                     // digest of the mail: not by app, it is known before whose it is
	KeptMails     = Rows[KeptMail]{"kept_mails"}                // AppKey, delivery id
	MailboxUses   = Rows[MailboxUse]{"mailbox_uses"}            // AppKey
	Expiries      = Rows[Expiry]{"expiries"}                    // time (ms), table, key: not by app, it is swept by time
)

// Membership says that a user takes part in a conversation, or (Left) did.
type Membership struct {
	Conversation gateway.ConversationID `json:"conversation"`
	Left         bool                   `json:"left,omitempty"`
}

// HeldReply is a reply that waits for a person to decide about it.
type HeldReply struct {
	App   gateway.AppID   `json:"app"`
	Reply gateway.ReplyID `json:"reply"`
}

// HeldAge is how long a held reply waits before it is rejected.
const HeldAge = 7 * 24 * time.Hour

// MailPlace says whom a mail of ours went to, and about what.
type MailPlace struct {
	App          gateway.AppID          `json:"app"`
	Conversation gateway.ConversationID `json:"conversation"`
	User         gateway.UserID         `json:"user"`
	Test         bool                   `json:"test,omitempty"`
}

// MailKey is the key of a mail's place; id is without angle brackets.
func MailKey(id string) Key { return Key(nil).String(id) }

// AddressOwner says that an address is a user's.
type AddressOwner struct {
	User gateway.UserID `json:"user"`
}

// Session is a user who is online; the Presence says until when.
type Session struct {
	App  gateway.AppID  `json:"app"`
	User gateway.UserID `json:"user"`
}

// SessionEndKey is the key of a time at which a session may end.
func SessionEndKey(at time.Time, s Session) Key {
	return Key(nil).Time(at).String(string(s.App)).String(string(s.User))
}

// Agent says that a user is an agent.
type Agent struct {
	User gateway.UserID `json:"user"`
}

// Mailing is a mail that was queued for a user, for the caps of roles.
type Mailing struct {
	At           time.Time              `json:"at"`
	Conversation gateway.ConversationID `json:"conversation"`
}

// ExternalWork says that a conversation has messages which wait for an external
// schedule.
type ExternalWork struct {
	Conversation gateway.ConversationID `json:"conversation"`
}

// ListPlace is a conversation's place in a list of all of an app.
type ListPlace struct {
	Conversation gateway.ConversationID `json:"conversation"`
}

// ListOrder is what the conversations of an app are listed by.
type ListOrder byte

// The orders.
const (
	ListByActivity ListOrder = 'a'
	ListByCreation ListOrder = 'c'
)

// ListPrefix begins the keys of a list of an app's conversations.
func ListPrefix(app gateway.AppID, by ListOrder) Key { return append(AppKey(app), byte(by)) }

// ListKey is a conversation's place in a list.
func ListKey(app gateway.AppID, by ListOrder, at time.Time, c gateway.ConversationID) Key {
	return ListPrefix(app, by).Time(at).String(string(c))
}

// MessagePlace finds a message by its id.
type MessagePlace struct {
	CreatedAt time.Time `json:"createdAt"`
	Number    uint64    `json:"number"`
}

// EventStream remembers the last event of a conversation put for an endpoint.
type EventStream struct {
	Seq uint64 `json:"seq"`
}

// EventTell is how far telling an event to an endpoint has come.
type EventTell struct {
	Event    gateway.EventID    `json:"event"`
	Endpoint gateway.EndpointID `json:"endpoint"`
	// State is "waiting", "told" or "dead".
	State    string        `json:"state"`
	Attempts []TellAttempt `json:"attempts,omitempty"` // at most 16, the latest
	// Tries counts all attempts ever made.
	Tries int `json:"tries,omitempty"`
	// PrevSeq is the Seq of the event of the same conversation that was put
	// for this endpoint before; 0 for the first.
	PrevSeq   uint64    `json:"prevSeq"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// TellAttempt is one try to tell an event.
type TellAttempt struct {
	At     time.Time `json:"at"`
	Status int       `json:"status"` // HTTP; 0: no answer
	Error  string    `json:"error,omitempty"`
	Took   int64     `json:"tookMs"`
	// Response begins what was answered, without secrets; kept of the latest
	// attempt only.
	Response string `json:"response,omitempty"`
}

// DeadLetter finds an event that an endpoint was not told in the end.
type DeadLetter struct {
	Event    gateway.EventID    `json:"event"`
	Endpoint gateway.EndpointID `json:"endpoint"`
	At       time.Time          `json:"at"`
}

// Trouble says for how long every attempt at an endpoint has failed.
type Trouble struct {
	Since time.Time `json:"since"`
	Last  time.Time `json:"last"`
}

// SentBody is the plain text of gateway.Sent.Body: what a mail said. Its HTML may
// be without what shows in no quotation.
type SentBody struct {
	Text string `json:"text"`
	HTML string `json:"html"`
}

// Deferral remembers when a mail was first put off because DNS did not answer.
type Deferral struct {
	First time.Time `json:"first"`
}

// DeferralAge is for how long a mail is put off before it is held instead.
const DeferralAge = 24 * time.Hour

// Dedup remembers a posted reply for 30 days.
type Dedup struct {
	Reply gateway.ReplyID `json:"reply"`
	At    time.Time       `json:"at"`
}

// DedupAge is how long a posted reply's copies are recognised.
const DedupAge = 30 * 24 * time.Hour

// Idempotency remembers the answer to a call for 24 hours.
type Idempotency struct {
	BodyHash []byte          `json:"bodyHash"`
	Status   int             `json:"status"`
	Answer   json.RawMessage `json:"answer,omitempty"`
	// Sealed is the answer of a call that gave a secret away, in place of Answer.
	Sealed []byte    `json:"sealed,omitempty"`
	At     time.Time `json:"at"`
}

// UnsentMail finds the queued mails to an address, so that what suppresses the
// address also cancels them.
type UnsentMail struct {
	Delivery     gateway.DeliveryID     `json:"delivery"`
	Conversation gateway.ConversationID `json:"conversation"`
	Recipient    gateway.UserID         `json:"recipient,omitempty"`
}

// PostedKey remembers which message was posted under an idempotency key.
type PostedKey struct {
	Message gateway.MessageID `json:"message"`
}

// IdempotencyAge is how long idempotency keys are remembered.
const IdempotencyAge = 24 * time.Hour

// Removal is a deleted conversation of which rows are left.
type Removal struct {
	App          gateway.AppID          `json:"app"`
	Conversation gateway.ConversationID `json:"conversation"`
}

// UnsubscribeLink is the handle of the link that unsubscribes an address; every
// mail to it carries the same one.
type UnsubscribeLink struct {
	Handle gateway.Handle `json:"handle"`
}

// Suppression says that an address gets no mail of an app, and why.
type Suppression struct {
	Address gateway.Address `json:"address"`
	// Reason is gateway.ReasonUnsubscribed or gateway.ReasonSuppressed.
	Reason gateway.Reason `json:"reason"`
	// Kind tells more: "one-click", "page", "mail", "api", "hard", "soft", "complaint".
	Kind string `json:"kind"`
	// Detail is the peer's words for a bounce.
	Detail string    `json:"detail,omitempty"`
	At     time.Time `json:"at"`
	// UnsubscribedAt is kept while a suppression covers an unsubscribing, which
	// stands again when the suppression is lifted.
	UnsubscribedAt time.Time `json:"unsubscribedAt,omitzero"`
	// Until is when it ends by itself; zero if it does not.
	Until time.Time `json:"until,omitzero"`
}

// SeenPicture says that a picture of somebody's signature was posted once.
type SeenPicture struct {
	// Mail names the mail it was posted with, in copies of which it stays.
	Mail string `json:"mail,omitempty"`
}

// SeenPictureAge is for how long that is remembered.
const SeenPictureAge = 180 * 24 * time.Hour

// SoftFailure counts the mails that a mailbox did not take of late.
type SoftFailure struct {
	Count int `json:"count"`
}

// Expiry is a row that is to be deleted at a time, and those that go with it.
type Expiry struct {
	Row
	Also []Row `json:"also,omitempty"`
}

// Get returns the row at k, or ErrNotFound.
func (r Rows[T]) Get(rd Reader, k Key) (T, error) {
	var v T
	b, err := rd.Get(r.Table, k)
	if err != nil {
		return v, err
	}
	if err := decode(b, &v); err != nil {
		return v, fmt.Errorf("read %s: %w", r.Table, err)
	}
	return v, nil
}

func decode(b []byte, v any) error {
	if own, ok := v.(encoding.BinaryUnmarshaler); ok {
		return own.UnmarshalBinary(b)
	}
	return json.Unmarshal(b, v)
}

func encode(v any) ([]byte, error) {
	if own, ok := v.(encoding.BinaryMarshaler); ok {
		return own.MarshalBinary()
	}
	return json.Marshal(v)
}

// Find is Get that tells a missing row apart without an error.
func (r Rows[T]) Find(rd Reader, k Key) (v T, found bool, err error) {
	v, err = r.Get(rd, k)
	return v, err == nil, ignoreMissing(err)
}

func ignoreMissing(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Put writes the row at k.
func (r Rows[T]) Put(tx Tx, k Key, v T) error {
	b, err := encode(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", r.Table, err)
	}
	return tx.Put(r.Table, k, b)
}

// Delete removes the row at k, if there is one.
func (r Rows[T]) Delete(tx Tx, k Key) error { return tx.Delete(r.Table, k) }

// Scan calls fn for each row in rg, in order, until it returns false or an error.
func (r Rows[T]) Scan(rd Reader, rg Range, fn func(k Key, v T) (more bool, err error)) error {
	return rd.Scan(r.Table, rg, func(k Key, b []byte) (bool, error) {
		var v T
		if err := decode(b, &v); err != nil {
			return false, fmt.Errorf("read %s: %w", r.Table, err)
		}
		return fn(k, v)
	})
}

// ParticipantKey is the key of a participant.
func ParticipantKey(app gateway.AppID, c gateway.ConversationID, u gateway.UserID) Key {
	return ConversationKey(app, c).String(string(u))
}

// MessageKey is the key of a message: by time, ties by the order of storing.
func MessageKey(app gateway.AppID, c gateway.ConversationID, created time.Time, number uint64) Key {
	return ConversationKey(app, c).Time(created).Uint(number)
}

// SentKey is the key of a remembered mail.
func SentKey(app gateway.AppID, s gateway.Sent) Key {
	return ConversationKey(app, s.Conversation).String(string(s.Recipient)).Time(s.SentAt).String(string(s.Delivery))
}

// FindMessage returns a message by its id, or ErrNotFound.
func FindMessage(rd Reader, app gateway.AppID, c gateway.ConversationID, id gateway.MessageID) (gateway.Message, error) {
	p, err := MessagePlaces.Get(rd, ConversationKey(app, c).String(string(id)))
	if err != nil {
		return gateway.Message{}, err
	}
	return Messages.Get(rd, MessageKey(app, c, p.CreatedAt, p.Number))
}

// TemplatesOf loads a role's own templates by locale; nil if it has none.
func TemplatesOf(rd Reader, app gateway.AppID, role string) (map[string]gateway.Template, error) {
	var out map[string]gateway.Template
	prefix := AppKey(app).String(role)
	err := Templates.Scan(rd, Range{Prefix: prefix}, func(k Key, t gateway.Template) (bool, error) {
		if out == nil {
			out = map[string]gateway.Template{}
		}
		out[k[len(prefix):].text()] = t
		return true, nil
	})
	return out, err
}

// NotificationItem names the due item of a conversation.
func NotificationItem(app gateway.AppID, c gateway.ConversationID) ItemRef {
	return ItemRef{Notifications, app, ShardOf(app, string(c)), string(c)}
}

// NoticeItem names the item of a notice, which no conversation's has the name
// of; its payload, which those have none of, is the notice's id.
func NoticeItem(app gateway.AppID, c gateway.ConversationID, n gateway.NoticeID) ItemRef {
	return ItemRef{Notifications, app, ShardOf(app, string(c)), "\x00" + string(n)}
}

// DisabledItem names the item that takes back what those of an app wait for whose
// mail was switched off. Its payload, which a notice's never begins with, is how
// far it has come: a zero byte, and what chat.WithdrawDisabled answered.
func DisabledItem(app gateway.AppID) ItemRef {
	return ItemRef{Notifications, app, ShardOf(app, ""), "\x00"}
}

// DeliveryItem names the queue item of a delivery.
func DeliveryItem(app gateway.AppID, c gateway.ConversationID, d gateway.DeliveryID) ItemRef {
	return ItemRef{Deliveries, app, ShardOf(app, string(c)), string(d)}
}

// EventItem names the queue item of an event at an endpoint. Events of no
// conversation share the app's shard.
func EventItem(app gateway.AppID, c gateway.ConversationID, e gateway.EventID, ep gateway.EndpointID) ItemRef {
	return ItemRef{Events, app, ShardOf(app, string(c)), EventItemID(e, ep)}
}

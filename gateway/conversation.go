package gateway

import "time"

// Conversation is a chat between participants, who are kept beside it.
type Conversation struct {
	ID              ConversationID    `json:"id"`
	Subject         *string           `json:"subject,omitempty"`
	PhotoURL        *string           `json:"photoUrl,omitempty"`
	WelcomeMessages []string          `json:"welcomeMessages,omitempty"`
	Custom          map[string]string `json:"custom,omitempty"`
	CreatedAt       time.Time         `json:"createdAt"`
	// LastMessage is the newest message by time; LastActivity the newest act
	// that starts the delay anew (messages that may notify).
	LastMessage   MessageID `json:"lastMessage,omitempty"`
	LastMessageAt time.Time `json:"lastMessageAt,omitzero"`
	LastActivity  time.Time `json:"lastActivity"`
	// Count numbers messages in the order they were stored, from 1.
	Count uint64 `json:"count"`
	// Edits counts the times a message was changed or deleted.
	Edits uint64 `json:"edits,omitempty"`
	// ImportedUpTo is the number of the newest imported message.
	ImportedUpTo uint64 `json:"importedUpTo,omitempty"`
	// EventSeq numbers the conversation's events, from 1.
	EventSeq uint64 `json:"eventSeq"`
	// Incarnation is new whenever the conversation is made anew after a delete,
	// so that mails of the former one neither thread nor post into it.
	Incarnation string `json:"incarnation"`
	// Forced: messages numbered up to it are told without waiting.
	Forced uint64 `json:"forced,omitempty"`
	// TestCount is the number of the newest test message; TestForced and TestRan
	// are Forced and Ran for those alone.
	TestCount  uint64 `json:"testCount,omitempty"`
	TestForced uint64 `json:"testForced,omitempty"`
	TestRan    uint64 `json:"testRan,omitempty"`
	// Ran: messages numbered up to it were given free by an external schedule.
	Ran uint64 `json:"ran,omitempty"`
	// Muted: nobody is mailed about the conversation.
	Muted bool `json:"muted,omitempty"`
	// Department, Assignee and HumanTakeover are for support teams: whose
	// conversation it is, who has it, and that a person took it from the bot.
	Department    DepartmentID `json:"department,omitempty"`
	Assignee      UserID       `json:"assignee,omitempty"`
	HumanTakeover bool         `json:"humanTakeover,omitempty"`
	// Handler is the agent who wrote last since the conversation was assigned.
	Handler UserID `json:"handler,omitempty"`
	// HandledCount is the number of the newest message of an agent.
	HandledCount uint64 `json:"handledCount,omitempty"`
	// Deleted marks one that is gone, whose rows are still being removed.
	Deleted bool `json:"deleted,omitempty"`
}

// ActiveAt is what conversations are listed by: the time of the last message,
// else of the creation.
func (c *Conversation) ActiveAt() time.Time {
	if c.LastMessageAt.IsZero() {
		return c.CreatedAt
	}
	return c.LastMessageAt
}

// Access is what a participant may do.
type Access string

// The accesses.
const (
	ReadWrite  Access = "ReadWrite"
	ReadOnly   Access = "Read"
	NoneAccess Access = "None"
)

// Notify says which messages a participant is told about.
type Notify string

// The notify settings; in JSON of the API the first two are true and false.
const (
	NotifyAll      Notify = "true"
	NotifyNone     Notify = "false"
	NotifyMentions Notify = "MentionsOnly"
)

// Participant is one user's place in one conversation.
type Participant struct {
	Conversation ConversationID `json:"conversation"`
	User         UserID         `json:"user"`
	Access       Access         `json:"access"`
	Notify       Notify         `json:"notify"`
	JoinedAt     time.Time      `json:"joinedAt"`
	// NarrowedAt is when Access last lost the right to write.
	NarrowedAt time.Time `json:"narrowedAt,omitzero"`
	// Left marks one who is no participant (any more); the row keeps the handle.
	Left bool `json:"left,omitempty"`
	// Routed marks an agent who is no participant (Left is set too) and was
	// told of the conversation all the same: who answers posts into it.
	Routed bool `json:"routed,omitempty"`
	// LeftCount is the number of the newest message when they left.
	LeftCount uint64 `json:"leftCount,omitempty"`
	// Handle is the live reply handle; zero until one is needed.
	Handle Handle `json:"handle,omitempty"`
	// TestHandle is the live handle of the reply address in test mails, and
	// TestCount is NotifiedCount for test messages.
	TestHandle Handle `json:"testHandle,omitempty"`
	TestCount  uint64 `json:"testCount,omitempty"`
	// ReadCount: messages numbered up to it are read.
	ReadCount uint64 `json:"readCount"`
	// Unread marks a conversation that was marked unread, until it is read.
	Unread bool `json:"unread,omitempty"`
	// Called marks one who is told by single calls only: of the messages For
	// them, and of nothing else that is written here.
	Called bool `json:"called,omitempty"`
	// NotifiedCount: messages numbered up to it were decided about (told or skipped).
	NotifiedCount uint64 `json:"notifiedCount"`
	// NotifiedAt is when the newest of those was created.
	NotifiedAt time.Time `json:"notifiedAt,omitzero"`
	// LastMailAt is when a notification was last queued, and MailedCount the
	// number of the newest message it covered.
	LastMailAt  time.Time `json:"lastMailAt,omitzero"`
	MailedCount uint64    `json:"mailedCount,omitempty"`
	// Owed is the number of the first message that a cap or once_per_absence
	// kept from being told, if any; the next mail shows it.
	Owed uint64 `json:"owed,omitempty"`
	// RepliedAt is when the participant last posted by mail.
	RepliedAt time.Time `json:"repliedAt,omitzero"`
	// Pace is how fast they have answered by mail of late.
	Pace Pace `json:"pace,omitzero"`
}

// Pace is how fast somebody answers by mail in one conversation.
type Pace struct {
	// Since is when the present hour began, in which Replies came.
	Since   time.Time `json:"since"`
	Replies int       `json:"replies"`
	// Quick counts the answers in a row, up to QuickAt, that came sooner after
	// what they answer than people write.
	Quick   int       `json:"quick,omitempty"`
	QuickAt time.Time `json:"quickAt,omitzero"`
}

// MayWrite tells whether the participant's own words are posted.
func (p *Participant) MayWrite() bool { return p.MayRead() && p.Access == ReadWrite }

// MayRead tells whether new messages are shown to the participant.
func (p *Participant) MayRead() bool { return (!p.Left || p.Routed) && p.Access != NoneAccess }

// Department is a part of a support team.
type Department struct {
	ID     DepartmentID `json:"id"`
	Name   string       `json:"name"`
	Agents []UserID     `json:"agents,omitempty"`
}

package gateway

import "time"

// DefaultRole is the role of users who have none, or an undefined one.
const DefaultRole = "default"

// Role is how the users of one role are notified. The zero value of a field
// means its default.
type Role struct {
	// EmailDisabled switches mail off for the role, at once.
	EmailDisabled bool `json:"emailDisabled,omitempty"`
	// DelayFrom says from when the delay counts; empty means DelayFromMessage.
	DelayFrom DelayFrom `json:"delayFrom,omitempty"`
	// Delay is how long is waited before a mail, 0 s to MaxDelay; nil means
	// DefaultDelay, and with an external schedule none.
	Delay *time.Duration `json:"delay,omitempty"`
	// MaxDefer is how long typing and further messages put a mail off at most,
	// 0 s to MaxMaxDefer; nil means DefaultMaxDefer.
	MaxDefer *time.Duration `json:"maxDefer,omitempty"`
	// Context says what a mail shows beside the news; empty means
	// ContextMissed, and with an external schedule ContextWhole.
	Context MailContext `json:"context,omitempty"`
	// MaxShown is how many messages a mail shows at most; 0 means MaxMaxShown.
	MaxShown int `json:"maxShown,omitempty"`
	// Policy says how often somebody is mailed; empty means PolicyGrouped.
	Policy MailPolicy `json:"policy,omitempty"`
	// Schedule says who starts the mails; empty means ScheduleBuiltIn.
	Schedule Schedule `json:"schedule,omitempty"`

	// SenderName stands in From; "{sender_name}" in it becomes who wrote. Empty
	// means "Ann via App".
	SenderName string `json:"senderName,omitempty"`
	// SenderAddress is the local part of From at the mail domain; empty means
	// the installation's.
	SenderAddress string `json:"senderAddress,omitempty"`
	// ReplyDisabled: mails name no reply address, and replies are refused.
	ReplyDisabled bool `json:"replyDisabled,omitempty"`

	// Templates are the role's own by locale. They are stored apart from the
	// app, and only there when they were asked for.
	Templates map[string]Template `json:"-"`
	// ConversationURL is a URL template (see ConversationLink); empty: no link.
	ConversationURL string `json:"conversationUrl,omitempty"`
	// LinkAgentsOnly leaves the link out of mails to others than agents.
	LinkAgentsOnly bool `json:"linkAgentsOnly,omitempty"`
	// UnsubscribeText stands for the words of the unsubscribe link.
	UnsubscribeText string `json:"unsubscribeText,omitempty"`
	// InlineImages shows images within the mail, not as links.
	InlineImages bool `json:"inlineImages,omitempty"`
	// HidePeople leaves out who takes part, which mails about a group end with.
	HidePeople bool `json:"hidePeople,omitempty"`
	// TrackOpens and TrackClicks, SMS and Push are kept for later use.
	TrackOpens  bool `json:"trackOpens,omitempty"`
	TrackClicks bool `json:"trackClicks,omitempty"`
	SMS         bool `json:"sms,omitempty"`
	Push        bool `json:"push,omitempty"`

	// QuietHours are when nobody of the role is mailed; a user's own stand
	// above them.
	QuietHours *QuietHours `json:"quietHours,omitempty"`
	// DailyCap bounds the mails to a person in any 24 hours, ConversationCap
	// those about one conversation; 0 is no bound.
	DailyCap        int `json:"dailyCap,omitempty"`
	ConversationCap int `json:"conversationCap,omitempty"`
	// MinInterval lies at least between two mails to a person about one
	// conversation, 0 s to MaxDelay.
	MinInterval time.Duration `json:"minInterval,omitempty"`
}

// Template is the HTML and the text of a mail in one locale, and its subject;
// an empty one of them means the default.
type Template struct {
	HTML    string `json:"html"`
	Text    string `json:"text"`
	Subject string `json:"subject"`
}

// DelayFrom says from when a delay counts.
type DelayFrom string

// The beginnings of a delay.
const (
	// DelayFromMessage: the last message; the senders' typing puts it off.
	DelayFromMessage DelayFrom = "message"
	// DelayFromOffline: since the recipient is away; for one who has been away
	// that long a fresh message is due at once.
	DelayFromOffline DelayFrom = "offline"
)

// MailContext says what a mail shows.
type MailContext string

// The contexts; all are bounded by Role.MaxShown.
const (
	ContextMissed        MailContext = "missed"          // what the person did not see
	ContextSinceLastMail MailContext = "since_last_mail" // everybody's messages since the last mail
	ContextWhole         MailContext = "whole"           // the conversation
)

// MailPolicy says how often somebody is mailed.
type MailPolicy string

// The policies.
const (
	PolicyGrouped        MailPolicy = "grouped"          // again for new messages
	PolicyOncePerAbsence MailPolicy = "once_per_absence" // one mail per conversation until the person is back, or replies
)

// Schedule says who starts the mails of a role.
type Schedule string

// The schedules.
const (
	ScheduleBuiltIn  Schedule = "built-in"
	ScheduleExternal Schedule = "external" // a call from outside, say by cron
)

// Bounds and defaults of a role.
const (
	DefaultDelay    = 2 * time.Minute
	MaxDelay        = 7 * 24 * time.Hour
	DefaultMaxDefer = 10 * time.Minute
	MaxMaxDefer     = 10 * time.Minute
	MaxMaxShown     = 50
)

// Role returns the settings of a user's role; an unknown or empty one means
// DefaultRole, and without settings the zero Role.
func (a *App) Role(name string) Role {
	if r, ok := a.Roles[name]; ok {
		return r
	}
	return a.Roles[DefaultRole]
}

// RoleName is the name under which Role finds the settings of a user's role.
func (a *App) RoleName(name string) string {
	if _, ok := a.Roles[name]; ok {
		return name
	}
	return DefaultRole
}

// MinDelay is how soon after a message somebody may be due to be told, the
// smallest of all roles that are told by the built-in schedule.
func (a *App) MinDelay() time.Duration {
	least := a.Role(DefaultRole).soonest()
	for _, r := range a.Roles {
		least = min(least, r.soonest())
	}
	return least
}

// External tells whether a role is told by an external schedule.
func (a *App) External() bool {
	for _, r := range a.Roles {
		if r.Schedule == ScheduleExternal {
			return true
		}
	}
	return false
}

// soonest is how soon after a message somebody of the role may be told.
func (r Role) soonest() time.Duration {
	switch {
	case r.Schedule == ScheduleExternal:
		return MaxDelay // not by the queue's time at all
	case r.DelayFrom == DelayFromOffline:
		return 0
	}
	return r.WaitsFor()
}

// WaitsFor is the role's delay, the default one if it sets none.
func (r Role) WaitsFor() time.Duration {
	switch {
	case r.Delay != nil:
		return min(max(*r.Delay, 0), MaxDelay)
	case r.Schedule == ScheduleExternal:
		return 0
	}
	return DefaultDelay
}

// WaitsSet is the delay as it was set, 0 if it was not.
func (r Role) WaitsSet() time.Duration {
	if r.Delay == nil {
		return 0
	}
	return *r.Delay
}

// Defers is how long typing and further messages put a mail off at most.
func (r Role) Defers() time.Duration {
	if r.MaxDefer == nil {
		return DefaultMaxDefer
	}
	return min(max(*r.MaxDefer, 0), MaxMaxDefer)
}

// Shows is how many messages a mail shows at most.
func (r Role) Shows() int {
	if r.MaxShown <= 0 {
		return MaxMaxShown
	}
	return min(r.MaxShown, MaxMaxShown)
}

// ShownContext is what a mail shows.
func (r Role) ShownContext() MailContext {
	switch {
	case r.Context != "":
		return r.Context
	case r.Schedule == ScheduleExternal:
		return ContextWhole
	}
	return ContextMissed
}

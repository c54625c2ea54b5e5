package gateway

// Reason is a code from the one registry of reasons: why no mail was sent, why
// a reply was not posted, why a mail bounced.
type Reason string

// Reasons why somebody was not told by mail.
const (
	ReasonRead         Reason = "read"         // read before the mail was due
	ReasonReturned     Reason = "returned"     // looked at the conversation since
	ReasonOwnMessage   Reason = "own_message"  // nothing but one's own or system messages
	ReasonMuted        Reason = "muted"        // notify is false
	ReasonNoMention    Reason = "no_mention"   // mentions only, and none
	ReasonNoAccess     Reason = "no_access"    // access None, or left
	ReasonNoAddress    Reason = "no_address"   // no usable e-mail address
	ReasonDisabled     Reason = "disabled"     // mail is off for the role
	ReasonUnsubscribed Reason = "unsubscribed" // every address unsubscribed
	ReasonSuppressed   Reason = "suppressed"   // every address bounced or complained
	ReasonBot          Reason = "bot"          // bots get no mail
	ReasonDeleted      Reason = "deleted"      // messages or conversation gone
	ReasonJoinedLater  Reason = "joined_later" // joined after the messages

	ReasonConversationMuted Reason = "conversation_muted" // the conversation is muted
	ReasonOncePerAbsence    Reason = "once_per_absence"   // mailed already since the person went away
	ReasonDailyCap          Reason = "daily_cap"          // as many mails today as the role allows
	ReasonConversationCap   Reason = "conversation_cap"   // … about this conversation
	ReasonBotAnswered       Reason = "bot_answered"       // a bot answered, and nobody took over
	ReasonOtherAgent        Reason = "other_agent"        // another agent handles the conversation
	ReasonOnline            Reason = "online"             // support mails those who are offline only
	ReasonNoAgentReply      Reason = "no_agent_reply"     // support mails users when an agent replied
)

// Reasons why a delivery ended without success.
const (
	ReasonRefused Reason = "refused" // a permanent answer
	ReasonExpired Reason = "expired" // tried until the schedule ended
	// ReasonOperator: taken out of the queue by hand.
	ReasonOperator Reason = "operator"
	// ReasonComplaint: it arrived, and was reported as unwanted.
	ReasonComplaint Reason = "complaint"
)

// Reasons why a reply was not posted, or waits.
const (
	ReasonReadOnly       Reason = "read_only"
	ReasonRemoved        Reason = "removed"         // no participant any more, or conversation gone
	ReasonSenderMismatch Reason = "sender_mismatch" // From is not the participant's
	ReasonUnauthentic    Reason = "unauthenticated" // nothing aligned vouches for From
	ReasonBadFrom        Reason = "bad_from"        // not exactly one author
	ReasonMalformed      Reason = "malformed"       // structure beyond the limits, or bare CR, LF, NUL
	ReasonEmpty          Reason = "empty"           // only a quotation, no attachment
	ReasonTooLarge       Reason = "too_large"
	ReasonLoop           Reason = "loop" // our own mail came back
	ReasonAutomatic      Reason = "automatic"
	ReasonDuplicate      Reason = "duplicate"
	ReasonNoReplyAddress Reason = "no_reply_address" // sent to an address of ours that nobody reads
	ReasonAttachment     Reason = "attachment_refused"
	ReasonEncrypted      Reason = "encrypted"
	ReasonDenied         Reason = "denied"              // by the app's authorise hook
	ReasonReplyOff       Reason = "reply_off"           // replying by mail is off for the role
	ReasonUnconfirmed    Reason = "unconfirmed"         // held, and nobody decided in time
	ReasonDiscarded      Reason = "discarded"           // held, and its writer gave it up
	ReasonStop           Reason = "unsubscribe_request" // says nothing but "stop"
	ReasonUnreadable     Reason = "unreadable"          // reading it broke down again and again
	ReasonRate           Reason = "rate"                // more than a person writes, or faster
	ReasonProgram        Reason = "maybe_automatic"     // from an address or in words that programs use
)

// reasons is the registry: each code with a sentence for people.
var reasons = map[Reason]string{
	ReasonRead:         "The messages were read before the mail was due.",
	ReasonReturned:     "The person came back and looked at the conversation before the mail was due.",
	ReasonOwnMessage:   "There was nothing new from anybody else.",
	ReasonMuted:        "The participant's notify setting is off.",
	ReasonNoMention:    "The participant is told of mentions only, and was not mentioned.",
	ReasonNoAccess:     "The person may not read this conversation.",
	ReasonNoAddress:    "The user has no usable e-mail address.",
	ReasonDisabled:     "Mail is switched off for the user's role.",
	ReasonUnsubscribed: "The address was unsubscribed by its owner.",
	ReasonSuppressed:   "Mail to the address bounced, or was reported as unwanted.",
	ReasonBot:          "The user is a bot.",
	ReasonDeleted:      "The messages or the conversation were deleted.",
	ReasonJoinedLater:  "The person joined after these messages.",

	ReasonConversationMuted: "The conversation is muted: nobody is mailed about it.",
	ReasonOncePerAbsence:    "The person was mailed about this conversation already, and has neither come back nor replied since.",
	ReasonDailyCap:          "The person got as many mails within 24 hours as the role allows.",
	ReasonConversationCap:   "The person got as many mails about this conversation within 24 hours as the role allows.",
	ReasonBotAnswered:       "A bot answered, and no person took the conversation over.",
	ReasonOtherAgent:        "Another agent handles this conversation.",
	ReasonOnline:            "The person was online; in a support conversation only those who are offline are mailed.",
	ReasonNoAgentReply:      "No agent replied; in a support conversation users are mailed only then.",

	ReasonRefused:        "The receiving server refused the mail for good.",
	ReasonExpired:        "The receiving server did not take the mail before the time to try ended.",
	ReasonOperator:       "The operator took the mail out of the queue.",
	ReasonComplaint:      "The recipient reported the mail as unwanted.",
	ReasonReadOnly:       "The person may read this conversation but not write in it.",
	ReasonRemoved:        "The person is no longer in this conversation, or it is gone.",
	ReasonSenderMismatch: "The mail did not come from one of the person's own addresses.",
	ReasonUnauthentic:    "Neither SPF nor DKIM vouches that the mail comes from its author's domain.",
	ReasonBadFrom:        "The mail does not name exactly one author.",
	ReasonMalformed:      "The mail is not well-formed, or more nested than any mail client makes it.",
	ReasonEmpty:          "The mail holds only a quotation, nothing new was written.",
	ReasonTooLarge:       "The mail is larger than the limit.",
	ReasonLoop:           "The mail is one of our own that came back.",
	ReasonAutomatic:      "The mail was written by a program, not by a person.",
	ReasonDuplicate:      "The same mail was posted before.",
	ReasonNoReplyAddress: "The mail was sent to an address that nobody reads, and not to a reply address.",
	ReasonEncrypted:      "The mail is encrypted and cannot be read here.",
	ReasonDenied:         "The chat's backend, asked at that moment, did not allow the person to write there.",
	ReasonReplyOff:       "Replying by mail is switched off for the person's role.",
	ReasonUnconfirmed:    "Nobody confirmed within seven days that the person wrote it.",
	ReasonDiscarded:      "The person was asked, and did not want it posted.",
	ReasonUnreadable:     "The mail could not be read, three times over; it is kept as it came and can only be rejected.",
	ReasonStop:           "The mail only asks to unsubscribe; the page to do so was mailed to the person.",
	ReasonRate:           "More answers came than a person writes, or faster than anybody does; it may be a program that answers every mail.",
	ReasonProgram:        "The mail may have been written by a program: it comes from an address that nobody reads, or asks to confirm that a person wrote to it.",
	ReasonAttachment:     "An attachment is larger than the limit or of a refused type.",
}

// Sentence explains the reason to a person; it is empty for an unknown one.
func (r Reason) Sentence() string { return reasons[r] }

// Known tells whether the reason is in the registry.
func (r Reason) Known() bool { return reasons[r] != "" }

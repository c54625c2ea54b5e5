package message

import (
	"fmt"
	"net/mail"
	"time"

	"github.com/replygate/replygate/gateway"
)

// Message is a received mail, taken apart. Every string is valid UTF-8; those
// of the header and of attachments are on one line without control characters.
type Message struct {
	Header Header
	// MessageID, InReplyTo and References are without angle brackets; empty or
	// nil if the mail has none that can be used.
	MessageID  string
	InReplyTo  []string
	References []string
	// Date is the zero time if the field is missing or unreadable.
	Date    time.Time
	Subject string
	// To and Cc are the mailboxes named there, groups opened, unreadable ones left out.
	To []gateway.Address
	Cc []gateway.Address

	// Text and HTML each hold all that the mail says, with lines ended by LF,
	// or are empty where part of it is missing in that form: a mail of HTML and
	// a plain footer has HTML only. Several texts are joined by an empty line.
	Text string
	HTML string
	// TextFlowed and TextDelSp are format=flowed and delsp=yes of the text
	// (RFC 3676); its lines are still as they came.
	TextFlowed bool
	TextDelSp  bool

	// Attachments are the files of the mail in its order, pasted images too.
	Attachments []Attachment
	// CalendarMethod is the METHOD of an invitation or an answer to one, in
	// capitals (RFC 5546, section 1.4); the calendar itself is an attachment.
	CalendarMethod string
	// ReportType is the report-type of a multipart/report, in lower case (RFC
	// 6522, section 3). The parts of the report are attachments.
	ReportType string
	// Encrypted tells that the words are encrypted, by PGP or S/MIME.
	Encrypted bool
	// Signed tells that they were signed that way. Nothing was verified.
	Signed bool
	Kind   Kind
}

// Kind is what sort of mail it is by its form.
type Kind string

// The kinds.
const (
	KindMail      Kind = "mail"      // words and files
	KindReport    Kind = "report"    // a multipart/report, of whatever type
	KindCalendar  Kind = "calendar"  // an invitation or an answer to one
	KindEncrypted Kind = "encrypted" // nothing can be read
)

// Attachment is a file that came with a mail.
type Attachment struct {
	// Name is harmless: no path, no control or bidirectional characters, no
	// reserved name, at most MaxName octets, never empty.
	Name string
	// Type is the media type in lower case, as the sender named it.
	Type string
	// Data may share memory with the raw mail.
	Data []byte
	// ContentID is without angle brackets.
	ContentID string
	// Inline tells that the file is shown within the text.
	Inline bool
	// Disposition is "inline", "attachment" or empty, as the sender named it.
	Disposition string
}

// Parse scans raw within DefaultLimits and takes it apart. A mail beyond the
// limits gives the gateway.Status of Scan; any other error means that the mail
// could not be read although its structure is sound. Nothing of raw is
// changed, and raw must not change as long as the Message is used.
func Parse(raw []byte) (*Message, error) {
	s, err := Scan(raw, DefaultLimits())
	if err != nil {
		return nil, err
	}
	return s.Parse()
}

// Parse takes the scanned mail apart. It can be called more than once.
func (s Structure) Parse() (m *Message, err error) {
	defer func() {
		if r := recover(); r != nil {
			m, err = nil, fmt.Errorf("parse mail: panic: %v", r)
		}
	}()
	h, err := readHeader(s.entities[0].header)
	if err != nil {
		return nil, err
	}
	m = &Message{Header: h}
	a := assembly{s: s, m: m}
	a.assemble()
	m.Header.fallback = a.charset
	m.readFields()
	m.Kind = m.kind(s.entities[0].media)
	return m, nil
}

func (m *Message) readFields() {
	h := m.Header
	if ids := parseIDs(h.Raw("Message-Id")); len(ids) > 0 {
		m.MessageID = ids[0]
	}
	m.InReplyTo = parseIDs(h.Raw("In-Reply-To"))
	m.References = parseIDs(h.Raw("References"))
	m.Subject = h.Get("Subject")
	m.To = parseAddresses(h.Raw("To"))
	m.Cc = parseAddresses(h.Raw("Cc"))
	if t, err := mail.ParseDate(h.Get("Date")); err == nil {
		m.Date = t
	}
}

func (m *Message) kind(root media) Kind {
	switch {
	case m.Encrypted:
		return KindEncrypted
	case root.word == "multipart/report" || m.ReportType != "":
		return KindReport
	case m.CalendarMethod != "":
		return KindCalendar
	}
	return KindMail
}

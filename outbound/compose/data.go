package compose

import (
	"cmp"
	htmltemplate "html/template"
	"time"
)

// data is everything a template can show. Its fields are plain values: there is
// nothing to call, but for the functions of function.go.
type data struct {
	App          string
	Subject      string
	Locale       string // of the words: "de", "zh-hant"
	Dir          string // "ltr" or "rtl"
	Recipient    person
	Sender       person   // who wrote the newest message told of
	Senders      []person // all who wrote what is told of, each once
	Conversation conversationData
	Messages     []messageData // oldest first, with the recipient's own and the system's
	Earlier      int           // how many are not shown
	MayReply     bool
	// What the default mail says, in the recipient's language.
	Words           map[string]string
	UnsubscribeURL  string
	UnsubscribeText string
}

type person struct {
	ID, Name string
	Photo    string // the neutral one for people who have none
	Initial  string // the first letter of the name
	Color    string // of a field behind the letter
	Custom   map[string]string
}

type conversationData struct {
	ID, Subject string
	URL         string // empty: no link is to be shown
	Custom      map[string]string
}

type messageData struct {
	ID          string
	Sender      person
	Text        string            // as the text part shows it
	HTML        htmltemplate.HTML // the same, safe, with <br>
	Plain       string            // in one line, without markup
	Dir         string
	Time        string // in the recipient's time zone and the language's form
	At          moment
	Own, System bool
	Context     bool // no news
	Shortened   bool // Text and HTML are not all
	Quote       *quote
	File        *file
	Location    *place
	Custom      map[string]string
}

// moment hides the methods of a time; the function date shows it.
type moment struct{ at time.Time }

// String is RFC 3339, section 5.6.
func (m moment) String() string { return m.at.Format(time.RFC3339) }

func newData(n *Notification, v *view) *data {
	d := &data{
		App: v.App, Subject: v.Subject, Locale: v.Lang, Dir: v.Dir,
		Recipient:    newPerson(n, n.RecipientID, cleanLine(n.RecipientName, maxName), "", n.RecipientCustom),
		Conversation: conversationData{ID: cleanLine(n.ConversationID, maxSubject), Subject: v.Subject, URL: v.ConversationURL, Custom: n.ConversationCustom},
		Earlier:      max(0, n.Earlier) + v.omitted, MayReply: n.canReply(),
		UnsubscribeURL: v.UnsubscribeURL, UnsubscribeText: v.UnsubscribeText,
	}
	d.Words = map[string]string{
		"open": v.Words.Open, "notice": v.Notice, "forward": v.Forward, "why": v.Why, "people": v.People, "earlier": v.Earlier,
		"shortened": v.Words.Shortened, "colon": v.Words.Colon,
	}
	d.Sender = newPerson(n, "", v.Words.Someone, "", nil)
	for _, s := range v.shown {
		d.add(n, v, s)
	}
	return d
}

func (d *data) add(n *Notification, v *view, s shown) {
	m, e, g := s.message, s.entry, s.group
	p := newPerson(n, m.SenderID, g.Name, g.Photo, nil)
	d.Messages = append(d.Messages, messageData{
		ID: m.ID, Sender: p, Text: e.Text, HTML: e.HTML, Plain: e.Plain, Dir: e.Dir,
		Time: v.time(m.At), At: moment{m.At}, Own: m.Own, System: m.System, Context: m.Context, Shortened: e.Shortened,
		Quote: e.Quote, File: e.File, Location: e.Location, Custom: m.Custom,
	})
	if m.Own || m.System || m.Context {
		return
	}
	d.Sender = p
	for _, known := range d.Senders {
		if known.ID == p.ID && known.Name == p.Name {
			return
		}
	}
	d.Senders = append(d.Senders, p)
}

func newPerson(n *Notification, id, name, photo string, custom map[string]string) person {
	return person{
		ID: cleanLine(id, maxSubject), Name: name, Photo: cmp.Or(photo, webURL(n.NeutralPhoto)),
		Initial: initial(name), Color: color(name), Custom: custom,
	}
}

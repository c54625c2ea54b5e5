package compose

import (
	"cmp"
	"fmt"
	htmltemplate "html/template"
	"strconv"
	"strings"
	"time"
)

// view is what the templates see: everything cleaned, worded and cut to size.
type view struct {
	Words     *words
	Lang, Dir string
	Align     string // the side where lines begin, of foreign texts too
	Subject   string
	App       string
	Preheader string // what a list of mails shows behind the subject
	Earlier   string // how many are not shown; "" if none
	Groups    []*group
	Notice    string // whether replying works
	Forward   string // "" where nobody can reply
	Why       string
	People    string // who takes part; "" if that is not said

	ConversationURL string
	UnsubscribeURL  string
	UnsubscribeText string

	linkImages bool
	ownSubject bool // a template makes the subject
	omitted    int
	shown      []shown // what Groups hold, message by message
}

// shown is a message that had room.
type shown struct {
	message *Message
	entry   *entry
	group   *group
}

// group is what one person said without another speaking in between.
type group struct {
	Name    string
	Photo   string
	Initial string
	Color   string // of the initial's field
	Time    string
	System  bool
	Own     bool
	Soft    bool // no news
	Entries []*entry
}

// entry is one message.
type entry struct {
	Text      string            // for the text part: with its markup, wrapped
	HTML      htmltemplate.HTML // the same for the HTML part
	Plain     string            // in one line, without markup
	Dir       string
	Quote     *quote
	File      *file
	Location  *place
	Shortened bool
}

type quote struct {
	Name, Text, Dir string
	Lines           string // as the text part shows it
}

type file struct {
	Label, Name, URL, Size string
	Image                  string // its URL, if it is to be shown
	Sticker                bool
}

type place struct{ Text, URL string }

// groupGap is how much later a message of the same sender shows its time anew.
const groupGap = 10 * time.Minute

func newView(n *Notification) *view {
	w, lang, dir := language(n.Locale)
	app := cleanLine(n.Via, maxName)
	if app == "" {
		app = n.From.Domain
	}
	v := &view{
		Words: w, Lang: lang, Dir: dir, Align: "left", App: app,
		Subject:         cleanLine(n.Subject, maxSubject),
		Notice:          n.notice(w),
		Why:             fmt.Sprintf(w.Why, app),
		ConversationURL: n.ConversationURL,
		UnsubscribeURL:  n.UnsubscribeURL,
		UnsubscribeText: cmp.Or(cleanLine(n.UnsubscribeText, maxSubject), w.Unsubscribe),
		linkImages:      n.LinkImages,
		ownSubject:      strings.TrimSpace(n.Template.Subject) != "",
	}
	if dir == "rtl" {
		v.Align = "right"
	}
	if v.Subject == "" {
		v.Subject = fmt.Sprintf(w.Conversation, app)
	}
	if n.canReply() {
		v.Forward = w.Forward
	}
	v.People = n.people(w)
	v.show(n)
	return v
}

// people says who takes part: some of the others, the recipient last.
func (n *Notification) people(w *words) string {
	const shown = 6
	var names []string
	for _, name := range n.People[:min(shown, len(n.People))] {
		names = append(names, cmp.Or(cleanLine(name, maxName), w.Someone))
	}
	if names == nil {
		return ""
	}
	who := strings.Join(append(names, w.You), ", ")
	if more := n.MorePeople + len(n.People) - len(names); more > 0 {
		who += " +" + strconv.Itoa(more)
	}
	return fmt.Sprintf(w.People, who)
}

func (n *Notification) notice(w *words) string {
	switch {
	case !n.MayReply:
		return w.ReadOnly
	case n.canReply():
		return w.Reply
	}
	return w.NoReply
}

// fromName is "Ann via App", "Ann, Ben +3 via App", or what was given.
func (n *Notification) fromName(w *words) string {
	if name := cleanLine(n.FromName, maxName); name != "" {
		return name
	}
	var names []string
	for _, s := range n.SenderNames {
		if s = cleanLine(s, maxName/2); s != "" {
			names = append(names, s)
		}
	}
	app := cleanLine(n.Via, maxName/2)
	const shown = 2
	who := strings.Join(names[:min(shown, len(names))], ", ")
	if len(names) > shown {
		who += " +" + strconv.Itoa(len(names)-shown)
	}
	switch {
	case who == "":
		return app
	case app == "":
		return who
	}
	return fmt.Sprintf(w.Via, who, app)
}

// show takes as many messages as there is room for, the newest first, and puts
// them into groups.
func (v *view) show(n *Notification) {
	entries := make([]entry, len(n.Messages))
	room, first := v.room(), len(n.Messages)
	for first > 0 {
		e, cost := v.entry(&n.Messages[first-1])
		if first == len(n.Messages) || !continues(&n.Messages[first-1], &n.Messages[first]) {
			cost += headingCost(&n.Messages[first-1])
		}
		if cost > room {
			break
		}
		first--
		entries[first] = e
		room -= cost
	}
	v.omitted = first
	if earlier := max(0, n.Earlier) + first; earlier > 0 {
		v.Earlier = fmt.Sprintf(v.Words.Earlier, earlier)
	}
	for i := first; i < len(entries); i++ {
		v.add(&n.Messages[i], i > first && continues(&n.Messages[i-1], &n.Messages[i]), &entries[i])
	}
	v.Preheader = v.preheader()
}

// continues tells whether b needs no heading of its own after a.
func continues(a, b *Message) bool {
	return a.SenderName == b.SenderName && a.SenderPhoto == b.SenderPhoto && a.Own == b.Own && a.System == b.System && a.Context == b.Context &&
		b.At.Sub(a.At) < groupGap
}

func (v *view) add(m *Message, continues bool, e *entry) {
	if !continues {
		v.Groups = append(v.Groups, v.group(m))
	}
	g := v.Groups[len(v.Groups)-1]
	g.Entries = append(g.Entries, e)
	v.shown = append(v.shown, shown{m, e, g})
}

func (v *view) group(m *Message) *group {
	g := &group{Name: cleanLine(m.SenderName, maxName), System: m.System, Own: m.Own, Soft: m.Own || m.Context, Photo: pictureURL(m.SenderPhoto)}
	switch {
	case m.Own:
		g.Name = v.Words.You
	case g.Name == "":
		g.Name = v.Words.Someone
	}
	g.Initial, g.Color, g.Time = initial(g.Name), color(g.Name), v.time(m.At)
	if m.Own {
		g.Color = ownColor
	}
	return g
}

// time is a time as the language writes it, "" if it is not known.
func (v *view) time(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(v.Words.Time)
}

// preheader is the beginning of the newest message that is news.
func (v *view) preheader() string {
	for i := len(v.shown) - 1; i >= 0; i-- {
		g, e := v.shown[i].group, v.shown[i].entry
		if !g.Soft && !g.System {
			return cut(g.Name+v.Words.Colon+e.gist(v.Words), 110)
		}
	}
	return ""
}

// gist is a message in a line.
func (e *entry) gist(w *words) string {
	switch {
	case e.Plain != "":
		return e.Plain
	case e.File != nil:
		return e.File.Label + w.Colon + e.File.Name
	case e.Location != nil:
		return w.Location
	}
	return ""
}

package outbound

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/outbound/compose"
)

// maxPrevious is how many earlier mails a mail names in References.
const maxPrevious = 10

// errNothingLeft says that all a mail was to tell of was deleted since it was
// decided; the conversation is looked at anew.
var errNothingLeft = errors.New("what was to be told is deleted")

// load reads what the mail shows: who wrote, what they wrote, as it stands now,
// and which mails to this person came before, the newest first.
func (l *letter) load(ctx context.Context) (names []string, messages []compose.Message, previous []gateway.Sent, err error) {
	err = l.Store.View(ctx, func(rd store.Reader) error {
		r := reader{letter: l, rd: rd, users: map[gateway.UserID]gateway.User{}}
		if err := r.messages(); err != nil {
			return err
		}
		names, messages = r.names, r.shown
		previous, err = l.previous(rd)
		return err
	})
	return names, messages, previous, err
}

// previous are the earlier mails to this person in this incarnation of the
// conversation; two addresses of one person got the same, so a mail to one
// names those to both.
func (l *letter) previous(rd store.Reader) (out []gateway.Sent, err error) {
	rg := store.Range{
		Prefix:  store.ConversationKey(l.pending.App.ID, l.pending.Conversation.ID).String(string(l.in.Participant.User)),
		Reverse: true,
	}
	if !l.queued.IsZero() {
		rg.To = rg.Prefix.Time(l.queued)
	}
	err = store.SentMails.Scan(rd, rg, func(_ store.Key, s gateway.Sent) (bool, error) {
		if s.Test == l.decision.Test {
			out = append(out, s)
		}
		return len(out) < maxPrevious, nil
	})
	return out, err
}

// dress sets what the recipient's role says of the mail's looks: template, link,
// pictures, and what templates can show of recipient and conversation.
func (l *letter) dress(ctx context.Context, n *compose.Notification) error {
	app, conv, user := &l.pending.App, &l.pending.Conversation, &l.in.User
	role := app.Role(user.Role)
	n.RecipientID, n.RecipientCustom = string(user.ID), user.Custom
	n.ConversationID, n.ConversationCustom = string(conv.ID), conv.Custom
	n.LinkImages, n.UnsubscribeText = !role.InlineImages, role.UnsubscribeText
	n.NeutralPhoto = l.PublicURL + NeutralPhotoPath
	if !role.LinkAgentsOnly || user.Kind == gateway.KindAgent {
		if link := gateway.ConversationLink(role.ConversationURL, user, conv); compose.ValidLink(link) {
			n.ConversationURL = link
		}
	}
	err := l.Store.View(ctx, func(rd store.Reader) (err error) {
		if n.Template, err = template(rd, app, user); err != nil || role.HidePeople || l.in.Participant.Left {
			return err
		}
		all, err := l.everybody(rd)
		if err == nil {
			n.People, n.MorePeople = all.others(user.ID)
		}
		return err
	})
	if n.InReplyTo != "" { // the subject stays what the first mail's was
		n.Template.Subject = ""
	}
	return err
}

// NeutralPhotoPath leads, below the public URL, to the picture that templates
// show of people who have none.
const NeutralPhotoPath = "/person.png"

// template is the role's template in the recipient's language, else in the
// app's, else the one for all languages; it is empty if there is none.
func template(rd store.Reader, app *gateway.App, u *gateway.User) (compose.Template, error) {
	key := store.AppKey(app.ID).String(app.RoleName(u.Role))
	for _, tag := range compose.LocaleChain(u.Locale, app.DefaultLocale) {
		t, found, err := store.Templates.Find(rd, key.String(tag))
		if err != nil || found {
			return compose.Template(t), err
		}
	}
	return compose.Template{}, nil
}

// subject stays what it was in the first mail, so that clients show one thread.
func subject(c gateway.Conversation, previous []gateway.Sent) string {
	if len(previous) > 0 {
		return previous[0].Subject
	}
	if c.Subject != nil {
		return *c.Subject
	}
	return ""
}

func via(a *gateway.App) string { return cmp.Or(a.Sender.Name, a.Name, string(a.ID)) }

func locale(a *gateway.App, u *gateway.User) string { return cmp.Or(u.Locale, a.DefaultLocale, "en") }

func zone(u *gateway.User) *time.Location {
	if z, err := time.LoadLocation(u.TimeZone); err == nil {
		return z
	}
	return time.UTC
}

// listID is one per app (RFC 2919): app ids may hold anything, so a hash of one
// that is no DNS label stands for it.
func listID(app gateway.AppID, domain string) string {
	label := strings.ToLower(string(app))
	if d, err := gateway.ParseDomain(label); err != nil || d != label || strings.Contains(label, ".") {
		sum := sha256.Sum256([]byte(app))
		label = "app-" + hex.EncodeToString(sum[:6])
	}
	return label + "." + domain
}

package outbound

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
	"github.com/replygate/replygate/outbound/compose"
)

// maxPrevious is how many earlier mails a mail names in References.
const maxPrevious = 10

// load reads what the mail shows: who wrote, what they wrote, and which mails
// to this person came before, the newest first.
func (l *letter) load(ctx context.Context) (names []string, messages []compose.Message, previous []gateway.Sent, err error) {
	err = l.Store.View(ctx, func(rd store.Reader) error {
		names, messages, previous = nil, nil, nil
		for _, m := range l.decision.Messages {
			u, err := chat.LoadUser(rd, l.pending.App.ID, m.Sender)
			if err != nil {
				return err
			}
			if name := cmp.Or(u.Name, string(u.ID)); m.Sender != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
			messages = append(messages, l.shown(m, &u))
		}
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
	err = store.SentMails.Scan(rd, rg, func(_ store.Key, s gateway.Sent) (bool, error) {
		out = append(out, s)
		return len(out) < maxPrevious, nil
	})
	return out, err
}

func (l *letter) shown(m gateway.Message, u *gateway.User) compose.Message {
	out := compose.Message{
		SenderName: cmp.Or(u.Name, string(u.ID)), Text: m.Text, At: m.CreatedAt.In(zone(&l.in.User)),
		System: m.Type == gateway.SystemMessage, Own: m.Sender == l.in.User.ID, Location: m.Location,
	}
	if u.PhotoURL != nil && strings.HasPrefix(*u.PhotoURL, "https://") {
		out.SenderPhoto = *u.PhotoURL
	}
	if m.Attachment != nil {
		a := wire.AttachmentOf(*m.Attachment, l.Chat.Links)
		out.Attachment = &compose.File{Name: a.Name, URL: a.URL, Size: a.Size, Image: strings.HasPrefix(m.Attachment.Type, "image/")}
	}
	return out
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

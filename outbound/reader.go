package outbound

import (
	"cmp"
	"errors"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
	"github.com/replygate/replygate/outbound/compose"
)

// maxMentioned is of how many mentioned users a message's names are looked up.
const maxMentioned = 20

// reader turns stored messages into shown ones, within one view.
type reader struct {
	*letter
	rd    store.Reader
	users map[gateway.UserID]gateway.User
	names []string
	shown []compose.Message
}

// messages reads every message again: it may have been edited or deleted since
// the decision.
func (r *reader) messages() error {
	app, conv, told := r.pending.App.ID, r.pending.Conversation.ID, false
	for _, m := range r.decision.Messages {
		m, found, err := store.Messages.Find(r.rd, store.MessageKey(app, conv, m.CreatedAt, m.Number))
		if err != nil {
			return err
		}
		if !found || !r.mayShow(&m) {
			continue
		}
		s, err := r.message(&m)
		if err != nil {
			return err
		}
		s.Context = !r.isNews(m.ID)
		r.shown = append(r.shown, s)
		if s.System || s.Own || s.Context {
			continue
		}
		if told = true; !slices.Contains(r.names, s.SenderName) {
			r.names = append(r.names, s.SenderName)
		}
	}
	if !told {
		return errNothingLeft
	}
	return nil
}

// mayShow tells whether the mail may show a message: what test keys posted is in
// no mail that leaves.
func (r *reader) mayShow(m *gateway.Message) bool { return !m.Test || r.decision.Test }

// isNews tells whether a message is what the mail is about; without any, all are.
func (r *reader) isNews(id gateway.MessageID) bool {
	return len(r.decision.News) == 0 || slices.ContainsFunc(r.decision.News, func(m gateway.Message) bool { return m.ID == id })
}

func (r *reader) user(id gateway.UserID) (gateway.User, error) {
	if u, ok := r.users[id]; ok {
		return u, nil
	}
	u, err := chat.LoadUser(r.rd, r.pending.App.ID, id)
	r.users[id] = u
	return u, err
}

func (r *reader) message(m *gateway.Message) (out compose.Message, err error) {
	out = compose.Message{
		ID: string(m.ID), SenderID: string(m.Sender), Text: m.Text, At: m.CreatedAt.In(zone(&r.in.User)),
		System: m.Type == gateway.SystemMessage, Own: m.Sender != "" && m.Sender == r.in.User.ID, Location: m.Location, Custom: m.Custom,
	}
	if m.Sender != "" {
		u, err := r.user(m.Sender)
		if err != nil {
			return out, err
		}
		out.SenderName, out.SenderPhoto = cmp.Or(u.Name, string(u.ID)), photo(&u)
	}
	if m.Attachment != nil {
		out.Attachment = r.file(m)
	}
	if out.Names, err = r.mentioned(m.Text); err != nil {
		return out, err
	}
	out.Quote, err = r.quote(m.ReferencedMessage)
	return out, err
}

func photo(u *gateway.User) string {
	if u.PhotoURL != nil && strings.HasPrefix(*u.PhotoURL, "https://") {
		return *u.PhotoURL
	}
	return ""
}

func (r *reader) file(m *gateway.Message) *compose.File {
	a := wire.AttachmentOf(*m.Attachment, r.Chat.Links)
	image := isImage(m.Attachment)
	return &compose.File{Name: a.Name, URL: a.URL, Size: a.Size, Image: image, Sticker: image && m.Custom["kind"] == "sticker"}
}

// isImage tells whether mail clients show the file: by its type if we know it,
// else by the ending of its name or address.
func isImage(a *gateway.Attachment) bool {
	if a.Type != "" {
		return slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp"}, a.Type)
	}
	name := strings.ToLower(path.Ext(a.Name))
	if u, err := url.Parse(a.URL); err == nil && name == "" {
		name = strings.ToLower(path.Ext(u.Path))
	}
	return slices.Contains([]string{".png", ".jpg", ".jpeg", ".gif", ".webp"}, name)
}

// mentioned are the names of those a text mentions by their id alone.
func (r *reader) mentioned(text string) (map[string]string, error) {
	var names map[string]string
	ids := gateway.Mentions(text)
	for _, id := range ids[:min(len(ids), maxMentioned)] {
		u, err := r.user(id)
		if err != nil {
			return nil, err
		}
		if names == nil {
			names = map[string]string{}
		}
		names[string(id)] = cmp.Or(u.Name, string(id))
	}
	return names, nil
}

// quote is the message that another answers; one that was deleted is not shown.
func (r *reader) quote(id gateway.MessageID) (*compose.Quote, error) {
	if id == "" {
		return nil, nil
	}
	m, err := store.FindMessage(r.rd, r.pending.App.ID, r.pending.Conversation.ID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil || !r.mayShow(&m) {
		return nil, err
	}
	out := &compose.Quote{Text: m.Text, Own: m.Sender == r.in.User.ID}
	if m.Attachment != nil {
		out.File = m.Attachment.Name
	}
	if out.Names, err = r.mentioned(m.Text); err != nil {
		return nil, err
	}
	u, err := r.user(m.Sender)
	out.SenderName = cmp.Or(u.Name, string(u.ID))
	return out, err
}

package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/mailbox"
)

// MailReader takes a mail apart.
type MailReader interface {
	ReadMail(raw []byte) (ReadMail, error)
}

// ReadMail is what a mail says, to a person and to a mail client.
type ReadMail struct {
	From      string   `json:"from"` // with the name, as clients show it
	To        []string `json:"to"`
	ReplyTo   *string  `json:"replyTo"` // where an answer goes: a secret address
	Subject   string   `json:"subject"`
	MessageID string   `json:"messageId"` // without angle brackets
	InReplyTo *string  `json:"inReplyTo"`
	Text      string   `json:"text"`
	HTML      string   `json:"html"`
	// Links are the addresses that the mail leads to, in its order, each once.
	Links []string `json:"links"`
	// Headers are the fields by name in lower case, in the mail's order, decoded.
	Headers     map[string][]string `json:"headers"`
	Attachments []ParsedAttachment  `json:"attachments"`
}

// ShownMail is a mail in the built-in mailbox.
type ShownMail struct {
	ID        gateway.DeliveryID `json:"id"` // that of its delivery
	AppID     gateway.AppID      `json:"appId"`
	CreatedAt int64              `json:"createdAt"`
	Test      bool               `json:"test"` // a test key caused it
	// NotificationID is null for a notice, the others for what has none.
	NotificationID *gateway.NotificationID `json:"notificationId"`
	ConversationID *gateway.ConversationID `json:"conversationId"`
	RecipientID    *gateway.UserID         `json:"recipientId"`
	Envelope       ShownEnvelope           `json:"envelope"`
	Size           int64                   `json:"size"`
	ReadMail
}

// ShownEnvelope is whom the next hop would have been told.
type ShownEnvelope struct {
	From string `json:"from"` // empty: the null path
	To   string `json:"to"`
}

// Mailbox shows the built-in mailbox.
type Mailbox struct {
	Mails  mailbox.Service
	Reader MailReader
}

// List is the mails of an app, the newest first.
func (m Mailbox) List(ctx context.Context, app gateway.AppID, q mailbox.Query) ([]ShownMail, error) {
	mails, err := m.Mails.List(ctx, app, q)
	out := []ShownMail{}
	for _, one := range mails {
		shown, err := m.show(app, one)
		if err != nil {
			return nil, err
		}
		out = append(out, shown)
	}
	return out, err
}

// Mail is one mail of an app, or gateway.NotFound.
func (m Mailbox) Mail(ctx context.Context, app gateway.AppID, id gateway.DeliveryID) (ShownMail, error) {
	one, err := m.Mails.Mail(ctx, app, id)
	if err != nil {
		return ShownMail{}, err
	}
	return m.show(app, one)
}

func (m Mailbox) show(app gateway.AppID, one mailbox.Mail) (ShownMail, error) {
	read, err := m.Reader.ReadMail(one.Raw)
	if err != nil {
		return ShownMail{}, fmt.Errorf("read mail %s: %w", one.Delivery, err)
	}
	return ShownMail{
		ID: one.Delivery, AppID: app, CreatedAt: one.At.UnixMilli(), Test: one.Test,
		NotificationID: orAbsent(one.Notification), ConversationID: orAbsent(one.Conversation), RecipientID: orAbsent(one.Recipient),
		Envelope: ShownEnvelope{From: strings.Trim(one.From.String(), "<>"), To: one.To.String()}, Size: one.Size, ReadMail: read,
	}, nil
}

// orAbsent is null for what is empty.
func orAbsent[T comparable](v T) *T {
	var none T
	if v == none {
		return nil
	}
	return &v
}

// mailRoutes are the routes of the mailbox below a path.
func mailRoutes() []route {
	return []route{
		on(http.MethodGet, "mails", listMails),
		on(http.MethodDelete, "mails", emptyMailbox),
		on(http.MethodGet, "mails/*", getMail),
		on(http.MethodGet, "mails/*/raw", rawMail),
	}
}

// listMails lists what is in the mailbox, or waits until something is.
func listMails(c *call, _ []string) (any, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	q := mailbox.Query{Limit: limit, Before: gateway.DeliveryID(c.param("startingAfter"))}
	if to := c.param("to"); to != "" {
		if q.To, err = gateway.ParseAddress(to); err != nil {
			return nil, gateway.Wrong("to", "to is the address that the mails went to: %q %v.", to, err)
		}
	}
	wait, err := c.wait()
	if err != nil {
		return nil, err
	}
	if wait > 0 && c.method != http.MethodHead {
		return &mailPoll{c, q, wait}, nil
	}
	mails, err := c.Mailbox.List(c.ctx, c.app.ID, q)
	return list{mails}, err
}

func getMail(c *call, ids []string) (any, error) {
	return c.Mailbox.Mail(c.ctx, c.app.ID, gateway.DeliveryID(ids[0]))
}

// rawMail answers with the mail as it would have been sent.
func rawMail(c *call, ids []string) (any, error) {
	m, err := c.Mailbox.Mails.Mail(c.ctx, c.app.ID, gateway.DeliveryID(ids[0]))
	return struct {
		Raw string `json:"raw"`
	}{string(m.Raw)}, err
}

func emptyMailbox(c *call, _ []string) (any, error) {
	n, err := c.Mailbox.Mails.Empty(c.ctx, c.app.ID)
	return struct {
		Deleted int `json:"deleted"`
	}{n}, err
}

// mailPoll answers when there is a mail, or with none when its time is over.
type mailPoll struct {
	*call
	query mailbox.Query
	wait  time.Duration
}

func (p *mailPoll) stream(w http.ResponseWriter) {
	if !p.admit(w) {
		return
	}
	defer p.waiting.leave(p.app.ID)
	mails, err := p.next()
	if err != nil {
		f := failureOf(err)
		write(w, f.status, f.problem)
		return
	}
	write(w, http.StatusOK, list{mails})
}

func (p *mailPoll) next() ([]ShownMail, error) {
	limit := time.NewTimer(p.wait)
	defer limit.Stop()
	for {
		heard := p.Store.Listen(mailbox.Topic(p.app.ID)) // before reading, so that nothing is missed
		mails, err := p.Mailbox.List(p.ctx, p.app.ID, p.query)
		if err != nil || len(mails) > 0 {
			return mails, err
		}
		select {
		case <-heard:
		case <-limit.C:
			return mails, nil
		case <-p.Stopping:
			return mails, nil // the client asks again, somewhere
		case <-p.ctx.Done():
			return nil, p.ctx.Err()
		}
	}
}

// OpenMailbox serves the mailbox of one app to whoever reaches it: below /mails,
// and the mail itself as message/rfc822 at its raw.
func (s *Server) OpenMailbox(app gateway.AppID) http.Handler {
	table := mailRoutes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, ok := segments(r.URL.EscapedPath())
		h, ids, _ := find(table, r.Method, path)
		c := &call{Server: s, ctx: r.Context(), method: r.Method, query: r.URL.Query(), head: r.Header, path: path, app: gateway.App{ID: app}}
		status, body := s.guard(r.Method, func() string { return "mailbox" }, func() (any, error) {
			if h == nil || !ok {
				return nil, fail(http.StatusNotFound, "NOT_FOUND", "path", "There is no such route.")
			}
			if len(path) == 3 { // raw
				return c.rawBody(ids[0])
			}
			return h(c, ids)
		})
		if long, is := body.(streamed); is {
			long.stream(w)
			return
		}
		write(w, status, body)
	})
}

// rawBody is the mail itself.
func (c *call) rawBody(id string) (any, error) {
	m, err := c.Mailbox.Mails.Mail(c.ctx, c.app.ID, gateway.DeliveryID(id))
	return mailBody(m.Raw), err
}

// mailBody is a mail as an answer.
type mailBody []byte

func (b mailBody) stream(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "message/rfc822")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(b)
}

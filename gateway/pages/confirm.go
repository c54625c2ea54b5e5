package pages

import (
	"context"
	"errors"
	"net/http"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
)

// What the buttons of the page about a held reply send in the field "do".
const (
	doPost    = "post"
	doDiscard = "discard"
)

// confirm serves the page on which somebody says whether they wrote a reply that
// is held, and acts on POST.
func (p *Pages) confirm(w http.ResponseWriter, r *http.Request) {
	post := r.Method == http.MethodPost
	if p.allow(w, r, "GET, HEAD, POST, OPTIONS", post || r.Method == http.MethodGet || r.Method == http.MethodHead) {
		return
	}
	row, app, err := p.handle(r, token.Confirm)
	var held gateway.Reply
	var waits bool
	if err == nil {
		held, waits, err = p.Chat.Held(r.Context(), row.App, row.Reply)
	}
	switch {
	case err != nil:
		p.fail(w, r, unknown(err))
	case !waits:
		p.look.write(w, r, http.StatusOK, p.of(r, row, app).decided(held, app))
	case post:
		p.decide(w, r, row, held, app)
	default:
		p.look.write(w, r, http.StatusOK, p.of(r, row, app).waiting(held, app))
	}
}

// unknown turns what does not exist (any more) into a link that leads nowhere.
func unknown(err error) error {
	var missing gateway.NotFound
	if errors.As(err, &missing) {
		return errNoLink
	}
	return err
}

// decide does what the POST asks for. Who decides twice is told what became of it.
func (p *Pages) decide(w http.ResponseWriter, r *http.Request, row store.HandleRow, held gateway.Reply, app gateway.App) {
	t := p.of(r, row, app)
	form, err := readForm(w, r)
	do := form.Get("do")
	if err != nil || do != doPost && do != doDiscard {
		v := t.waiting(held, app)
		v.Text = append([]string{t.Unclear}, v.Text...)
		p.look.write(w, r, http.StatusBadRequest, v)
		return
	}
	done := held
	if do == doDiscard {
		done, err = p.Chat.Discard(r.Context(), row.App, row.Reply)
	} else {
		if err = p.permitted(r.Context(), app, held); err == nil {
			done, err = p.post(r, held, row, form.Get("alias") != "")
		}
	}
	var refused gateway.Status
	switch {
	case errors.Is(err, chat.ErrSettled):
		done, _, err = p.Chat.Held(r.Context(), row.App, row.Reply)
	case errors.As(err, &refused) && refused.Permanent():
		p.look.write(w, r, http.StatusConflict, t.view(t.CannotPost, refused.Text+"."))
		return
	case errors.As(err, &refused):
		p.look.write(w, r, http.StatusServiceUnavailable, t.view(t.NotNow, refused.Text+"."))
		return
	}
	if err != nil {
		p.fail(w, r, unknown(err))
		return
	}
	p.log(r).Info("held reply decided", "app", string(row.App), "reply", string(row.Reply), "do", do)
	p.look.write(w, r, http.StatusOK, t.decided(done, app))
}

// permitted asks the app's hook, if it has one, as it would have been asked had the
// reply not been held.
func (p *Pages) permitted(ctx context.Context, app gateway.App, held gateway.Reply) error {
	switch {
	case app.Authorise == nil:
		return nil
	case p.Asker == nil:
		return chat.StatusUnasked
	}
	may, err := p.Asker.Ask(ctx, app, gateway.Question{
		Conversation: held.Conversation, User: held.Participant, From: held.From, Verified: held.Verdicts.Aligned(), MessageID: held.MessageID,
	})
	switch {
	case err != nil && !app.Authorise.Accept:
		return chat.StatusUnasked
	case err == nil && !may.Allowed:
		return chat.StatusDenied(may.Words)
	}
	return nil
}

// post posts the reply, and before that adds its sender's address to those of
// the user if that is wanted, and was why it is held.
func (p *Pages) post(r *http.Request, held gateway.Reply, row store.HandleRow, alias bool) (gateway.Reply, error) {
	if alias && isAlias(held) {
		if err := p.Chat.AddAddress(r.Context(), row.App, held.Participant, held.From); err != nil {
			return held, err
		}
	}
	return p.Chat.Approve(r.Context(), row.App, row.Reply)
}

// isAlias tells whether a reply is held because it came from an address that is
// not known to be the participant's.
func isAlias(r gateway.Reply) bool {
	return r.Reason == gateway.ReasonSenderMismatch && !r.From.IsZero()
}

func (t tongue) waiting(r gateway.Reply, app gateway.App) view {
	v := t.view(t.Wrote, t.say(t.Came, app, r.From.String()))
	v.Do, v.Button, v.OtherDo, v.Other = doPost, t.Post, doDiscard, t.Discard
	if r.Content != nil {
		v.Quote = r.Content.Text
	}
	for _, a := range r.Attachments {
		v.Files = append(v.Files, a.Name)
	}
	if isAlias(r) {
		v.Check = t.say(t.Mine, app, r.From.String())
	}
	return v
}

func (t tongue) decided(r gateway.Reply, app gateway.App) view {
	switch {
	case r.State == gateway.ReplyPosted || r.State == gateway.ReplyDuplicate || r.State == gateway.ReplyReaction:
		return t.view(t.Posted, t.say(t.Stands, app, ""))
	case r.Reason == gateway.ReasonUnconfirmed:
		return t.view(t.TooLate, t.Waited)
	}
	return t.view(t.Discarded, t.NotPosted)
}

package server

import (
	"context"
	"fmt"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/api"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/outbound"
	"github.com/replygate/replygate/outbound/compose"
)

// renderer lends outbound's preview of a mail to the API.
type renderer struct{ notifier *outbound.Notifier }

// Render is api.Renderer.
func (r renderer) Render(ctx context.Context, app gateway.AppID, c gateway.ConversationID, u gateway.UserID) (api.Rendered, error) {
	p, err := r.notifier.Preview(ctx, app, c, u)
	if err != nil {
		return api.Rendered{}, err
	}
	out := api.Rendered{Decision: decisionOf(p.Decision)}
	if p.Mail == nil {
		return out, nil
	}
	out.Mail = &api.RenderedMail{
		From: p.From.String(), To: []string{}, Subject: p.Mail.Subject,
		Text: p.Mail.Text, HTML: p.Mail.HTML, Raw: string(p.Mail.Raw),
	}
	for _, to := range p.To {
		out.Mail.To = append(out.Mail.To, to.String())
	}
	if !p.ReplyTo.IsZero() {
		reply := p.ReplyTo.String()
		out.Mail.ReplyTo = &reply
	}
	return out, nil
}

func decisionOf(d notify.Decision) api.RenderedDecision {
	out := api.RenderedDecision{Act: d.Act.String()}
	if d.Act == notify.Skip {
		sentence := d.Reason.Sentence()
		out.Reason, out.Sentence = &d.Reason, &sentence
	}
	if d.Act == notify.Wait {
		until := d.Until.UnixMilli()
		out.Until = &until
	}
	return out
}

// templates is api.TemplateChecker.
type templates struct{}

// CheckTemplate says what is wrong with a template, each with its place.
func (templates) CheckTemplate(t gateway.Template) []string {
	var out []string
	for _, p := range compose.Validate(compose.Template(t)) {
		out = append(out, fmt.Sprintf("%s, line %d, column %d: %s", p.Part, p.Line, p.Column, p.Reason))
	}
	return out
}

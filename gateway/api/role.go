package api

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/wire"
)

// setting is one key of a role in the API: how it is shown, and how a value is
// taken; null (raw is nil) resets it to its default.
type setting struct {
	name string
	show func(r *gateway.Role) any
	take func(r *gateway.Role, raw json.RawMessage) error
}

// roleSettings is every key of a role, all of which GET shows.
func roleSettings() []setting {
	return []setting{
		flag("emailEnabled", true, func(r *gateway.Role) *bool { return &r.EmailDisabled }),
		word("delayFrom", gateway.DelayFromMessage, func(r *gateway.Role) *gateway.DelayFrom { return &r.DelayFrom }),
		{"delay", func(r *gateway.Role) any { return seconds(r.WaitsFor()) },
			func(r *gateway.Role, raw json.RawMessage) error { return takeOptional(raw, &r.Delay) }},
		{"maxDefer", func(r *gateway.Role) any { return seconds(r.Defers()) },
			func(r *gateway.Role, raw json.RawMessage) error { return takeOptional(raw, &r.MaxDefer) }},
		{"minInterval", func(r *gateway.Role) any { return seconds(r.MinInterval) },
			func(r *gateway.Role, raw json.RawMessage) error { return takeDuration(raw, &r.MinInterval) }},
		{"context", func(r *gateway.Role) any { return r.ShownContext() },
			func(r *gateway.Role, raw json.RawMessage) error { return takeValue(raw, &r.Context) }},
		{"maxShown", func(r *gateway.Role) any { return r.Shows() },
			func(r *gateway.Role, raw json.RawMessage) error { return takeCount(raw, &r.MaxShown) }},
		word("policy", gateway.PolicyGrouped, func(r *gateway.Role) *gateway.MailPolicy { return &r.Policy }),
		word("schedule", gateway.ScheduleBuiltIn, func(r *gateway.Role) *gateway.Schedule { return &r.Schedule }),
		text("senderName", func(r *gateway.Role) *string { return &r.SenderName }),
		text("senderAddress", func(r *gateway.Role) *string { return &r.SenderAddress }),
		flag("replyEnabled", true, func(r *gateway.Role) *bool { return &r.ReplyDisabled }),
		{"templates", showTemplates, takeTemplates},
		text("conversationUrl", func(r *gateway.Role) *string { return &r.ConversationURL }),
		flag("linkAgentsOnly", false, func(r *gateway.Role) *bool { return &r.LinkAgentsOnly }),
		text("unsubscribeText", func(r *gateway.Role) *string { return &r.UnsubscribeText }),
		flag("inlineImages", false, func(r *gateway.Role) *bool { return &r.InlineImages }),
		flag("listParticipants", true, func(r *gateway.Role) *bool { return &r.HidePeople }),
		{"tracking", showTracking, takeTracking},
		flag("sms", false, func(r *gateway.Role) *bool { return &r.SMS }),
		flag("push", false, func(r *gateway.Role) *bool { return &r.Push }),
		{"quietHours", func(r *gateway.Role) any { return (*wire.QuietHours)(r.QuietHours) }, takeQuietHours},
		count("dailyCap", func(r *gateway.Role) *int { return &r.DailyCap }),
		count("conversationCap", func(r *gateway.Role) *int { return &r.ConversationCap }),
	}
}

// flag is a switch; one that is on by default is stored as its opposite.
func flag(name string, byDefault bool, of func(*gateway.Role) *bool) setting {
	return setting{name,
		func(r *gateway.Role) any { return *of(r) != byDefault },
		func(r *gateway.Role, raw json.RawMessage) error {
			on := byDefault
			if raw != nil {
				if err := takeValue(raw, &on); err != nil {
					return err
				}
			}
			*of(r) = on != byDefault
			return nil
		}}
}

// word is one of a few; which ones is checked where it is stored.
func word[T ~string](name string, byDefault T, of func(*gateway.Role) *T) setting {
	return setting{name,
		func(r *gateway.Role) any {
			if v := *of(r); v != "" {
				return v
			}
			return byDefault
		},
		func(r *gateway.Role, raw json.RawMessage) error { return takeValue(raw, of(r)) }}
}

// text is a string, null when it is unset.
func text(name string, of func(*gateway.Role) *string) setting {
	return setting{name,
		func(r *gateway.Role) any {
			if v := *of(r); v != "" {
				return v
			}
			return nil
		},
		func(r *gateway.Role, raw json.RawMessage) error { return takeValue(raw, of(r)) }}
}

// count is a number above zero, null when there is no bound.
func count(name string, of func(*gateway.Role) *int) setting {
	return setting{name,
		func(r *gateway.Role) any {
			if v := *of(r); v != 0 {
				return v
			}
			return nil
		},
		func(r *gateway.Role, raw json.RawMessage) error { return takeCount(raw, of(r)) }}
}

func showTemplates(r *gateway.Role) any {
	if r.Templates == nil {
		return map[string]gateway.Template{}
	}
	return r.Templates
}

// takeTemplates merges by locale: null removes one, and null as a whole all.
// Language tags are kept in lower case with hyphens (RFC 5646, section 2.1.1:
// case means nothing).
func takeTemplates(r *gateway.Role, raw json.RawMessage) error {
	if raw == nil {
		r.Templates = map[string]gateway.Template{}
		return nil
	}
	var in map[string]*gateway.Template
	if err := takeValue(raw, &in); err != nil {
		return err
	}
	if r.Templates == nil {
		r.Templates = map[string]gateway.Template{}
	}
	for locale, t := range in {
		locale = strings.ToLower(strings.ReplaceAll(locale, "_", "-"))
		if t == nil {
			delete(r.Templates, locale)
		} else {
			r.Templates[locale] = *t
		}
	}
	return nil
}

type tracking struct {
	Opens  bool `json:"opens"`
	Clicks bool `json:"clicks"`
}

func showTracking(r *gateway.Role) any { return tracking{r.TrackOpens, r.TrackClicks} }

func takeTracking(r *gateway.Role, raw json.RawMessage) error {
	in := tracking{r.TrackOpens, r.TrackClicks}
	if raw == nil {
		in = tracking{}
	}
	err := takeValue(raw, &in)
	r.TrackOpens, r.TrackClicks = in.Opens, in.Clicks
	return err
}

func takeQuietHours(r *gateway.Role, raw json.RawMessage) error {
	if raw == nil {
		r.QuietHours = nil
		return nil
	}
	var in wire.QuietHours
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	out := gateway.QuietHours(in)
	r.QuietHours = &out
	return nil
}

func showRole(r gateway.Role) map[string]any {
	out := map[string]any{}
	for _, s := range roleSettings() {
		out[s.name] = s.show(&r)
	}
	return out
}

func getRole(c *call, ids []string) (any, error) {
	r, err := c.Apps.Role(c.ctx, c.app.ID, ids[0])
	if err != nil {
		return nil, err
	}
	return showRole(r), nil
}

// putRole changes what the body names and leaves the rest.
func putRole(c *call, ids []string) (any, error) {
	var in map[string]json.RawMessage
	if err := c.into(&in); err != nil {
		return nil, err
	}
	_, err := c.Apps.ChangeRole(c.ctx, c.app.ID, ids[0], func(r *gateway.Role) error {
		wrong := gateway.Invalid{}
		for _, s := range roleSettings() {
			raw, given := in[s.name]
			if !given {
				continue
			}
			if bytes.Equal(raw, []byte("null")) {
				raw = nil
			}
			if err := s.take(r, raw); err != nil {
				wrong.Add(s.name, "%s %v.", s.name, err)
			}
		}
		if c.Templates != nil {
			c.checkTemplates(wrong, in["templates"])
		}
		return wrong.Err()
	})
	return nil, err
}

// checkTemplates has the templates of a body checked by whoever renders them.
func (c *call) checkTemplates(wrong gateway.Invalid, raw json.RawMessage) {
	var in map[string]*gateway.Template
	if raw == nil || json.Unmarshal(raw, &in) != nil {
		return
	}
	for locale, t := range in {
		if t == nil {
			continue
		}
		for _, problem := range c.Templates.CheckTemplate(*t) {
			wrong.Add("templates", "templates[%q]: %s", locale, problem)
		}
	}
}

package app

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// Bounds of a role's settings.
const (
	// MaxRoles bounds the roles that have settings of their own.
	MaxRoles = 100
	// MaxTemplates bounds the locales a role has templates for, MaxTemplate
	// each part of a template, in octets.
	MaxTemplates = 50
	MaxTemplate  = 64 << 10
	// MaxCap is the largest cap on mails in 24 hours.
	MaxCap         = 1000
	maxText        = 500
	maxSenderLocal = 64
)

// Role returns the settings of a role with its templates; one that has none
// gets those of the default role.
func (s Service) Role(ctx context.Context, app gateway.AppID, name string) (gateway.Role, error) {
	var out gateway.Role
	err := s.Store.View(ctx, func(rd store.Reader) error {
		a, err := load(rd, app)
		if err != nil {
			return err
		}
		out = a.Role(name)
		out.Templates, err = store.TemplatesOf(rd, app, a.RoleName(name))
		return err
	})
	return out, err
}

// PutRole replaces the settings of a role; nil Templates leave those it has.
// They count from the next decision on, also for what is already waiting.
func (s Service) PutRole(ctx context.Context, app gateway.AppID, name string, r gateway.Role) error {
	_, err := s.ChangeRole(ctx, app, name, func(to *gateway.Role) error {
		if r.Templates == nil {
			r.Templates = to.Templates
		}
		*to = r
		return nil
	})
	return err
}

// ChangeRole has fn change the settings of a role as Role returns them, and
// returns the result. fn may be called more than once.
func (s Service) ChangeRole(ctx context.Context, app gateway.AppID, name string, fn func(*gateway.Role) error) (gateway.Role, error) {
	var out gateway.Role
	if name == "" || len(name) > maxName {
		return out, gateway.Wrong("role", "A role has a name of 1 to %d octets.", maxName)
	}
	_, err := s.change(ctx, app, func(tx store.Tx, a *gateway.App) (err error) {
		if _, known := a.Roles[name]; !known && len(a.Roles) >= MaxRoles {
			return gateway.Wrong("role", "An app has at most %d roles with settings of their own.", MaxRoles)
		}
		out = a.Role(name)
		if out.Templates, err = store.TemplatesOf(tx, app, a.RoleName(name)); err != nil {
			return err
		}
		out.Templates = maps.Clone(out.Templates)
		if err := fn(&out); err != nil {
			return err
		}
		if err := checkRole(out); err != nil {
			return err
		}
		if a.Roles == nil {
			a.Roles = map[string]gateway.Role{}
		}
		a.Roles[name] = out
		return putTemplates(tx, app, name, out.Templates)
	})
	return out, err
}

// putTemplates replaces a role's templates.
func putTemplates(tx store.Tx, app gateway.AppID, role string, ts map[string]gateway.Template) error {
	old, err := store.TemplatesOf(tx, app, role)
	if err != nil {
		return err
	}
	for locale := range old {
		if _, keep := ts[locale]; !keep {
			if err := store.Templates.Delete(tx, templateKey(app, role, locale)); err != nil {
				return err
			}
		}
	}
	for locale, t := range ts {
		if t == old[locale] {
			continue
		}
		if err := store.Templates.Put(tx, templateKey(app, role, locale), t); err != nil {
			return err
		}
	}
	return nil
}

func templateKey(app gateway.AppID, role, locale string) store.Key {
	return store.AppKey(app).String(role).String(locale)
}

// checkRole names the settings that make no sense, as callers write them.
func checkRole(r gateway.Role) error {
	v := gateway.Invalid{}
	checkRange(v, "delay", r.WaitsSet(), gateway.MaxDelay)
	if r.MaxDefer != nil {
		checkRange(v, "maxDefer", *r.MaxDefer, gateway.MaxMaxDefer)
	}
	checkRange(v, "minInterval", r.MinInterval, gateway.MaxDelay)
	checkWord(v, "delayFrom", r.DelayFrom, gateway.DelayFromMessage, gateway.DelayFromOffline)
	checkWord(v, "context", r.Context, gateway.ContextMissed, gateway.ContextSinceLastMail, gateway.ContextWhole)
	checkWord(v, "policy", r.Policy, gateway.PolicyGrouped, gateway.PolicyOncePerAbsence)
	checkWord(v, "schedule", r.Schedule, gateway.ScheduleBuiltIn, gateway.ScheduleExternal)
	checkNumber(v, "maxShown", r.MaxShown, gateway.MaxMaxShown)
	checkNumber(v, "dailyCap", r.DailyCap, MaxCap)
	checkNumber(v, "conversationCap", r.ConversationCap, MaxCap)
	checkName(v, "senderName", r.SenderName)
	checkSender(v, r.SenderAddress)
	if err := gateway.CheckConversationLink(r.ConversationURL); err != nil {
		v.Add("conversationUrl", "conversationUrl: %v.", err)
	}
	if len(r.UnsubscribeText) > maxText || strings.ContainsFunc(r.UnsubscribeText, func(c rune) bool { return c < ' ' }) {
		v.Add("unsubscribeText", "unsubscribeText has one line of at most %d octets.", maxText)
	}
	checkTemplates(v, r.Templates)
	return v.Err()
}

func checkRange(v gateway.Invalid, field string, d, most time.Duration) {
	if d < 0 || d > most {
		v.Add(field, "%s is 0 to %.0f seconds (%v), as a number or as a string like \"90s\".", field, most.Seconds(), most)
	}
}

func checkNumber(v gateway.Invalid, field string, n, most int) {
	if n < 0 || n > most {
		v.Add(field, "%s is a whole number from 1 to %d, or null.", field, most)
	}
}

func checkWord[T ~string](v gateway.Invalid, field string, word T, known ...T) {
	if word != "" && !slices.Contains(known, word) {
		v.Add(field, "%s is one of %q.", field, known)
	}
}

func checkSender(v gateway.Invalid, local string) {
	if local == "" {
		return
	}
	a, err := gateway.ParseAddress(local + "@example.com")
	if err != nil || a.LocalPart != local || !a.IsASCII() || len(local) > maxSenderLocal {
		v.Add("senderAddress", "senderAddress is what stands before the @ of the sender: the domain is always the mail domain.")
	}
}

func checkTemplates(v gateway.Invalid, ts map[string]gateway.Template) {
	if len(ts) > MaxTemplates {
		v.Add("templates", "A role has templates for at most %d locales.", MaxTemplates)
	}
	for locale, t := range ts {
		if len(locale) > 35 || strings.ContainsFunc(locale, func(c rune) bool {
			return c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9')
		}) {
			v.Add("templates", "templates: %q is no language tag like \"de\" or \"pt-BR\"; \"\" stands for all languages.", locale)
		}
		if max(len(t.HTML), len(t.Text), len(t.Subject)) > MaxTemplate {
			v.Add("templates", "templates: each part of a template has at most %d octets.", MaxTemplate)
		}
	}
}

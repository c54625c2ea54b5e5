package app

import (
	"context"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// MaxRoles bounds the roles that have settings of their own.
const MaxRoles = 100

// Role returns the settings of a role; one that has none gets those of the
// default role.
func (s Service) Role(ctx context.Context, app gateway.AppID, name string) (gateway.Role, error) {
	a, err := s.App(ctx, app)
	if err != nil {
		return gateway.Role{}, err
	}
	return a.Role(name), nil
}

// PutRole replaces the settings of a role. They count from the next decision
// on, also for what is already waiting.
func (s Service) PutRole(ctx context.Context, app gateway.AppID, name string, r gateway.Role) error {
	v := gateway.Invalid{}
	if name == "" || len(name) > maxName {
		v.Add("role", "A role has a name of 1 to %d octets.", maxName)
	}
	if r.Delay != nil && (*r.Delay < 0 || *r.Delay > gateway.MaxDelay) {
		v.Add("delay", "A delay is 0 s to 7 days.")
	}
	if err := v.Err(); err != nil {
		return err
	}
	_, err := s.change(ctx, app, func(_ store.Tx, a *gateway.App) error {
		if a.Roles == nil {
			a.Roles = map[string]gateway.Role{}
		}
		if _, known := a.Roles[name]; !known && len(a.Roles) >= MaxRoles {
			return gateway.Wrong("role", "An app has at most %d roles with settings of their own.", MaxRoles)
		}
		a.Roles[name] = r
		return nil
	})
	return err
}

package chat

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// PastUser is a user as an export of another service shows them.
type PastUser struct {
	ID gateway.UserID
	UserPatch
	CreatedAt Field[float64] // Unix milliseconds
}

// UnmarshalJSON reads what GET shows.
func (p *PastUser) UnmarshalJSON(b []byte) error {
	*p = PastUser{}
	if err := decode(b, map[string]any{"id": &p.ID, "createdAt": &p.CreatedAt}); err != nil {
		return err
	}
	return p.UserPatch.UnmarshalJSON(b)
}

// ImportUsers makes or merges users of an export, as a PUT of each would, but
// tells nobody. A user who cannot be taken is left out, and so is an address to
// which no mail can go; both are noted. One who is new here keeps the age the
// export tells.
func (s *Service) ImportUsers(ctx context.Context, app gateway.AppID, users []PastUser) (Past, error) {
	var refused Past
	var taken []PastUser
	for _, u := range users {
		u.dropAddresses(&refused)
		err := checkID("id", string(u.ID))
		if err == nil {
			err = u.check()
		}
		if err != nil {
			refused.skip(string(u.ID), err.Error())
			continue
		}
		taken = append(taken, u)
	}
	var out Past
	var silenced []gateway.UserID
	now := s.now()
	err := s.update(ctx, store.AppScope(app), "import users", func(tx store.Tx) error {
		out, silenced = Past{Notes: slices.Clone(refused.Notes)}, nil
		for _, u := range taken {
			created, ok := past(u.CreatedAt, now)
			if !ok {
				created = now
			}
			_, change, err := mergeUser(tx, app, u.ID, u.UserPatch, created, now)
			if err != nil {
				return err
			}
			out.count(change.made)
			if change.dumb {
				silenced = append(silenced, u.ID)
			}
		}
		return nil
	})
	for _, id := range silenced {
		if err == nil {
			err = s.withdrawEverywhere(ctx, app, id, gateway.ReasonNoAddress)
		}
	}
	return out, err
}

// dropAddresses leaves out the addresses to which no mail can go.
func (p *PastUser) dropAddresses(notes *Past) {
	if !p.Email.has() {
		return
	}
	p.Email.Value = slices.DeleteFunc(slices.Clone(p.Email.Value), func(e string) bool {
		if e = strings.TrimSpace(e); e == "" {
			return true
		}
		_, err := gateway.ParseAddress(e)
		if err != nil {
			notes.note(string(p.ID), fmt.Sprintf("email: %q %v; the address was left out.", e, err))
		}
		return err != nil
	})
}

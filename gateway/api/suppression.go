package api

import (
	"cmp"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

// shownSuppression is why an address gets no mail.
type shownSuppression struct {
	Address  string         `json:"address"`
	Reason   gateway.Reason `json:"reason"`
	Sentence string         `json:"sentence"`
	Kind     string         `json:"kind"`
	Detail   string         `json:"detail"`
	At       int64          `json:"at"`
	// UnsubscribedAt is there when its owner had unsubscribed as well.
	UnsubscribedAt *int64 `json:"unsubscribedAt"`
	// Until is when it ends by itself, if it does.
	Until *int64 `json:"until"`
}

func showSuppression(s store.Suppression) shownSuppression {
	out := shownSuppression{
		Address: s.Address.String(), Reason: s.Reason, Sentence: s.Reason.Sentence(), Kind: s.Kind, Detail: s.Detail, At: s.At.UnixMilli(),
	}
	if !s.UnsubscribedAt.IsZero() {
		at := s.UnsubscribedAt.UnixMilli()
		out.UnsubscribedAt = &at
	}
	if !s.Until.IsZero() {
		end := s.Until.UnixMilli()
		out.Until = &end
	}
	return out
}

// maxDetail bounds what a caller says of a suppression, in octets.
const maxDetail = 500

func (c *call) suppressions() suppression.Service { return suppression.Service{Store: c.Store} }

// fact is what a call says of an address.
func (c *call) fact(address, detail string) (suppression.Fact, error) {
	a, err := gateway.ParseAddress(address)
	if err != nil {
		return suppression.Fact{}, gateway.Wrong("address", "%q %v.", address, err)
	}
	return suppression.Fact{App: c.app.ID, Address: a, Kind: suppression.API, Detail: detail}, nil
}

func listSuppressions(c *call, _ []string) (any, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	var after gateway.Address
	if v := c.param("startingAfter"); v != "" {
		if after, err = gateway.ParseAddress(v); err != nil {
			return nil, gateway.Wrong("startingAfter", "%q %v.", v, err)
		}
	}
	rows, err := c.suppressions().List(c.ctx, c.app.ID, after, limit)
	out := []shownSuppression{}
	for _, s := range rows {
		out = append(out, showSuppression(s))
	}
	return list{out}, err
}

func getSuppression(c *call, ids []string) (any, error) {
	f, err := c.fact(ids[0], "")
	if err != nil {
		return nil, err
	}
	s, found, err := c.suppressions().Find(c.ctx, c.app.ID, f.Address)
	if err == nil && !found {
		err = gateway.NotFound{What: "suppression", ID: ids[0]}
	}
	if err != nil {
		return nil, err
	}
	return showSuppression(s), nil
}

// putSuppression ends mail to an address: all of it, or ("unsubscribed") that
// of notifications, as its owner's own wish.
func putSuppression(c *call, ids []string) (any, error) {
	var in struct {
		Reason gateway.Reason `json:"reason"`
		Detail string         `json:"detail"`
	}
	if err := c.into(&in); err != nil {
		return nil, err
	}
	if len(in.Detail) > maxDetail {
		return nil, gateway.Wrong("detail", "detail has at most %d octets.", maxDetail)
	}
	f, err := c.fact(ids[0], in.Detail)
	if err != nil {
		return nil, err
	}
	switch cmp.Or(in.Reason, gateway.ReasonSuppressed) {
	case gateway.ReasonSuppressed:
		return nil, c.suppressions().Suppress(c.ctx, f)
	case gateway.ReasonUnsubscribed:
		return nil, c.suppressions().Unsubscribe(c.ctx, f)
	}
	return nil, gateway.Wrong("reason", "reason is %q or %q.", gateway.ReasonSuppressed, gateway.ReasonUnsubscribed)
}

// deleteSuppression lifts what stands against an address. Below a suppression
// may lie its owner's unsubscribing, which then stands again.
func deleteSuppression(c *call, ids []string) (any, error) {
	f, err := c.fact(ids[0], "")
	if err != nil {
		return nil, err
	}
	s, found, err := c.suppressions().Find(c.ctx, c.app.ID, f.Address)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, gateway.NotFound{What: "suppression", ID: ids[0]}
	case s.Reason == gateway.ReasonUnsubscribed:
		return nil, c.suppressions().Resubscribe(c.ctx, f)
	}
	return nil, c.suppressions().Lift(c.ctx, f)
}

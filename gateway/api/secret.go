package api

import (
	"encoding/json"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/store"
)

// newSecret gives an endpoint a new secret, which signs from now on and is shown
// this once. The old ones sign too for a day, or for as long as oldValidFor says;
// 0 ends them at once.
func newSecret(c *call, ids []string) (any, error) {
	overlap, err := c.overlap()
	if err != nil {
		return nil, err
	}
	return c.once(store.AppScope(c.app.ID), func(c *call) (any, error) {
		secret, err := c.Apps.RotateSecret(c.ctx, c.app.ID, gateway.EndpointID(ids[0]), overlap)
		if err != nil {
			return nil, err
		}
		e, err := c.Apps.Endpoint(c.ctx, c.app.ID, gateway.EndpointID(ids[0]))
		return showEndpoint(e, secret), err
	})
}

// overlap is for how long the body has old secrets sign too.
func (c *call) overlap() (time.Duration, error) {
	var in struct {
		OldValidFor json.RawMessage `json:"oldValidFor"`
	}
	if err := c.into(&in); err != nil {
		return 0, err
	}
	overlap := app.SecretOverlap
	if raw := in.OldValidFor; raw != nil && string(raw) != "null" {
		if err := takeDuration(raw, &overlap); err != nil {
			return 0, gateway.Wrong("oldValidFor", "oldValidFor %v.", err)
		}
	}
	return overlap, nil
}

// endOldSecrets leaves an endpoint its newest secret only, at once.
func endOldSecrets(c *call, ids []string) (any, error) {
	return nil, c.Apps.DropOldSecrets(c.ctx, c.app.ID, gateway.EndpointID(ids[0]))
}

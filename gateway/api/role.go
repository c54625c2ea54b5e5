package api

import (
	"time"

	"github.com/replygate/replygate/gateway"
)

// shownRole is a role's settings as GET and PUT have them; the delay is in seconds.
type shownRole struct {
	EmailEnabled bool     `json:"emailEnabled"`
	Delay        *float64 `json:"delay"`
}

func getRole(c *call, ids []string) (any, error) {
	r, err := c.Apps.Role(c.ctx, c.app.ID, ids[0])
	if err != nil {
		return nil, err
	}
	delay := gateway.DefaultDelay
	if r.Delay != nil {
		delay = *r.Delay
	}
	seconds := delay.Seconds()
	return shownRole{EmailEnabled: !r.EmailDisabled, Delay: &seconds}, nil
}

// putRole changes what the body names and leaves the rest.
func putRole(c *call, ids []string) (any, error) {
	var in struct {
		EmailEnabled *bool    `json:"emailEnabled"`
		Delay        *float64 `json:"delay"`
	}
	if err := c.into(&in); err != nil {
		return nil, err
	}
	r := c.app.Roles[ids[0]]
	if in.EmailEnabled != nil {
		r.EmailDisabled = !*in.EmailEnabled
	}
	if in.Delay != nil {
		if *in.Delay < 0 || *in.Delay > gateway.MaxDelay.Seconds() {
			return nil, gateway.Wrong("delay", "delay is a number of seconds from 0 to %.0f (7 days).", gateway.MaxDelay.Seconds())
		}
		d := time.Duration(*in.Delay * float64(time.Second))
		r.Delay = &d
	}
	return nil, c.Apps.PutRole(c.ctx, c.app.ID, ids[0], r)
}

package api

import (
	"github.com/replygate/replygate/gateway/app"
)

// shownApp is the app as its backend sees it.
type shownApp struct {
	ID            string            `json:"id"`
	Name          string            `json:"name"`
	DefaultLocale string            `json:"defaultLocale"`
	Custom        map[string]string `json:"custom"`
	// EmailEnabled is ours, and shown only when it is off.
	EmailEnabled *bool `json:"emailEnabled,omitempty"`
}

func getApp(c *call, _ []string) (any, error) {
	custom := c.app.Custom
	if custom == nil {
		custom = map[string]string{}
	}
	out := shownApp{ID: string(c.app.ID), Name: c.app.Name, DefaultLocale: c.app.DefaultLocale, Custom: custom}
	if c.app.EmailDisabled {
		out.EmailEnabled = new(bool)
	}
	return out, nil
}

// putApp changes what the body names.
func putApp(c *call, _ []string) (any, error) {
	var in struct {
		Name          *string            `json:"name"`
		DefaultLocale *string            `json:"defaultLocale"`
		Custom        map[string]*string `json:"custom"`
		EmailEnabled  *bool              `json:"emailEnabled"`
	}
	if err := c.into(&in); err != nil {
		return nil, err
	}
	settings := app.Settings{Name: in.Name, DefaultLocale: in.DefaultLocale, Custom: in.Custom}
	if in.EmailEnabled != nil {
		off := !*in.EmailEnabled
		settings.EmailDisabled = &off
	}
	_, err := c.Apps.PutSettings(c.ctx, c.app.ID, settings)
	return nil, err
}

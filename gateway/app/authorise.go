package app

import (
	"context"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
)

// PutAuthorise sets where the app is asked before a reply is posted, and whether
// one that could not be asked about is posted. made is the secret of a new hook,
// which is shown this once, and empty otherwise. Whether the URL may be reached is
// asked when it is.
func (s Service) PutAuthorise(ctx context.Context, app gateway.AppID, url string, accept bool) (h gateway.AuthoriseHook, made string, err error) {
	if err := (EndpointSettings{URL: url}).check(); err != nil {
		return h, "", err
	}
	_, err = s.change(ctx, app, func(_ store.Tx, a *gateway.App) error {
		made = ""
		if a.Authorise == nil {
			made = newSecret()
			a.Authorise = &gateway.AuthoriseHook{Secrets: []gateway.EndpointSecret{s.seal(made)}, CreatedAt: s.now()}
		}
		a.Authorise.URL, a.Authorise.Accept = url, accept
		h = *a.Authorise
		return nil
	})
	return h, made, err
}

// DeleteAuthorise ends the asking. Deleting what is not there changes nothing.
func (s Service) DeleteAuthorise(ctx context.Context, app gateway.AppID) error {
	_, err := s.change(ctx, app, func(_ store.Tx, a *gateway.App) error {
		a.Authorise = nil
		return nil
	})
	return err
}

// RotateAuthoriseSecret is RotateSecret for the app's authorise hook.
func (s Service) RotateAuthoriseSecret(ctx context.Context, app gateway.AppID, overlap time.Duration) (string, error) {
	if err := checkOverlap(overlap); err != nil {
		return "", err
	}
	value := newSecret()
	return value, s.changeHookSecrets(ctx, app, func(old []gateway.EndpointSecret) []gateway.EndpointSecret {
		return s.rotated(old, value, overlap)
	})
}

// DropOldAuthoriseSecrets leaves the hook its newest secret only.
func (s Service) DropOldAuthoriseSecrets(ctx context.Context, app gateway.AppID) error {
	return s.changeHookSecrets(ctx, app, newestOnly)
}

func (s Service) changeHookSecrets(ctx context.Context, app gateway.AppID, fn func([]gateway.EndpointSecret) []gateway.EndpointSecret) error {
	_, err := s.change(ctx, app, func(_ store.Tx, a *gateway.App) error {
		if a.Authorise == nil {
			return gateway.NotFound{What: "authorise", ID: string(app)}
		}
		a.Authorise.Secrets = fn(a.Authorise.Secrets)
		return nil
	})
	return err
}

// AuthoriseSecrets opens the hook's live secrets ("whsec_…"), the newest first.
func (s Service) AuthoriseSecrets(h gateway.AuthoriseHook) ([]string, error) {
	var out []string
	for _, sealed := range h.Live(s.now()) {
		plain, err := s.Box.Open(secret.PurposeWebhook, sealed.Sealed)
		if err != nil {
			return nil, wrap("open secret of the authorise hook", err)
		}
		out = append(out, string(plain))
	}
	return out, nil
}

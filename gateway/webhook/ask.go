package webhook

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/replygate/replygate/gateway"
)

const (
	// AskTime is how long an answer may take, with connecting and waiting for a
	// turn: somebody's mail server waits meanwhile.
	AskTime = time.Second
	// maxAsking is how many questions one app is asked at a time.
	maxAsking = 32
	// maxPermission bounds an answer, in octets.
	maxPermission = 4 << 10
	// QuestionType is the type of a question's body.
	QuestionType = "reply.authorise"
)

var (
	errTooMany   = errors.New("too many questions at a time")
	errNoAnswer  = errors.New(`the answer is not {"allow": true} or {"allow": false, "reason": "…"}`)
	errAnswerBig = fmt.Errorf("the answer has more than %d octets", maxPermission)
)

// Asker asks apps whether a reply may be posted: a signed POST as for an event,
// whose answer is the permission. An answer is never kept for another question.
// It is safe for concurrent use.
type Asker struct {
	Config
	guard  Guard
	client *http.Client

	mu     sync.Mutex
	asking map[gateway.AppID]int // in flight
}

// NewAsker makes an Asker; it needs no store.
func NewAsker(c Config) *Asker {
	c.Timeout = AskTime
	if c.UserAgent == "" {
		c.UserAgent = "Replygate"
	}
	g := Guard{AllowNetworks: c.AllowNetworks, AllowHTTP: c.AllowHTTP}
	client := newClient(g, c.Resolver, c.Timeout)
	client.Transport.(*http.Transport).MaxIdleConnsPerHost = maxAsking
	return &Asker{Config: c, guard: g, client: client, asking: map[gateway.AppID]int{}}
}

// Close closes idle connections. Call it when nobody asks any more.
func (a *Asker) Close() { a.client.CloseIdleConnections() }

// Ask asks an app's hook. It errs when there is no usable answer within AskTime;
// the error is fit to be shown to the app.
func (a *Asker) Ask(ctx context.Context, app gateway.App, q gateway.Question) (gateway.Permission, error) {
	if !a.enter(app.ID) {
		return gateway.Permission{}, a.failed(app, 0, errTooMany)
	}
	defer a.leave(app.ID)
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, AskTime)
	defer cancel()
	p, err := a.ask(ctx, app, q, begun)
	if err != nil {
		return gateway.Permission{}, a.failed(app, time.Since(begun), err)
	}
	a.Log.Debug("authorise hook asked", "app", app.ID, "conversation", q.Conversation, "participant", q.User, "allow", p.Allowed, "took_ms", time.Since(begun).Milliseconds())
	return p, nil
}

func (a *Asker) failed(app gateway.App, took time.Duration, err error) error {
	problem := cut(err.Error())
	a.Log.Warn("authorise hook failed", "app", app.ID, "problem", problem, "accept", app.Authorise.Accept, "took_ms", took.Milliseconds())
	return errors.New(problem)
}

// enter takes one of an app's turns, if there is one: who waited for one would
// have no time left to ask.
func (a *Asker) enter(app gateway.AppID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asking[app] >= maxAsking {
		return false
	}
	a.asking[app]++
	return true
}

func (a *Asker) leave(app gateway.AppID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asking[app]--; a.asking[app] == 0 {
		delete(a.asking, app)
	}
}

func (a *Asker) ask(ctx context.Context, app gateway.App, q gateway.Question, now time.Time) (gateway.Permission, error) {
	if err := a.guard.CheckURL(app.Authorise.URL); err != nil {
		return gateway.Permission{}, err
	}
	req, err := a.request(ctx, app, q, now)
	if err != nil {
		return gateway.Permission{}, err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return gateway.Permission{}, errors.New(explain(err))
	}
	defer resp.Body.Close()
	switch s := resp.StatusCode; {
	case s >= 300 && s <= 399:
		return gateway.Permission{}, fmt.Errorf("answered %d; redirects are not followed", s)
	case s < 200 || s > 299:
		return gateway.Permission{}, fmt.Errorf("answered %d", s)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPermission+1))
	switch {
	case err != nil:
		return gateway.Permission{}, errors.New(explain(err))
	case len(body) > maxPermission:
		return gateway.Permission{}, errAnswerBig
	}
	return readPermission(body)
}

// asked is the body of a question.
type asked struct {
	ID        string        `json:"id"`
	CreatedAt int64         `json:"createdAt"`
	Type      string        `json:"type"`
	AppID     gateway.AppID `json:"appId"`
	Data      askedData     `json:"data"`
}

type askedData struct {
	ConversationID gateway.ConversationID `json:"conversationId"`
	UserID         gateway.UserID         `json:"userId"`
	From           *string                `json:"from"`
	Verified       bool                   `json:"verified"`
	MessageID      *string                `json:"messageId"`
	Held           bool                   `json:"held"`
}

// request makes the signed POST.
func (a *Asker) request(ctx context.Context, app gateway.App, q gateway.Question, now time.Time) (*http.Request, error) {
	id := "ask_" + strings.ToLower(rand.Text())
	data := askedData{ConversationID: q.Conversation, UserID: q.User, Verified: q.Verified, Held: q.Held}
	if from := q.From.String(); from != "" {
		data.From = &from
	}
	if q.MessageID != "" {
		data.MessageID = &q.MessageID
	}
	body, err := json.Marshal(asked{id, now.UnixMilli(), QuestionType, app.ID, data})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, app.Authorise.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	h := req.Header
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", a.UserAgent)
	h["Idempotency-Key"] = nil // as in Teller.request
	signed := telling{app: app, endpoint: gateway.Endpoint{Secrets: app.Authorise.Secrets}, event: gateway.Event{ID: gateway.EventID(id)}}
	return req, sign(h, a.Box, &signed, body, now)
}

// readPermission reads an answer: only one that says so allows or refuses.
func readPermission(body []byte) (gateway.Permission, error) {
	var in struct {
		Allow  *bool   `json:"allow"`
		Reason *string `json:"reason"`
	}
	if err := json.Unmarshal(body, &in); err != nil || in.Allow == nil {
		return gateway.Permission{}, errNoAnswer
	}
	out := gateway.Permission{Allowed: *in.Allow}
	if !out.Allowed && in.Reason != nil {
		out.Words = words(*in.Reason)
	}
	return out, nil
}

// words makes a reason fit to be shown and stored: one bounded line without
// control characters, nor what looks like a secret.
func words(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.In(r, unicode.Cf):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(secretive.ReplaceAllString(s, "…")), " ")
	if len(s) <= gateway.MaxWords {
		return s
	}
	s = strings.ToValidUTF8(s[:gateway.MaxWords-len("…")], "")
	if i := strings.LastIndexByte(s, ' '); i > gateway.MaxWords/2 {
		s = s[:i]
	}
	return s + "…"
}

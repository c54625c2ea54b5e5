package webhook

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/wire"
)

// attempt is how one try to tell an event went.
type attempt struct {
	at         time.Time
	took       time.Duration
	status     int    // 0: no answer
	problem    string // in words; empty when told
	retryAfter time.Duration
	response   string // its beginning, redacted
	// abandon: the receiver asks not to be told this event again.
	abandon bool
	// aborted: the queue stops or the lease is lost; nothing is known.
	aborted bool
}

// told: any 2xx, and nothing else.
func (a attempt) told() bool { return a.status >= 200 && a.status <= 299 }

// attempt posts the event once.
func (t *Teller) attempt(ctx context.Context, tg *telling) attempt {
	a := attempt{at: time.Now()}
	req, cancel, err := t.request(ctx, tg, a.at)
	if err != nil {
		a.problem = cut(err.Error())
		return a
	}
	defer cancel()
	if queue.Held(ctx) != nil {
		a.aborted = true
		return a
	}
	resp, err := t.client.Do(req)
	a.took = time.Since(a.at)
	if err != nil {
		a.problem, a.aborted = explain(err), ctx.Err() != nil
		return a
	}
	a.status, a.response = resp.StatusCode, redact(read(resp.Body, cancel), req.Header)
	if !a.told() {
		a.problem = "answered " + strconv.Itoa(a.status)
		if a.status >= 300 && a.status <= 399 {
			a.problem += "; redirects are not followed"
		}
		a.retryAfter = retryAfter(resp, a.at.Add(a.took))
		if a.abandon = strings.EqualFold(resp.Header.Get("webhook-delivery"), "abort-message"); a.abandon {
			a.problem += "; the receiver wants no more attempts"
		}
	}
	return a
}

// request makes the signed POST; cancel ends it.
func (t *Teller) request(ctx context.Context, tg *telling, now time.Time) (*http.Request, context.CancelFunc, error) {
	if err := t.guard.CheckURL(tg.endpoint.URL); err != nil {
		return nil, nil, err
	}
	body, err := tg.body().Body()
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, tg.endpoint.URL, bytes.NewReader(body))
	if err == nil {
		err = sign(req.Header, t.Box, tg, body, now)
	}
	if err != nil {
		cancel()
		return nil, nil, err
	}
	h := req.Header
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", t.UserAgent)
	h.Set("webhook-attempt", strconv.Itoa(tg.tell.Tries+1))
	if tg.event.Seq > 0 {
		h.Set("Replygate-Prev-Seq", strconv.FormatUint(tg.tell.PrevSeq, 10))
	}
	// Present but empty: not sent, but net/http may then use another connection
	// when a kept one turns out to have been closed before anything was answered.
	h["Idempotency-Key"] = nil
	return req, cancel, nil
}

// body is the event as the endpoint sees it, the same at every attempt.
func (tg *telling) body() wire.Event { return wire.EventOf(tg.event) }

// retryAfter is how long the receiver asks to be left alone, if its status may
// ask for that (RFC 9110, section 10.2.3).
func retryAfter(resp *http.Response, now time.Time) time.Duration {
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		return 0
	}
	v := strings.TrimSpace(resp.Header.Get("Retry-After"))
	if n, err := strconv.ParseUint(v, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	return min(max(0, at.Sub(now)), maxRetryAfter)
}

package outbound

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// tellEvery is how often the backend is told that a role's template fails: the
// mails it is meant for may be many.
const tellEvery = time.Hour

// failures remembers when it was last told. Its zero value is ready; it is safe
// for concurrent use.
type failures struct {
	mu   sync.Mutex
	told map[failing]time.Time
}

type failing struct {
	app  gateway.AppID
	role string
}

// due tells whether a failing template is to be told of now, and notes it.
func (f *failures) due(who failing, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at, ok := f.told[who]; ok && now.Sub(at) < tellEvery && !at.After(now) {
		return false
	}
	if f.told == nil || len(f.told) > 10_000 {
		f.told = map[failing]time.Time{}
	}
	f.told[who] = now
	return true
}

// templateFailed notes that a role's template could not be used: the mail goes
// out in the default design, and the backend is told why.
func (b *batch) templateFailed(role string, err error) {
	b.Log.Warn("a role's template failed", "app", b.pending.App.ID, "role", role, "error", err)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed[role] != nil || !b.failures.due(failing{b.pending.App.ID, role}, b.now) {
		return
	}
	if b.failed == nil {
		b.failed = map[string]error{}
	}
	b.failed[role] = err
}

// tellFailed records the events of templates that failed.
func (b *batch) tellFailed(tx store.Tx) error {
	for _, role := range slices.Sorted(maps.Keys(b.failed)) {
		data := wire.TemplateData{Role: role, Reason: b.failed[role].Error()}
		if _, err := event.Record(tx, &b.pending.App, nil, gateway.EventTemplateFailed, data, b.now, ""); err != nil {
			return err
		}
	}
	return nil
}

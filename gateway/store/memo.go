package store

import (
	"fmt"

	"github.com/replygate/replygate/gateway"
)

// Memo is what a Reader may be besides. It remembers what a few rows that are
// read all the time were decoded to.
type Memo interface {
	// Memo returns what decode made of the row when it last was b. What it
	// returns is shared by all who read the row; nobody may change it.
	Memo(t Table, k Key, b []byte, decode func() (any, error)) (any, error)
}

// FindApp is Apps.Find for those who only read: mails, calls and webhooks each
// ask for their app several times. Nothing that the app refers to (its maps and
// slices) may be changed; to change an app, get it from Apps.
func FindApp(rd Reader, id gateway.AppID) (a gateway.App, found bool, err error) {
	m, ok := rd.(Memo)
	if !ok {
		return Apps.Find(rd, AppKey(id))
	}
	k := AppKey(id)
	b, err := rd.Get(Apps.Table, k)
	if err != nil {
		return a, false, ignoreMissing(err)
	}
	v, err := m.Memo(Apps.Table, k, b, func() (any, error) {
		var a gateway.App
		if err := decode(b, &a); err != nil {
			return nil, fmt.Errorf("read %s: %w", Apps.Table, err)
		}
		return &a, nil
	})
	if err != nil {
		return a, false, err
	}
	return *v.(*gateway.App), true, nil
}

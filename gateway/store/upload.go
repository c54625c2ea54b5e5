package store

import (
	"time"

	"github.com/replygate/replygate/gateway"
)

// Uploads are the files that wait for the message they belong to. Their key is
// the time the wait ends (ms) and the handle: it does not begin with the app,
// since they are worked off by time.
var Uploads = Rows[Upload]{"uploads"}

// Upload is a file that waits for the message it belongs to.
type Upload struct {
	Handle gateway.Handle `json:"handle"`
	Until  time.Time      `json:"until"`
}

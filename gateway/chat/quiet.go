package chat

import (
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/wire"
)

// QuietHours reads quiet hours as callers write them.
type QuietHours = wire.QuietHours

// quiet is what is stored of them.
func quiet(f Field[QuietHours]) Field[gateway.QuietHours] {
	return Field[gateway.QuietHours]{Set: f.Set, Null: f.Null, Value: gateway.QuietHours(f.Value)}
}

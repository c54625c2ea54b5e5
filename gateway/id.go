package gateway

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"sync"
	"time"
)

// Identifiers. Those of apps, users and conversations are the caller's own and
// opaque (UUIDs, e-mail addresses, numbers, text with spaces); the others are
// minted here by NewID and carry a readable prefix.
type (
	// AppID names a tenant.
	AppID string
	// UserID names a user within an app.
	UserID string
	// ConversationID names a conversation within an app.
	ConversationID string
	// DepartmentID names a part of an app's support team; the caller's own.
	DepartmentID string
	// MessageID names a chat message ("msg_…"); it is not an RFC 5322 Message-ID.
	MessageID string
	// NotificationID names one decision to tell one person something ("ntf_…").
	NotificationID string
	// DeliveryID names one mail to one address ("dlv_…").
	DeliveryID string
	// ReplyID names the record of one received mail for one recipient ("rpl_…").
	ReplyID string
	// NoticeID names one notice about a received mail ("ntc_…").
	NoticeID string
	// EventID names one event; it is the webhook-id too, so it holds no dot ("evt_…").
	EventID string
	// EndpointID names a webhook receiver ("ep_…").
	EndpointID string
	// KeyID names an API key ("key_…"); it is not the key.
	KeyID string
	// TraceID follows one message to its mail, its reply and their webhooks.
	TraceID string
)

// Prefixes of minted identifiers.
const (
	PrefixMessage      = "msg_"
	PrefixNotification = "ntf_"
	PrefixDelivery     = "dlv_"
	PrefixReply        = "rpl_"
	PrefixNotice       = "ntc_"
	PrefixEvent        = "evt_"
	PrefixEndpoint     = "ep_"
	PrefixKey          = "key_"
	PrefixTrace        = "trc_"
)

// crockford is Crockford's base32 alphabet in lower case: ids sort as they were minted.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// IDSource mints identifiers that sort in the order they were minted: 48 bits
// of Unix milliseconds, 80 bits of randomness, and within one millisecond the
// previous value plus one. It is safe for concurrent use.
type IDSource struct {
	mu   sync.Mutex
	last [16]byte
}

// Next mints an identifier at now: prefix and 26 base32 digits. Should the wall
// clock step back, the order of minting is kept all the same.
func (s *IDSource) Next(prefix string, now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	s.mu.Lock()
	defer s.mu.Unlock()
	if string(b[:6]) > string(s.last[:6]) {
		rand.Read(b[6:])
		b[6] &= 0x7f // leaves room to count up within the millisecond
	} else {
		b = s.last
		for i := len(b) - 1; i >= 0; i-- {
			b[i]++
			if b[i] != 0 {
				break
			}
		}
	}
	s.last = b
	return prefix + crockford.EncodeToString(b[:])
}

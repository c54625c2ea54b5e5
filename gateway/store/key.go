package store

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/replygate/replygate/gateway"
)

// Key is a row's key: parts laid one after another so that bytewise order is
// the order of the parts. Strings end in 0x00 0x01 (a zero within is 0x00 0xFF:
// so what follows a string, whatever its bytes, is never taken for a part of
// it), numbers are eight bytes, big-endian.
type Key []byte

// Scope names what an Update locks first.
type Scope struct {
	App  gateway.AppID
	Kind byte
	ID   string
}

// ConversationScope locks a conversation with its participants and messages.
func ConversationScope(app gateway.AppID, c gateway.ConversationID) Scope {
	return Scope{app, 'c', string(c)}
}

// UserScope locks a user with presence.
func UserScope(app gateway.AppID, u gateway.UserID) Scope { return Scope{app, 'u', string(u)} }

// AddressScope locks what is known of an address.
func AddressScope(app gateway.AppID, a gateway.Address) Scope {
	return Scope{app, 'a', a.Folded().String()}
}

// AppScope locks an app's own settings.
func AppScope(app gateway.AppID) Scope { return Scope{app, 'p', ""} }

// SystemScope locks what belongs to no app: sweeping, schema.
func SystemScope(name string) Scope { return Scope{"", 's', name} }

// DomainKey is the key of a mail domain of an app's own.
func DomainKey(name string) Key { return Key(nil).String(name) }

// AppKey begins the key of a row that belongs to an app as a whole.
func AppKey(app gateway.AppID) Key { return Key(nil).String(string(app)) }

// ConversationKey begins the key of a row of a conversation: app, shard, id.
func ConversationKey(app gateway.AppID, c gateway.ConversationID) Key {
	return shardKey(app, string(c))
}

// UserKey begins the key of a row of a user: app, shard, id.
func UserKey(app gateway.AppID, u gateway.UserID) Key { return shardKey(app, string(u)) }

// AddressKey is the key of what is known of an address, however it is written.
func AddressKey(app gateway.AppID, a gateway.Address) Key {
	return AppKey(app).String(a.Folded().String())
}

// HandleKey is the key of a handle's row. It does not begin with the app: the
// row is what tells the app.
func HandleKey(h gateway.Handle) Key { return Key(nil).Uint(uint64(h)) }

func shardKey(app gateway.AppID, id string) Key {
	k := AppKey(app)
	k = append(k, byte(ShardOf(app, id)))
	return k.String(id)
}

// String returns the key with one more string part.
func (k Key) String(s string) Key {
	out := make(Key, len(k), len(k)+len(s)+2)
	copy(out, k)
	for i := range len(s) {
		out = append(out, s[i])
		if s[i] == 0 {
			out = append(out, 0xff)
		}
	}
	return append(out, 0, 1)
}

// text reads a key that is one string part.
func (k Key) text() string {
	out := bytes.TrimSuffix(k, []byte{0, 1})
	return string(bytes.ReplaceAll(out, []byte{0, 0xff}, []byte{0}))
}

// Uint returns the key with one more number.
func (k Key) Uint(n uint64) Key {
	return binary.BigEndian.AppendUint64(bytes.Clone(k), n)
}

// Time returns the key with one more time, to the millisecond; times before
// 1970 count as 1970.
func (k Key) Time(t time.Time) Key { return k.Uint(uint64(max(0, t.UnixMilli()))) }

// Next is the first key after every key that begins with k; nil if there is none.
func (k Key) Next() Key {
	out := bytes.Clone(k)
	for i := len(out) - 1; i >= 0; i-- {
		out[i]++
		if out[i] != 0 {
			return out[:i+1]
		}
	}
	return nil
}

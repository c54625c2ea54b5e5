package store

import (
	"time"

	"github.com/replygate/replygate/gateway"
)

// HandleRow says what a handle inside a signed address or link stands for.
type HandleRow struct {
	Handle       gateway.Handle         `json:"handle"`
	App          gateway.AppID          `json:"app"`
	Purpose      string                 `json:"purpose"` // token.Purpose
	Conversation gateway.ConversationID `json:"conversation,omitempty"`
	User         gateway.UserID         `json:"user,omitempty"`
	Delivery     gateway.DeliveryID     `json:"delivery,omitempty"`
	// Reply is the held reply that a link decides about.
	Reply gateway.ReplyID `json:"reply,omitempty"`
	// Address is whose unsubscribing it is.
	Address gateway.Address `json:"address,omitzero"`
	// Attachment is the file a link serves.
	Attachment *gateway.Attachment `json:"attachment,omitempty"`
	// Test: it stands in mails that a test key caused.
	Test      bool      `json:"test,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	// RevokedAt marks an address that died: participant left, conversation deleted.
	RevokedAt *time.Time `json:"revokedAt,omitempty"`
}

// Allocate draws a handle that is not taken, and stores under it what it stands
// for: row, whose Handle it sets.
func Allocate(tx Tx, row HandleRow) (gateway.Handle, error) {
	for {
		h := gateway.NewHandle()
		_, taken, err := Handles.Find(tx, HandleKey(h))
		if err != nil {
			return 0, err
		}
		if taken {
			continue
		}
		row.Handle = h
		return h, Handles.Put(tx, HandleKey(h), row)
	}
}

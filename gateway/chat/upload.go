package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
)

// Bounds of uploaded files.
const (
	// MaxUpload is the largest file, in octets.
	MaxUpload = 25 << 20
	// UploadAge is how long a file waits for the message it belongs to.
	UploadAge = 24 * time.Hour
)

// Upload keeps a file for a message to come and returns its token. sealed is the
// file as it is stored; name, type and size are those of the file itself.
func (s *Service) Upload(ctx context.Context, app gateway.AppID, sealed store.Staged, file gateway.Attachment) (string, error) {
	now := s.now()
	var h gateway.Handle
	err := s.update(ctx, store.AppScope(app), "upload file", func(tx store.Tx) error {
		ref, err := tx.Keep(sealed)
		if err != nil {
			return err
		}
		file.Blob = ref
		h, err = store.Allocate(tx, store.HandleRow{
			App: app, Purpose: string(rune(token.Attachment)), Attachment: &file, CreatedAt: now,
		})
		if err != nil {
			return err
		}
		return store.Uploads.Put(tx, uploadKey(now.Add(UploadAge), h), store.Upload{Handle: h, Until: now.Add(UploadAge)})
	})
	return s.Tokens.Mint(token.Attachment, h, s.Domain), err
}

// attach gives the i-th message of a call the file its token stands for. A file
// goes with one message.
func (r *room) attach(i int, in NewMessage, m *gateway.Message) error {
	if !in.AttachmentToken.has() {
		return nil
	}
	unknown := gateway.Wrong(fmt.Sprintf("[%d].attachmentToken", i), "This is no token of a file that was uploaded less than a day ago and goes with no message yet.")
	h, ok := r.Tokens.ReadFor(token.Attachment, in.AttachmentToken.Value, r.Domain)
	if !ok {
		return unknown
	}
	k := store.HandleKey(h)
	row, found, err := store.Handles.Find(r.tx, k)
	if err != nil {
		return err
	}
	if !found || row.App != r.app.ID || row.Attachment == nil || row.Conversation != "" {
		return unknown
	}
	upload := uploadKey(row.CreatedAt.Add(UploadAge), h)
	if _, waits, err := store.Uploads.Find(r.tx, upload); err != nil || !waits {
		return errors.Join(err, unknown)
	}
	if err := store.Uploads.Delete(r.tx, upload); err != nil {
		return err
	}
	row.Conversation = r.conv.ID
	file := *row.Attachment
	file.Handle = h
	m.Attachment = &file
	return store.Handles.Put(r.tx, k, row)
}

// dropUploads gives up files for which no message came.
func (s *Service) dropUploads(ctx context.Context) error {
	for {
		n, now := 0, s.now()
		err := s.update(ctx, store.SystemScope("uploads"), "drop uploads", func(tx store.Tx) error {
			n = 0
			return store.Uploads.Scan(tx, store.Range{To: store.Key(nil).Time(now)}, func(k store.Key, u store.Upload) (bool, error) {
				n++
				row, found, err := store.Handles.Find(tx, store.HandleKey(u.Handle))
				if err == nil && found {
					file := *row.Attachment
					file.Handle = u.Handle
					err = dropFile(tx, row.App, &file)
				}
				return n < removeSlice, errors.Join(err, store.Uploads.Delete(tx, k))
			})
		})
		if err != nil || n < removeSlice {
			return err
		}
	}
}

func uploadKey(until time.Time, h gateway.Handle) store.Key {
	return store.Key(nil).Time(until).Uint(uint64(h))
}

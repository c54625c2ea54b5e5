package inbound

import (
	"bytes"
	"context"
	"crypto/sha256"
	"image"
	_ "image/gif"  // signatures hold pictures of these kinds
	_ "image/jpeg" // …
	_ "image/png"  // …
	"slices"
	"strings"

	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/inbound/message"
)

// A picture of a signature is left out if it is a logo, an icon or a line by its
// size, in bytes and pixels. A larger one is posted once.
const (
	maxLogo       = 64 << 10
	maxLogoWidth  = 600
	maxLogoHeight = 200
)

// withoutLogos leaves out the pictures that belong to the sender's signature: those
// that the mail shows there and nowhere else, and that are small or were posted
// with another mail. Whatever is shown among the words, and every attached file,
// stays: to post a logo is a nuisance, to lose a picture is a loss. It returns the
// keys of those that are posted this once.
func (t *transaction) withoutLogos(ctx context.Context, rec *received, to recipient, files []message.Attachment, shown []string) (kept []message.Attachment, seen []store.Key, err error) {
	if !slices.ContainsFunc(files, func(f message.Attachment) bool { return decorates(f, shown) }) {
		return files, nil, nil
	}
	err = t.Store.View(ctx, func(rd store.Reader) error {
		kept, seen = nil, nil
		for _, f := range files {
			if !decorates(f, shown) {
				kept = append(kept, f)
				continue
			}
			sum := sha256.Sum256(f.Data)
			k := store.UserKey(to.row.App, to.row.User).String(string(sum[:]))
			before, found, err := store.SeenPictures.Find(rd, k)
			if err != nil {
				return err
			}
			if (!found || before.Mail == rec.name()) && !isLogo(f.Data) {
				kept, seen = append(kept, f), append(seen, k)
			}
		}
		return nil
	})
	return kept, seen, err
}

// decorates tells a picture that only the signature shows.
func decorates(f message.Attachment, shown []string) bool {
	return strings.HasPrefix(f.Type, "image/") && f.ContentID != "" && slices.Contains(shown, f.ContentID)
}

// rememberPictures has the pictures of a signature left out from now on.
func (p *posting) rememberPictures(tx store.Tx) error {
	for _, k := range p.seen {
		if err := store.SeenPictures.Put(tx, k, store.SeenPicture{Mail: p.rec.name()}); err != nil {
			return err
		}
		if err := store.ExpireAt(tx, store.SeenPictures.Table, k, p.rec.at.Add(store.SeenPictureAge)); err != nil {
			return err
		}
	}
	return nil
}

// isLogo judges by the size; what cannot be read is none.
func isLogo(data []byte) bool {
	if len(data) > maxLogo {
		return false
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	return err == nil && c.Width <= maxLogoWidth && c.Height <= maxLogoHeight
}

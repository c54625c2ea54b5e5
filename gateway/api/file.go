package api

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
)

const (
	filesPath = "files"
	// maxForm is what a form may hold around its file, in octets.
	maxForm = 64 << 10
	// maxUploading is how many files are taken in at once: each is held in memory.
	maxUploading = 3
	maxFileName  = 255
)

// readAll reads the body: a file is larger than JSON may be.
func (c *call) readAll(r *http.Request) ([]byte, error) {
	if !c.takesFile() {
		return readBody(r)
	}
	if err := c.permit(c.method, c.path); err != nil {
		return nil, err
	}
	select {
	case c.uploading <- struct{}{}:
		defer func() { <-c.uploading }()
	case <-c.ctx.Done():
		return nil, c.ctx.Err()
	}
	most := chat.MaxUpload + maxForm
	if c.path[0] == parsePath {
		most = chat.MaxUpload/3*4 + maxForm // RFC 4648, section 4: base64 takes four octets for three
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, int64(most)+1))
	if err != nil {
		return nil, fail(http.StatusBadRequest, "INVALID_REQUEST", "body", "The request body did not arrive whole.")
	}
	if len(b) > most {
		drain(r.Body)
		return nil, tooLarge()
	}
	return b, nil
}

func tooLarge() error {
	return gateway.Wrong("file", "A file has at most %d MiB.", chat.MaxUpload>>20)
}

// upload keeps a file until a message names its token. The body is a form with a
// file, or the file itself with its name in the query ("filename").
func upload(c *call, _ []string) (any, error) {
	file, data, err := c.file()
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, gateway.Wrong("file", "The body holds no file.")
	}
	if len(data) > chat.MaxUpload {
		return nil, tooLarge()
	}
	file.Size, file.Name = int64(len(data)), fileName(file.Name)
	sealed, err := c.Store.Stage(c.ctx, c.app.ID, c.Apps.Box.Seal(secret.PurposeFile, data))
	if err != nil {
		return nil, err
	}
	return c.once(store.AppScope(c.app.ID), func(c *call) (any, error) {
		token, err := c.Chat.Upload(c.ctx, c.app.ID, sealed, file)
		return uploaded{token, token}, err
	})
}

// uploaded is the answer to an upload: the token by its older and its newer name.
type uploaded struct {
	AttachmentToken string `json:"attachmentToken"`
	FileToken       string `json:"fileToken"`
}

// file finds the file in the body.
func (c *call) file() (gateway.Attachment, []byte, error) {
	kind, params, err := mime.ParseMediaType(c.head.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return gateway.Attachment{Name: c.param("filename"), Type: kind}, c.body, nil
	}
	form := multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	for {
		p, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return gateway.Attachment{}, nil, nil
		}
		if err != nil {
			return gateway.Attachment{}, nil, gateway.Wrong("body", "The form cannot be read.")
		}
		if p.FileName() == "" {
			continue
		}
		data, err := io.ReadAll(p)
		if err != nil {
			return gateway.Attachment{}, nil, gateway.Wrong("body", "The form cannot be read.")
		}
		return gateway.Attachment{Name: cmp.Or(c.param("filename"), p.FileName()), Type: p.Header.Get("Content-Type")}, data, nil
	}
}

// fileName is a name without directories and control characters.
func fileName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(path.Base(strings.ReplaceAll(s, `\`, "/")), ""))
	if len(s) > maxFileName {
		s = strings.ToValidUTF8(s[len(s)-maxFileName:], "") // the ending says what it is
	}
	if s == "." || s == "/" || s == "" {
		return "file"
	}
	return s
}

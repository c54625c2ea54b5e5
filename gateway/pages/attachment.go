package pages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
)

const (
	// maxServing bounds the memory of files that are being sent, in octets.
	maxServing = 128 << 20
	// servingWait is how long a request waits for such memory.
	servingWait = 10 * time.Second
	// sendTime is how long sending a file may take, so that slow readers do not
	// hold it for ever.
	sendTime = 5 * time.Minute
	// maxName bounds a file name, in octets.
	maxName = 150
)

// attachment serves a file that came by mail. Whoever wrote the mail chose its
// bytes, name and type: it is a download, never a page of this site.
func (p *Pages) attachment(w http.ResponseWriter, r *http.Request) {
	known := r.Method == http.MethodGet || r.Method == http.MethodHead
	if p.allow(w, r, "GET, HEAD, OPTIONS", known) {
		return
	}
	row, _, err := p.handle(r, token.Attachment)
	if err == nil && (row.Attachment == nil || row.Attachment.Blob == "" || row.RevokedAt != nil) {
		err = errNoLink
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	size := min(2*max(row.Attachment.Size, 0)+(64<<10), maxServing) // sealed and open
	wait, cancel := context.WithTimeout(r.Context(), servingWait)
	defer cancel()
	if err := p.serving.Acquire(wait, size); err != nil {
		p.fail(w, r, fmt.Errorf("no memory to send a file: %w", err))
		return
	}
	defer p.serving.Release(size)
	data, err := p.file(r.Context(), row)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.send(w, r, row, data)
}

// file reads and opens the stored bytes.
func (p *Pages) file(ctx context.Context, row store.HandleRow) ([]byte, error) {
	sealed, err := p.Store.Blob(ctx, row.App, row.Attachment.Blob)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoLink
	}
	if err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	data, err := p.Box.Open(secret.PurposeFile, sealed)
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	return data, nil
}

// send answers with the file, in part if that is asked for.
func (p *Pages) send(w http.ResponseWriter, r *http.Request, row store.HandleRow, data []byte) {
	// A writer without deadlines is one of a test, or of a server with its own.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendTime))
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "private, max-age=3600")
	h.Set("Content-Type", contentType(row.Attachment.Type))
	h.Set("Content-Disposition", disposition(row.Attachment.Name))
	h.Set("ETag", `"`+string(row.Attachment.Blob)+`"`)
	http.ServeContent(w, r, "", row.CreatedAt, bytes.NewReader(data))
}

// harmless are the types (or, ending in a slash or a dot, families) that are
// passed on; of all others nothing is said, lest a browser act on it.
var harmless = []string{
	"audio/", "video/", "image/png", "image/jpeg", "image/gif", "image/webp", "image/heic", "image/heif", "image/bmp", "image/tiff",
	"application/pdf", "application/zip", "application/msword", "application/rtf", "application/vnd.ms-excel",
	"application/vnd.ms-powerpoint", "application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.",
	"text/plain", "text/csv", "text/calendar", "text/vcard",
}

func contentType(declared string) string {
	kind, _, err := mime.ParseMediaType(declared)
	if err == nil {
		for _, ok := range harmless {
			family := strings.HasSuffix(ok, "/") || strings.HasSuffix(ok, ".")
			if kind == ok || family && strings.HasPrefix(kind, ok) {
				return kind
			}
		}
	}
	return "application/octet-stream"
}

// disposition has the answer saved under a safe name: in ASCII for old readers,
// and as it is (RFC 6266, section 4.3, and RFC 8187, section 3.2).
func disposition(name string) string {
	name = safeName(name)
	ascii := strings.Map(func(r rune) rune {
		if r > '~' || r == '%' {
			return '_'
		}
		return r
	}, name)
	out := `attachment; filename="` + ascii + `"`
	if ascii != name {
		out += "; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	}
	return out
}

// safeName makes a stranger's file name one that cannot leave a directory, hide
// its ending behind a change of writing direction, or mean something to a shell
// or an operating system.
func safeName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
			return -1
		case strings.ContainsRune(`/\:*?"<>|;`+"`$", r):
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Trim(s, ". ")
	if len(s) > maxName {
		s = shorten(s)
	}
	base, _, _ := strings.Cut(s, ".")
	if s == "" || reserved(strings.TrimSpace(base)) {
		return "attachment" + strings.TrimPrefix(s, base)
	}
	return s
}

// shorten cuts a long name before its ending.
func shorten(s string) string {
	ending := ""
	if i := strings.LastIndexByte(s, '.'); i >= 0 && len(s)-i <= 16 {
		ending = s[i:]
	}
	return strings.Trim(strings.ToValidUTF8(s[:maxName-len(ending)], ""), ". ") + ending
}

// reserved tells the names of devices in Windows.
func reserved(base string) bool {
	b := strings.ToUpper(base)
	switch b {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(b) == 4 && (b[:3] == "COM" || b[:3] == "LPT") && b[3] >= '0' && b[3] <= '9'
}

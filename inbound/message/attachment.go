package message

import (
	"net/url"
	"strings"
)

// attach makes attachments of the files that were noted.
func (a *assembly) attach() {
	shown := a.shown()
	for _, e := range a.files {
		f := Attachment{
			Name:      harmlessName(a.fileName(e), e.mediaType()),
			Type:      e.mediaType(),
			Data:      decodeTransfer(e.body, e.encoding),
			ContentID: contentID(e.fields().Get("Content-Id")),
		}
		if w := e.disposition.word; w == "inline" || w == "attachment" {
			f.Disposition = w
		}
		f.Inline = f.ContentID != "" && shown[f.ContentID] ||
			f.Disposition == "inline" && strings.HasPrefix(f.Type, "image/")
		a.m.Attachments = append(a.m.Attachments, f)
	}
}

// mediaType is the type as an Attachment shows it: one of the form that RFC
// 6838, section 4.2, allows, or else that of any octets.
func (e *entity) mediaType() string {
	major, minor, ok := strings.Cut(e.media.word, "/")
	if !ok || !isTypeName(major) || !isTypeName(minor) {
		return "application/octet-stream"
	}
	return e.media.word
}

func isTypeName(s string) bool {
	if s == "" || len(s) > 127 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte("!#$&-^_.+", c) < 0 {
			return false
		}
	}
	return true
}

// fields reads the header of a part. What cannot be read is no reason to lose the part.
func (e *entity) fields() Header {
	h, err := readHeader(e.header)
	if err != nil {
		return Header{}
	}
	return h
}

// fileName is the name the sender gave, not yet harmless. Many programs write
// it as an encoded word, against RFC 2047, section 5.
func (a *assembly) fileName(e *entity) string {
	name := e.disposition.get("filename")
	if name == "" {
		name = e.media.get("name")
	}
	return decodeWords(name, a.charset)
}

// contentID strips the brackets of a Content-ID (RFC 2045, section 7); one that
// is too long for a line is dropped.
func contentID(value string) string {
	id := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(value), "<"), ">")
	if len(id) > maxID {
		return ""
	}
	return strings.TrimSpace(id)
}

// shown collects the identifiers that the HTML refers to (RFC 2392), exactly.
func (a *assembly) shown() map[string]bool {
	ids := map[string]bool{}
	html := a.m.HTML
	for {
		i := strings.Index(html, "cid:")
		if i < 0 {
			return ids
		}
		html = html[i+len("cid:"):]
		id := html[:min(len(html), maxID)]
		if end := strings.IndexAny(id, "\"'<> \n\t)"); end >= 0 {
			id = id[:end]
		}
		html = html[len(id):]
		ids[id] = true
		if plain, err := url.PathUnescape(id); err == nil {
			ids[plain] = true
		}
	}
}

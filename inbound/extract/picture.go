package extract

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// picture is a picture that came with the mail, where it is shown.
type picture struct {
	id string // Content-ID
	// above is the line it stands in or below, next the one it stands in or above.
	above, next int
}

// maxPictures bounds how many are looked at.
const maxPictures = 1000

// picture notes where a picture stands.
func (w *pageWriter) picture(n *html.Node) {
	src := strings.TrimSpace(attr(n, "src"))
	if len(src) < 5 || !strings.EqualFold(src[:4], "cid:") || len(w.page.pictures) >= maxPictures {
		return
	}
	id := src[4:]
	if plain, err := url.PathUnescape(id); err == nil {
		id = plain
	}
	at := len(w.page.lines)
	above := at - 1
	if len(w.text) > 0 {
		above = at
	}
	w.page.pictures = append(w.page.pictures, picture{id, above, at})
}

// signaturePictures are those that are shown in the signature and nowhere else:
// the words above are the signature's, and no words of the reply follow at once.
func (p *page) signaturePictures(lines []line) []string {
	elsewhere := map[string]bool{}
	var out []string
	for _, pic := range p.pictures {
		above, next := pic.above, pic.next
		for above >= 0 && above < len(lines) && lines[above].blank() {
			above--
		}
		for next < len(lines) && lines[next].blank() {
			next++
		}
		signed := above >= 0 && above < len(lines) && (lines[above].class == classSignature || lines[above].class == classDevice)
		if !signed || next < len(lines) && lines[next].class == classReply {
			elsewhere[pic.id] = true
			continue
		}
		out = append(out, pic.id)
	}
	kept := out[:0]
	for _, id := range out {
		if !elsewhere[id] {
			kept = append(kept, id)
		}
	}
	return kept
}

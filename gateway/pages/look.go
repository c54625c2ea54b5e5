package pages

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed person.png
var personPNG []byte

// view is what a page says. Its strings are text; the template escapes them.
type view struct {
	Lang, Dir string
	Title     string
	Text      []string
	// Do and Button make the page's main button; Quiet is the lesser kind.
	Do, Button string
	Quiet      bool
	// OtherDo and Other make a lesser button below it, Check a box above both
	// that sends "alias".
	OtherDo, Other string
	Check          string
	// Quote is somebody's words, Files what came with them.
	Quote string
	Files []string
}

// look writes pages; policy is the Content-Security-Policy they need.
type look struct {
	page   *template.Template
	style  template.CSS
	policy string
}

func newLook() look {
	sum := sha256.Sum256([]byte(pageCSS))
	return look{
		page:  template.Must(template.New("page").Parse(pageHTML)),
		style: template.CSS(pageCSS),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	}
}

// write answers with a page.
func (l look) write(w http.ResponseWriter, r *http.Request, status int, v view) {
	var b bytes.Buffer
	err := l.page.Execute(&b, struct {
		view
		Style template.CSS
	}{v, l.style})
	if err != nil { // cannot be: the template takes any view
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", v.Lang)
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // a reader that went away is no concern
	}
}

// person answers with the neutral picture; mail clients may keep it.
func (l look) person(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Cache-Control", "public, max-age=86400")
	h.Set("Content-Length", strconv.Itoa(len(personPNG)))
	if r.Method != http.MethodHead {
		w.Write(personPNG)
	}
}

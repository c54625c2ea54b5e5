package inbound

import (
	"encoding/base64"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// multipart is the head of a mail whose body is made by fileParts.
const multipart = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b1\n"

// fileParts writes a text and files (name, type, content each).
func fileParts(text string, files ...string) string {
	out := "--b1\nContent-Type: text/plain; charset=utf-8\n\n" + text + "\n"
	for i := 0; i+2 < len(files); i += 3 {
		out += "--b1\nContent-Type: " + files[i+1] + "\nContent-Disposition: attachment; filename=\"" + files[i] +
			"\"\nContent-Transfer-Encoding: base64\n\n" + base64Lines(files[i+2]) + "\n"
	}
	return out + "--b1--\n"
}

func base64Lines(s string) string {
	e := base64.StdEncoding.EncodeToString([]byte(s))
	var b strings.Builder
	for len(e) > 76 {
		b.WriteString(e[:76] + "\n")
		e = e[76:]
	}
	return b.String() + e
}

// blobs counts the stored bytes that something keeps.
func (w *watched) blobs() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.kept)
}

// ledger notes what a transaction keeps and drops.
type ledger struct {
	store.Tx
	change map[string]int
}

func (l *ledger) Keep(s store.Staged) (gateway.BlobRef, error) {
	l.change[string(s.App)+" "+string(s.Ref)]++
	return l.Tx.Keep(s)
}

func (l *ledger) Drop(a gateway.AppID, ref gateway.BlobRef) error {
	l.change[string(a)+" "+string(ref)]--
	return l.Tx.Drop(a, ref)
}

package message

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// Digest identifies what a mail says, for recognising its copies: a SHA-256 in
// hex over the text, with line ends and the white space around lines made
// equal, and over the files' contents in their order. Names do not count:
// relays re-encode them.
func Digest(text string, files []Attachment) string {
	h := sha256.New()
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	for line := range strings.SplitSeq(text, "\n") {
		h.Write([]byte(strings.TrimSpace(line)))
		h.Write([]byte{'\n'})
	}
	for _, f := range files {
		sum := sha256.Sum256(f.Data)
		h.Write(binary.BigEndian.AppendUint64([]byte{0}, uint64(len(f.Data))))
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

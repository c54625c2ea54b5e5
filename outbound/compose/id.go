package compose

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"

	"github.com/replygate/replygate/gateway"
)

// MessageID is the Message-ID of a delivery's mail, without angle brackets: the
// same for every attempt, dots on both sides of the @ (some filters distrust
// ids without).
func MessageID(domain string, d gateway.DeliveryID) string {
	return strings.TrimPrefix(string(d), gateway.PrefixDelivery) + ".mail@" + domain
}

// ThreadRoot is the id that every mail about one incarnation of a conversation
// names first in References, so that clients show one thread. No mail bears it.
func ThreadRoot(domain string, app gateway.AppID, c gateway.ConversationID, incarnation string) string {
	h := sha256.New()
	for _, s := range []string{string(app), string(c), incarnation} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	return lowerBase32.EncodeToString(h.Sum(nil)[:15]) + ".thread@" + domain
}

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Bounds of ids taken from elsewhere.
const (
	maxIDLength   = 250
	maxReferences = 20
)

// validID tells whether s is a msg-id of RFC 5322, section 3.6.4, without angle
// brackets: dot-atoms on both sides, or a literal on the right.
func validID(s string) bool {
	left, right, ok := strings.Cut(s, "@")
	if !ok || len(s) > maxIDLength {
		return false
	}
	if len(right) > 2 && right[0] == '[' && right[len(right)-1] == ']' {
		right = right[1 : len(right)-1]
		return isDotAtom(left) && !strings.ContainsFunc(right, func(r rune) bool { return r < '!' || r > '~' || strings.ContainsRune(`[]\<>`, r) })
	}
	return isDotAtom(left) && isDotAtom(right)
}

func isDotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if !isAtom(atom) {
			return false
		}
	}
	return true
}

func isAtom(s string) bool {
	for i := range len(s) {
		c := s[i]
		alnum := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !alnum && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// inReplyTo is the mail answered, or else the thread's root.
func (n *Notification) inReplyTo() string {
	if validID(n.InReplyTo) {
		return n.InReplyTo
	}
	return n.ThreadRoot
}

// references are the root, then the newest of what came before, each once (RFC
// 5322, section 3.6.4), the one replied to last.
func (n *Notification) references() []string {
	all := append(append([]string(nil), n.References...), n.InReplyTo)
	seen := map[string]bool{n.ThreadRoot: true, n.MessageID: true}
	room := maxReferences
	if n.ThreadRoot != "" {
		room--
	}
	var newest []string // the newest first
	for i := len(all) - 1; i >= 0 && len(newest) < room; i-- {
		if id := all[i]; validID(id) && !seen[id] {
			seen[id] = true
			newest = append(newest, id)
		}
	}
	var out []string
	if n.ThreadRoot != "" {
		out = append(out, n.ThreadRoot)
	}
	for i := len(newest) - 1; i >= 0; i-- {
		out = append(out, newest[i])
	}
	return out
}

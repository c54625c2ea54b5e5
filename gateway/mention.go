package gateway

import "strings"

// Mentions are the users a text names as "<@id>" or "<@id|shown name>", in the
// order they are first named, each once. Reading is linear in the text.
func Mentions(text string) []UserID {
	var out []UserID
	seen := map[UserID]bool{}
	for {
		_, after, found := strings.Cut(text, "<@")
		if !found {
			return out
		}
		inner, rest, closed := strings.Cut(after, ">")
		if !closed {
			return out
		}
		if strings.Contains(inner, "<@") { // an opening that was never closed
			text = after
			continue
		}
		name, _, _ := strings.Cut(inner, "|")
		if id := UserID(name); id != "" && !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
		text = rest
	}
}

package compose

import (
	_ "embed"
	"sort"
	"strings"
)

// emojis holds a line for each shortcode: the name, a tab, the characters; the
// lines are in the order of their octets. The names are those of GitHub's gemoji
// (https://github.com/github/gemoji) and, where it has none such, of emoji-mart
// (https://github.com/missive/emoji-mart), which are those of Slack and of most
// pickers, the skin tones too; for both see emoji_LICENSE.txt.
//
//go:embed emoji.txt
var emojis string

// maxShortcode is the length of the longest name, in octets.
const maxShortcode = 54

// emoji finds the characters of a shortcode by its name, by halving.
func emoji(name string) (string, bool) {
	wanted := name + "\t"
	// The first octet whose line is not before the wanted one.
	at := sort.Search(len(emojis), func(i int) bool {
		line := emojis[strings.LastIndexByte(emojis[:i], '\n')+1:]
		return line[:min(len(wanted), len(line))] >= wanted
	})
	at = strings.LastIndexByte(emojis[:at], '\n') + 1
	rest, found := strings.CutPrefix(emojis[at:], wanted)
	if !found {
		return "", false
	}
	characters, _, _ := strings.Cut(rest, "\n")
	return characters, true
}

// shortcode reads ":name:" at the beginning of s: the characters it stands for
// and its length. What is no name of an emoji has none.
func shortcode(s string) (characters string, length int) {
	end := strings.IndexByte(s[1:min(len(s), maxShortcode+2)], ':')
	if end <= 0 {
		return "", 0
	}
	name := s[1 : 1+end]
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte("_-+", c) < 0 {
			return "", 0
		}
	}
	characters, ok := emoji(name)
	if !ok {
		return "", 0
	}
	return characters, end + 2
}

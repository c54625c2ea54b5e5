package compose

import (
	"slices"
	"strings"
	"testing"
)

// TestEmojiTable: every name is found, the lines are in order, and no name is
// longer than what is looked for.
func TestEmojiTable(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(emojis, "\n"), "\n")
	if !slices.IsSorted(lines) || len(lines) < 1800 {
		t.Fatalf("%d lines, in order: %v", len(lines), slices.IsSorted(lines))
	}
	longest := 0
	for _, l := range lines {
		name, want, _ := strings.Cut(l, "\t")
		longest = max(longest, len(name))
		if got, n := shortcode(":" + name + ":"); got != want || n != len(name)+2 {
			t.Errorf("%s: got %q, %d", name, got, n)
		}
	}
	if longest != maxShortcode {
		t.Errorf("the longest name has %d octets", longest)
	}
	for _, name := range []string{"", "zzzz", "grinnin", "grinningg", "!", "\n", "\t", "+1\t👍"} {
		if got, ok := emoji(name); ok {
			t.Errorf("%q is %q", name, got)
		}
	}
}

func TestShortcodes(t *testing.T) {
	for in, want := range map[string]string{
		"hello :wave:":                  "hello 👋",
		":heart::+1:":                   "❤️👍",
		"thanks:heart:":                 "thanks❤️",
		"你好:smile:世界":                   "你好😄世界",
		"10:100:00":                     "10:100:00",
		"a:b:c":                         "a:b:c",
		"at 12:30: see":                 "at 12:30: see",
		":no_such_thing:":               ":no_such_thing:",
		": smile :":                     ": smile :",
		"::smile::":                     ":😄:",
		":wave::skin-tone-3:":           "👋🏼",
		":thinking: :thinking_face:":    "🤔 🤔", // by GitHub, and by Slack
		":flag-us: :man-shrugging:":     "🇺🇸 🤷‍♂️",
		":" + strings.Repeat("x", 200):  ":" + strings.Repeat("x", 200),
		"http://x.example/:smile:/":     "http://x.example/:smile:/",
		"`:smile:`":                     "`:smile:`",
		"*:smile:*":                     "*😄*",
		strings.Repeat(":smile:", 3000): strings.Repeat("😄", 3000),
	} {
		if got := spansText(parseLine(in, nil)); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

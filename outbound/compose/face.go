package compose

import "unicode"

// initial is the first letter or digit of a name.
func initial(name string) string {
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "#"
}

// colors carry white letters with a contrast above 4.5 (WCAG 2.2, 1.4.3).
var colors = [...]string{"#3b5bdb", "#1971c2", "#0c7489", "#2b7a3f", "#8a5a00", "#b3400e", "#b02a4c", "#8430a0", "#5f3dc4"}

// ownColor is as quiet as what one has written oneself.
const ownColor = "#667080"

// color is always the same for a name.
func color(name string) string {
	sum := 0
	for _, r := range name {
		sum = (sum*31 + int(r)) & 0xffffff
	}
	return colors[sum%len(colors)]
}

package compose

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// busy is a mail of twelve messages with pictures, files and stickers of three
// people, as full as a mail gets.
func busy() Notification {
	n := rich()
	n.Earlier, n.People, n.MorePeople = 3, []string{"Ann Archer", "Ben", "Dora Diaz"}, 2
	photo := "https://market.example.com/img/ann.svg"
	picture := func(name string) *File {
		return &File{Name: name, URL: "https://market.example.com/img/bicycle.svg", Size: 184_000, Image: true}
	}
	said := []Message{
		{SenderID: "ann", SenderName: "Ann Archer", SenderPhoto: photo, Text: "Good morning :sunny:"},
		{SenderID: "ann", SenderName: "Ann Archer", SenderPhoto: photo, Text: "This is how it stands in the cellar.", Attachment: picture("cellar.jpg")},
		{SenderID: "ben", SenderName: "Ben", Text: "Nice! Is that *rust* on the left?"},
		{SenderID: "carla", SenderName: "Carla Conti", Own: true, Text: "I was about to ask that."},
		{SenderID: "ann", SenderName: "Ann Archer", SenderPhoto: photo, Quote: &Quote{SenderName: "Ben", Text: "Nice! Is that rust on the left?"}, Text: "Dirt. See for yourself:", Attachment: picture("a rather long name of a picture that was taken on Saturday afternoon.jpg")},
		{System: true, Text: "Dora Diaz joined the conversation"},
		{SenderID: "dora", SenderName: "Dora Diaz", Text: "Hi all"},
		{SenderID: "dora", SenderName: "Dora Diaz", Attachment: &File{Name: "happy face", URL: "https://market.example.com/img/sticker.svg", Image: true, Sticker: true}},
		{SenderID: "ann", SenderName: "Ann Archer", SenderPhoto: photo, Text: "The papers", Attachment: &File{Name: "certificate of ownership.pdf", URL: "https://chat.example.com/a/0123456789abcdef", Size: 1_245_300}},
		{SenderID: "ben", SenderName: "Ben", Text: "Where shall we meet?"},
		{SenderID: "ann", SenderName: "Ann Archer", SenderPhoto: photo, Text: "Here, at ten?", Location: &[2]float64{52.51628, 13.37771}},
		{SenderID: "ben", SenderName: "Ben", Text: "Fine. `ten sharp` :+1:"},
	}
	for i := range said {
		said[i].At = noon.Add(time.Duration(i-12) * 7 * time.Minute)
	}
	n.Messages = said
	return n
}

// designs are the mails whose design is tested, in two languages.
func designs() map[string]Notification {
	all := variants()
	all["busy"] = busy()
	hebrew := busy()
	hebrew.Locale, hebrew.MayReply = "he", false
	all["busy, from right to left, for readers"] = hebrew
	return all
}

// element is what mail clients make of one: its own style and what it inherits.
type element struct {
	*html.Node
	ink, ground         string // as #rrggbb
	darkInk, darkGround string
	hidden              bool
}

// walk shows fn every element of a mail, and every text with the element it is in.
func walk(t *testing.T, mail string, fn func(e element, text string)) {
	t.Helper()
	page, err := html.Parse(strings.NewReader(mail))
	if err != nil {
		t.Fatal(err)
	}
	dark := darkRules(t, mail)
	var visit func(n *html.Node, in element)
	visit = func(n *html.Node, in element) {
		switch n.Type {
		case html.TextNode:
			if s := strings.TrimSpace(n.Data); s != "" {
				fn(in, s)
			}
			return
		case html.ElementNode:
			if n.Data == "style" || n.Data == "title" {
				return
			}
			in.Node = n
			own := styleOfNode(n)
			in.hidden = in.hidden || own["display"] == "none"
			if c := own["color"]; c != "" {
				in.ink, in.darkInk = c, c
			}
			if c := own["background"]; c != "" {
				in.ground, in.darkGround = c, c
			}
			for _, class := range strings.Fields(attr(n, "class")) {
				if c := dark[class]["color"]; c != "" {
					in.darkInk = c
				}
				if c := dark[class]["background"]; c != "" {
					in.darkGround = c
				}
			}
			fn(in, "")
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c, in)
		}
	}
	visit(page, element{})
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func declarations(s string) map[string]string {
	out := map[string]string{}
	for d := range strings.SplitSeq(s, ";") {
		if name, value, ok := strings.Cut(d, ":"); ok {
			out[strings.TrimSpace(name)] = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "!important"))
		}
	}
	return out
}

func styleOfNode(n *html.Node) map[string]string { return declarations(attr(n, "style")) }

var (
	darkBlock = regexp.MustCompile(`(?s)prefers-color-scheme: dark\) \{\n(.*?)\n\}`)
	classRule = regexp.MustCompile(`\.(\w+) \{([^}]*)\}`)
)

// darkRules are the declarations by which classes look in dark mode.
func darkRules(t *testing.T, mail string) map[string]map[string]string {
	t.Helper()
	block := darkBlock.FindStringSubmatch(mail)
	if block == nil {
		t.Fatal("there is no dark mode")
	}
	out := map[string]map[string]string{}
	for _, m := range classRule.FindAllStringSubmatch(block[1], -1) {
		out[m[1]] = declarations(m[2])
	}
	return out
}

// contrast is that of WCAG 2.2 between two colours.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	light := func(c string) float64 {
		if len(c) != 7 || c[0] != '#' {
			t.Fatalf("%q is no colour", c)
		}
		var sum float64
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			n, err := strconv.ParseUint(c[1+2*i:3+2*i], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			v := float64(n) / 255
			if v <= 0.04045 {
				v /= 12.92
			} else {
				v = math.Pow((v+0.055)/1.055, 2.4)
			}
			sum += weight * v
		}
		return sum
	}
	x, y := light(a)+0.05, light(b)+0.05
	return max(x, y) / min(x, y)
}

// TestContrast: every word can be read, in light and in dark (WCAG 2.2, 1.4.3 AA:
// 4.5 to 1, whatever its size).
func TestContrast(t *testing.T) {
	least := map[string]float64{"light": 99, "dark": 99}
	for name, n := range designs() {
		walk(t, compose(t, n).HTML, func(e element, text string) {
			if text == "" || e.hidden {
				return
			}
			if e.ink == "" || e.ground == "" {
				t.Errorf("%s: %q is shown in the client's own colours", name, text)
				return
			}
			for mode, c := range map[string]float64{"light": contrast(t, e.ink, e.ground), "dark": contrast(t, e.darkInk, e.darkGround)} {
				least[mode] = min(least[mode], c)
				if c < 4.5 {
					t.Errorf("%s: %q in %s: %.2f to 1 (%s on %s; dark %s on %s)", name, text, mode, c, e.ink, e.ground, e.darkInk, e.darkGround)
				}
			}
		})
	}
	for _, c := range append(colors[:], ownColor) {
		if got := contrast(t, c, "#ffffff"); got < 4.5 {
			t.Errorf("an initial on %s: %.2f to 1", c, got)
		}
	}
	t.Logf("the least contrast is %.2f in light, %.2f in dark", least["light"], least["dark"])
}

// wordIgnores are properties that Outlook's Word engine does not know, or knows
// only on tables and cells: the layout must not need them.
var wordIgnores = map[string]func(tag string) bool{
	"position": never, "float": never, "flex": never, "grid": never, "transform": never, "opacity": never, "background-image": never, "box-shadow": never,
	"padding":   func(tag string) bool { return slices.Contains([]string{"td", "pre", "code", "a", "body"}, tag) },
	"width":     func(tag string) bool { return slices.Contains([]string{"td", "table", "img"}, tag) },
	"max-width": func(tag string) bool { return slices.Contains([]string{"table", "img"}, tag) },
}

func never(string) bool { return false }

// TestClients: what old and odd mail clients need.
func TestClients(t *testing.T) {
	for name, n := range designs() {
		m := compose(t, n)
		if len(m.HTML) > MaxHTML {
			t.Errorf("%s: %d octets", name, len(m.HTML))
		}
		for _, bad := range []string{"<script", "<link", "<form", "@import", "url(", "@font-face", "javascript:", "display:flex", "display:grid"} {
			if strings.Contains(m.HTML, bad) {
				t.Errorf("%s: holds %s", name, bad)
			}
		}
		if open, end := strings.Count(m.HTML, "<!--[if mso]>"), strings.Count(m.HTML, "<![endif]-->"); open != end || open < 3 {
			t.Errorf("%s: %d of Outlook's comments begin, %d end", name, open, end)
		}
		headings, pictures := 0, 0
		walk(t, m.HTML, func(e element, text string) {
			if text != "" {
				return
			}
			for property := range styleOfNode(e.Node) {
				if allowed := wordIgnores[property]; allowed != nil && !allowed(e.Data) {
					t.Errorf("%s: %s on <%s>", name, property, e.Data)
				}
			}
			switch e.Data {
			case "html":
				if attr(e.Node, "lang") == "" || attr(e.Node, "dir") == "" {
					t.Errorf("%s: no language or direction", name)
				}
			case "table":
				if attr(e.Node, "role") != "presentation" || attr(e.Node, "cellpadding") != "0" || attr(e.Node, "border") != "0" {
					t.Errorf("%s: a table that is read out as one", name)
				}
			case "h1":
				headings++
			case "img":
				pictures++
				if _, err := strconv.Atoi(attr(e.Node, "width")); err != nil || !slices.ContainsFunc(e.Attr, func(a html.Attribute) bool { return a.Key == "alt" }) {
					t.Errorf("%s: a picture without width or alt", name)
				}
				if !strings.HasPrefix(attr(e.Node, "src"), "https://") {
					t.Errorf("%s: a picture from %s", name, attr(e.Node, "src"))
				}
			case "a":
				button := e.Parent.Data == "td" && attr(e.Parent, "bgcolor") != ""
				if styleOfNode(e.Node)["text-decoration"] == "none" && !button {
					t.Errorf("%s: a link that is not underlined", name)
				}
				if button && !strings.Contains(attr(e.Parent, "style"), "mso-padding-alt") {
					t.Errorf("%s: a button without room in Outlook", name)
				}
			}
		})
		if headings != 1 {
			t.Errorf("%s: %d headings", name, headings)
		}
		if strings.HasPrefix(name, "busy") && (pictures < 5 || m.Omitted > 0) {
			t.Errorf("%s: %d pictures, %d messages omitted", name, pictures, m.Omitted)
		}
	}
}

// TestReadingOrder: what is read aloud, and by the text part, comes in the order
// of the conversation, then whether replying works, the link, and the rest.
func TestReadingOrder(t *testing.T) {
	m := compose(t, busy())
	var heard strings.Builder
	walk(t, m.HTML, func(e element, text string) {
		if text != "" && !e.hidden {
			fmt.Fprintln(&heard, text)
		}
	})
	for part, text := range map[string]string{"html": heard.String(), "text": m.Text} {
		at := 0
		for _, want := range []string{
			"not shown: 3", "Ann Archer", "Good morning", "cellar.jpg", "Ben", "rust", "You", "about to ask", "rust on the left", "Dirt", "Dora Diaz joined",
			"Hi all", "certificate of ownership.pdf", "1.2 MB", "Where shall we meet", "52.51628", "ten sharp", "Reply to this mail", "Open the conversation",
			"forward this mail", "In this conversation: Ann Archer, Ben, Dora Diaz, You +2", "You get this mail", "Unsubscribe",
		} {
			next := strings.Index(text[at:], want)
			if next < 0 {
				t.Fatalf("%s: %q is missing after\n%s", part, want, text[:at])
			}
			at += next
		}
	}
}

package extract

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway/gatewaytest"
)

// hostile are shapes that make quadratic readers slow. Each is repeated up to a size.
var hostile = []struct{ name, unit string }{
	{"one long line", "a"},
	{"spaces", " "},
	{"blank lines", "\n"},
	{"colons", ":\n"},
	{"attribution openers", "On Mon, Jan 3, 2022 at 4:00 PM\n"},
	{"openers on one line", "On 3 Jan 2022 at 4:00 "},
	{"attributions", "On Mon, Jan 3, 2022 at 4:00 PM Ann <ann@example.com> wrote:\n"},
	{"attributions over five lines", "On Mon,\nJan 3, 2022\nat 4:00 PM\nAnn\n"},
	{"verbs", "wrote:\n"},
	{"verbs on one line", "On 3 Jan wrote: "},
	{"chevrons", ">"},
	{"chevron lines", "> a\n"},
	{"alternating", "> a\nb\n"},
	{"alternating with blanks", "> a\n\nb\n\n"},
	{"header keys", "From: a@example.com\n"},
	{"header keys with blanks", "Subject: a\n\n"},
	{"one-line headers", "From: To: Date: "},
	{"dashes", "-"},
	{"dash lines", "-----\n"},
	{"markers", "-----Original Message-----\n"},
	{"half markers", "---- On "},
	{"separators", "-- \n"},
	{"closings", "Regards,\nAnn\n"},
	{"devices", "Sent from my iPhone\n"},
	{"device names", "iPhone "},
	{"telephones", "Ann Lee\nTel: +44 20 7946 0000\n\n"},
	{"fences", "```\n"},
	{"angle brackets", "<\n"},
	{"closing brackets", "<a\n> b:\n"},
	{"initials", "RC> a\n"},
	{"direction marks", "\u200e1\u200e:\u200e2 "},
	{"Han", "写道"},
	{"entities", "&gt;"},
	{"underscores", "_____ \n"},
	{"dash after text", "a —\n"},
}

var hostileHTML = []struct{ name, open, unit string }{
	{"text", "", "a "},
	{"divs", "", "<div>a</div>"},
	{"open divs", "", "<div>"},
	{"open bold", "", "<b>"},
	{"bold in paragraphs", "", "<p><b>a"},
	{"blockquotes", "", "<blockquote>a"},
	{"closed blockquotes", "", "<blockquote>a</blockquote>b"},
	{"tables", "", "<table><tr><td>"},
	{"breaks", "", "<br>"},
	{"empty divs", "<p>a</p>", "<div><br></div>"},
	{"attributes", "<p ", "a=b "},
	{"classes", `<p class="`, "gmail_quote "},
	{"comments", "", "<!-- a -->"},
	{"links", "", `<a href="https://example.com/">a</a> `},
	{"lists", "", "<ul><li>a"},
	{"anchors", "", "<a>"},
	{"formatting mix", "", "<b><i><a>x</b>"},
	{"fonts", "", "<font><p>"},
}

// TestLinear: a hostile body costs what its pieces cost. REPLYGATE_LONG also holds the worst of them to hostileTime.
func TestLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	gatewaytest.SkipUnderRace(t)
	for _, h := range hostile {
		t.Run("text/"+h.name, func(t *testing.T) {
			linear(t, func(size int) Input { return Input{Text: fill(h.unit, size)} })
		})
	}
	for _, h := range hostileHTML {
		t.Run("html/"+h.name, func(t *testing.T) {
			linear(t, func(size int) Input { return Input{HTML: h.open + fill(h.unit, size)} })
		})
	}
	sent := []Sent{{Text: fill("one two three four five six ", 1<<14), FromName: "Ann", Subject: "Hello"}}
	for _, unit := range []string{"one two three four five six ", "> one two three four five six\n", "one two\n", "one\n\n", "Ann:\n", "one two three four x\n",
		"http://", "http://a.example/?u=http%3A%2F%2Fb.example ", "%68", "one two three four five six\n> one\n"} {
		t.Run("sent/"+unit, func(t *testing.T) {
			linear(t, func(size int) Input { return Input{Text: fill(unit, size), Sent: sent} })
		})
	}
	secret := Redact{MailDomains: []string{"reply.example.com"}, LinkHosts: []string{"mail.example.com"}}
	for _, unit := range []string{"reply.example.com", "a@reply.example.com ", "mail.example.com/", "x"} {
		t.Run("redact/"+unit, func(t *testing.T) {
			linear(t, func(size int) Input { return Input{Text: fill(unit, size), Redact: secret} })
		})
	}
}

func fill(unit string, size int) string { return strings.Repeat(unit, size/len(unit)+1)[:size] }

// hostileTime is for the longest of hostileSizes, which are two, as what is beyond maxLines is not looked at.
const hostileTime = 150 * time.Millisecond

var hostileSizes = []int{1 << 16, 1 << 20}

func linear(t *testing.T, build func(size int) Input) {
	for _, size := range hostileSizes {
		took := gatewaytest.Linear(t, size, func(size int) func() {
			in := build(size)
			return func() { Extract(in) }
		})
		if took > hostileTime && os.Getenv("REPLYGATE_LONG") != "" {
			t.Errorf("%d bytes took %v", size, took)
		}
	}
}

package extract

import (
	"runtime"
	"strings"
	"testing"
	"time"
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

const (
	hostileSize = 1 << 20
	hostileTime = 150 * time.Millisecond
	hostileRate = 2.5 // time(2n) / time(n)
)

// TestLinear holds the time for hostile bodies against their length.
func TestLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	if underRace {
		t.Skip("times mean nothing under the race detector; this test is to be run without it")
	}
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

// linear compares the cost of a body with that of one four times as long: what grows with its length shows a ratio of
// four, what grows with the square one of sixteen. The cheapest of several runs counts, and processor time is measured
// where the system tells it, so that a busy machine makes no difference. A body that costs less than cheap cannot have
// cost anything but its length.
func linear(t *testing.T, build func(size int) Input) {
	// Both sizes, as what is beyond maxLines is not looked at.
	for _, size := range []int{hostileSize / 4, hostileSize} {
		steep(t, build(size/4), build(size))
	}
}

func steep(t *testing.T, part, full Input) {
	quarter, whole := time.Hour, time.Hour
	for range 6 {
		quarter, whole = min(quarter, cost(part)), min(whole, cost(full))
		level := whole < cheap || float64(whole) <= hostileRate*hostileRate*float64(quarter)
		if whole <= hostileTime && level {
			return
		}
	}
	t.Errorf("%d bytes took %v, a quarter of them %v", len(full.Text)+len(full.HTML), whole, quarter)
}

// cheap is far below what growing with the square would cost.
const cheap = 30 * time.Millisecond

// cost is what one reading takes.
func cost(in Input) time.Duration {
	runtime.GC() // what was left by others is not ours
	start := spent()
	Extract(in)
	return spent() - start
}

package interop

import (
	"context"
	"encoding/base32"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/dns"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/inbound"
	"github.com/replygate/replygate/inbound/smtpd"
)

// guesser draws addresses that look like reply addresses.
type guesser struct{ *rand.Rand }

var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// known has the purpose and key of a genuine one, and a MAC that is random.
func (g guesser) known(genuine string) string { return genuine[:2] + g.text(token.Length-2) }

// garbled has the length of one, but is none.
func (g guesser) garbled() string { return "0" + g.text(token.Length-2) + "1" }

func (g guesser) text(n int) string {
	var b [64]byte
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return letters.EncodeToString(b[:])[:n]
}

// TestAMillionGuesses at the receiver itself, with addresses that are as near to
// genuine ones as can be: none is accepted, and none is looked up. There is no
// store at all: a look-up would be a panic. The short form makes do with a fifth.
func TestAMillionGuesses(t *testing.T) {
	keys := secret.Generate()
	minter := token.NewMinter(keys)
	resolver, err := dns.NewResolver(dns.Options{Servers: []string{"127.0.0.1:9"}})
	if err != nil {
		t.Fatal(err)
	}
	r := &inbound.Receiver{Tokens: minter, Resolver: resolver, Domain: mailDomain, Log: slog.New(slog.DiscardHandler)}
	tx, err := r.Begin(t.Context(), smtpd.Client{Addr: netip.AddrPort{}}, gateway.ReversePath{}, smtpd.MailOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	genuine := minter.Address(token.Reply, 12345, mailDomain).LocalPart
	g := guesser{rand.New(rand.NewPCG(1, 2))}
	begun := time.Now()
	guesses := 200_000
	if long() {
		guesses = 1_000_000
	}
	for i := range guesses {
		local := g.known(genuine)
		switch i % 4 {
		case 1: // the genuine one, one letter changed
			at := g.IntN(token.Length)
			if local = genuine[:at] + g.text(1) + genuine[at+1:]; local == genuine {
				continue
			}
		case 2: // the handle of a genuine one
			local = genuine[:14] + g.text(token.Length-14)
		}
		err := tx.Rcpt(context.Background(), gateway.Address{LocalPart: local, Domain: mailDomain})
		if err != smtpd.NoSuchAddress {
			t.Fatalf("%s: %v", local, err)
		}
	}
	t.Logf("%d guesses, 0 hits, %.1f µs each", guesses, float64(time.Since(begun).Microseconds())/float64(guesses))
}

// otherLength is what a person's address would be.
const otherLength = "no token"

// TestRefusalsTakeTheSameTime compares the answers to addresses with a MAC that
// is wrong, and to such as are none, by Welch's t-test, three times if need be.
func TestRefusalsTakeTheSameTime(t *testing.T) {
	far := startSink(t)
	p := startDoor(t, far.port, `trusted = ["127.0.0.1/32"]`) // spared the tarpit
	p.converse("c", "Are you there?")
	genuine := readMail(t, notified(t, far, bobAddress, 1).data).replyTo
	g := guesser{rand.New(rand.NewPCG(3, 4))}
	samples := 4000
	if long() {
		samples = 40000
	}
	kinds := map[string]func() string{
		"wrong MAC":  func() string { return g.known(genuine) + "@" + mailDomain },
		"wrong key":  func() string { return "r0" + g.text(token.Length-2) + "@" + mailDomain },
		"no address": func() string { return g.garbled() + "@" + mailDomain },
		"no purpose": func() string { return "9" + g.text(token.Length-1) + "@" + mailDomain },
		otherLength:  func() string { return g.text(12) + "@" + mailDomain },
	}
	k := dialDoor(t, "127.0.0.1", p.smtp)
	k.want("", "220")
	k.want("EHLO guess.test", "250")
	k.want("MAIL FROM:<>", "250")
	// What can be told apart can be told apart each time, and in the same direction;
	// what else the machine does looks so once in a great while, and the other way
	// round as often.
	told := map[string]float64{}
	for try := 0; try < 3 && (try == 0 || len(told) > 0); try++ {
		scores := k.guess(g, kinds, samples)
		for kind, score := range scores {
			if math.Abs(score) < 4.5 || try > 0 && told[kind]*score <= 0 {
				delete(told, kind)
			} else if try == 0 {
				told[kind] = score
			}
		}
	}
	for kind, score := range told {
		t.Errorf("%s is told apart from a wrong MAC: t = %.2f", kind, score)
	}
}

// guess tries addresses of each kind in turn, and returns for each but otherLength
// the statistic of Welch's t-test beside those with a wrong MAC.
func (k *talker) guess(g guesser, kinds map[string]func() string, samples int) map[string]float64 {
	k.t.Helper()
	took, answers := map[string][]float64{}, map[string]bool{}
	runtime.GC()
	for range samples {
		for _, kind := range shuffled(g, kinds) {
			line := "RCPT TO:<" + kinds[kind]() + ">"
			begun := time.Now()
			answer := k.say(line)
			took[kind] = append(took[kind], float64(time.Since(begun).Nanoseconds()))
			answers[answer] = true
		}
	}
	if len(answers) != 1 || !answers["550 5.1.1 No such address here\r\n"] {
		k.t.Errorf("answers: %v", answers)
	}
	scores := map[string]float64{}
	for kind := range kinds {
		score := welch(trimmed(took["wrong MAC"]), trimmed(took[kind]))
		k.t.Logf("%-12s median %.1f µs, t = %+.2f", kind, median(took[kind])/1000, score)
		// That something is no token by its length tells nobody anything.
		if kind != otherLength {
			scores[kind] = score
		}
	}
	return scores
}

func shuffled(g guesser, kinds map[string]func() string) []string {
	var out []string
	for k := range kinds {
		out = append(out, k)
	}
	slices.Sort(out)
	g.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// trimmed leaves out the slowest tenth: what the scheduler did meanwhile.
func trimmed(x []float64) []float64 {
	x = slices.Sorted(slices.Values(x))
	return x[:len(x)*9/10]
}

func median(x []float64) float64 { return slices.Sorted(slices.Values(x))[len(x)/2] }

// welch is the statistic of Welch's t-test.
func welch(a, b []float64) float64 {
	ma, va := moments(a)
	mb, vb := moments(b)
	return (ma - mb) / math.Sqrt(va/float64(len(a))+vb/float64(len(b)))
}

func moments(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x)-1)
	}
	return mean, variance
}

// TestNobodyIsToldApart: what VRFY, EXPN and RCPT say of an address that exists
// and one that does not, without a mail on the way.
func TestNobodyIsToldApart(t *testing.T) {
	far := startSink(t)
	p := startDoor(t, far.port, "")
	p.converse("c", "Are you there?")
	genuine := readMail(t, notified(t, far, bobAddress, 1).data).replyTo
	k := dialDoor(t, "127.0.0.1", p.smtp)
	k.want("", "220")
	k.want("EHLO c.test", "250")
	for _, verb := range []string{"VRFY", "EXPN"} {
		if a, b := k.say(verb+" "+genuine), k.say(verb+" nobody@"+mailDomain); a != b || strings.HasPrefix(a, "250") {
			t.Errorf("%s: %q and %q", verb, a, b)
		}
	}
	if got := k.say("RCPT TO:<" + genuine + ">"); !strings.HasPrefix(got, "503 ") {
		t.Errorf("without MAIL: %s", fmt.Sprint(got))
	}
}

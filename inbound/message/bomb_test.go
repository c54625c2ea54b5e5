package message

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/gatewaytest"
)

// bombs are mails made to cost more than their size. Each is built to a size n.
var bombs = []struct {
	name  string
	n     int
	build func(n int) []byte
	// limit is a piece of the refusal, or empty for a mail that is only slow
	// for others and must be read.
	limit string
}{
	{"depth closed", 1000, closedNesting, "nested"},
	{"depth unclosed 24", 24, openNesting, "nested"},
	{"depth unclosed 40", 40, openNesting, "nested"},
	{"depth unclosed 20000", 20000, openNesting, "nested"},
	{"depth at the limit", 10, openNesting, ""},
	{"depth of one boundary", 5000, sameNesting, "nested"},
	{"empty parts", 100_000, flat("--b\r\n"), "parts"},
	{"parts with headers", 100_000, flat("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"), "parts"},
	{"parts inside digests", 2000, flat("--b\r\nContent-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\n--d--\r\n"), "parts"},
	{"header of one long field", 400_000, func(n int) []byte { return mailWith("Subject: " + fill("x ", n)) }, "octets"},
	{"header folded over many lines", 100_000, func(n int) []byte { return mailWith("Subject: a" + strings.Repeat("\r\n b", n)) }, "lines"},
	{"header of many fields", 5000, func(n int) []byte { return mailWith(strings.Repeat("X: y\r\n", n) + "Z: z") }, "fields"},
	{"header that never ends", 300_000, func(n int) []byte { return []byte(fill("X-A: b\r\n", n)) }, "fields"},
	{"header of a part", 400_000, func(n int) []byte {
		return flat("--b\r\nX-Pad: " + fill("y", n) + "\r\n\r\nx\r\n")(1)
	}, "octets"},
	{"boundary too long", 71, func(n int) []byte {
		return mailWith("Content-Type: multipart/mixed; boundary=" + fill("b", n))
	}, "boundary"},
	{"boundary of many pieces", 150, func(n int) []byte { return mailWith("Content-Type: multipart/mixed" + pieces("boundary", n)) }, "boundary"},
	{"blank lines", 100_000, func(n int) []byte { return mailWith("Subject: x", strings.Repeat("\r\n", n)) }, "blank"},
	{"blank lines at the head", 100_000, func(n int) []byte { return []byte(strings.Repeat("\r\n", n) + "Subject: x\r\n\r\nx") }, "blank"},
	{"blank lines in a part", 100_000, func(n int) []byte { return flat("--b\r\n\r\n" + strings.Repeat(" \t\r\n", n))(1) }, "blank"},

	{"name of RFC 2231 pieces", 10_000, func(n int) []byte {
		return mailWith("Content-Type: application/x; name=a\r\nContent-Disposition: attachment" + pieces("filename", n))
	}, ""},
	{"parameters", 20_000, func(n int) []byte { return mailWith("Content-Type: text/plain"+strings.Repeat("; a=b", n), "text") }, ""},
	{"parameters without values", 100_000, func(n int) []byte { return mailWith("Content-Type: text/plain"+strings.Repeat(";a", n), "text") }, ""},
	{"one encoded word", 250_000, func(n int) []byte { return mailWith("Subject: =?utf-8?b?" + fill("QUFB", n) + "?=") }, ""},
	{"encoded words", 10_000, func(n int) []byte { return mailWith("Subject: " + strings.Repeat("=?utf-8?q?=C3=A4?= ", n)) }, ""},
	{"encoded words without end", 25_000, func(n int) []byte { return mailWith("Subject: " + strings.Repeat("=?a?q?x", n)) }, ""},
	{"encoded words with one end", 25_000, func(n int) []byte { return mailWith("Subject: " + strings.Repeat("=?a?q?x", n) + "?=") }, ""},
	{"beginnings of words", 120_000, func(n int) []byte { return mailWith("Subject: " + strings.Repeat("=?", n)) }, ""},
	{"addresses", 10_000, func(n int) []byte { return mailWith("To: " + strings.Repeat("a@example.com, ", n)) }, ""},
	{"comments in an address", 250_000, func(n int) []byte { return mailWith("To: " + fill("(", n)) }, ""},
	{"brackets in references", 250_000, func(n int) []byte { return mailWith("References: " + fill("<", n)) }, ""},
	{"references", 50_000, func(n int) []byte { return mailWith("References: " + strings.Repeat("<a@b>", n)) }, ""},
	{"lines that look like boundaries", 1 << 20, func(n int) []byte {
		return flat("--b\r\n\r\n" + fill("--bb\r\n", n))(1)
	}, ""},
	{"dashes", 1 << 20, func(n int) []byte { return flat("--b\r\n\r\n" + fill("-", n))(1) }, ""},
	{"junk as base64", 1 << 20, func(n int) []byte {
		return mailWith("Content-Transfer-Encoding: base64", fill("!*#", n))
	}, ""},
	{"equals signs as quoted-printable", 1 << 20, func(n int) []byte {
		return mailWith("Content-Transfer-Encoding: quoted-printable", fill("=", n))
	}, ""},
	{"octets as quoted-printable", 1 << 20, func(n int) []byte {
		return mailWith("Content-Transfer-Encoding: quoted-printable", fill("\xe4", n))
	}, ""},
	{"escapes of ISO-2022-JP", 1 << 20, func(n int) []byte {
		return mailWith("Content-Type: text/plain; charset=iso-2022-jp", fill("\x1b$B\x1b(B", n))
	}, ""},
	{"references to images", 1 << 20, func(n int) []byte {
		return mailWith("Content-Type: text/html", fill("cid:", n))
	}, ""},
	{"html nested deeply", 1 << 20, func(n int) []byte {
		return mailWith("Content-Type: text/html", fill("<div>", n)+"deep text")
	}, ""},
	{"a mail inside a mail inside a mail", 20_000, func(n int) []byte {
		return mailWith("Content-Type: message/rfc822", strings.Repeat("Content-Type: message/rfc822\r\n\r\n", n))
	}, ""},
	{"carriage returns", 1 << 20, func(n int) []byte { return mailWith("Subject: x", fill("\r", n)) }, ""},
	{"one line", 1 << 20, func(n int) []byte { return mailWith("Subject: x", fill("x", n)) }, ""},
}

func TestBombsAreRefusedOrRead(t *testing.T) {
	for _, b := range bombs {
		t.Run(b.name, func(t *testing.T) {
			_, err := Parse(b.build(b.n))
			if b.limit == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			var status gateway.Status
			if !errors.As(err, &status) || status.Code != 550 || status.Enhanced != [3]int{5, 6, 0} || !strings.Contains(status.Text, b.limit) {
				t.Fatalf("got %v, want 550 5.6.0 that speaks of %q", err, b.limit)
			}
		})
	}
}

// TestBombsCostTheirSize: a bomb costs what many small ones cost.
func TestBombsCostTheirSize(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	gatewaytest.SkipUnderRace(t)
	for _, b := range bombs {
		if b.limit != "" && b.limit != "nested" && b.limit != "parts" {
			continue // refused at a fixed point
		}
		t.Run(b.name, func(t *testing.T) {
			gatewaytest.Linear(t, b.n, func(n int) func() {
				raw := b.build(n)
				return func() { Parse(raw) }
			})
		})
	}
}

func TestNestedHTMLKeepsItsText(t *testing.T) {
	m, err := Parse(mailWith("Content-Type: text/html", strings.Repeat("<div>", 5000)+"deep text"))
	if err != nil || !strings.Contains(m.HTML, "deep text") {
		t.Errorf("the text is lost: %v", err)
	}
}

func mailWith(header string, body ...string) []byte {
	return []byte(strings.TrimSuffix(header, "\r\n") + "\r\n\r\n" + strings.Join(body, ""))
}

func fill(unit string, n int) string { return strings.Repeat(unit, n/len(unit)+1)[:n] }

func flat(part string) func(n int) []byte {
	return func(n int) []byte {
		return mailWith("Content-Type: multipart/mixed; boundary=b", strings.Repeat(part, n))
	}
}

func openNesting(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	b.WriteString("\r\ntext")
	return b.Bytes()
}

func closedNesting(n int) []byte {
	b := bytes.NewBuffer(openNesting(n))
	for i := n - 1; i >= 0; i-- {
		fmt.Fprintf(b, "\r\n--b%d--", i)
	}
	return b.Bytes()
}

func sameNesting(n int) []byte {
	return []byte(strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", n))
}

// pieces is a parameter in n pieces (RFC 2231, section 3).
func pieces(name string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "; %s*%d=x", name, i)
	}
	return b.String()
}

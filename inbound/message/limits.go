package message

import (
	"fmt"

	"github.com/replygate/replygate/gateway"
)

// Limits bound the structure of a mail. Each is the largest value allowed.
type Limits struct {
	// Depth counts multiparts within multiparts, the outermost being 1.
	Depth int
	// Parts counts the body parts of all multiparts together.
	Parts int
	// HeaderBytes, Fields and HeaderLines bound one header block, that of the
	// mail as well as that of each part.
	HeaderBytes int
	Fields      int
	HeaderLines int
	// Boundary is the length of a boundary in octets.
	Boundary int
	// BlankLines bounds a run of lines with nothing but white space.
	BlankLines int
	// Decoded bounds the octets of all parts together after their transfer
	// encoding is undone.
	Decoded int
}

// DefaultLimits are the limits of the product.
func DefaultLimits() Limits {
	return Limits{
		Depth:       10,
		Parts:       200,
		HeaderBytes: 256 << 10,
		Fields:      1000,
		HeaderLines: 2000,
		Boundary:    70, // RFC 2046, section 5.1.1
		BlankLines:  20_000,
		Decoded:     64 << 20,
	}
}

// beyond is the answer to a mail outside the limits: 550 5.6.0 (RFC 3463,
// section 3.7: media error) and a sentence that names the limit.
func beyond(format string, limit int) error {
	return gateway.Status{Code: 550, Enhanced: [3]int{5, 6, 0}, Text: fmt.Sprintf(format, limit)}
}

const (
	sayDepth       = "The mail is refused: its parts are nested more than %d levels deep"
	sayParts       = "The mail is refused: it has more than %d parts"
	sayHeaderBytes = "The mail is refused: a header is longer than %d octets"
	sayFields      = "The mail is refused: a header has more than %d fields"
	sayHeaderLines = "The mail is refused: a header has more than %d lines"
	sayBoundary    = "The mail is refused: a boundary is longer than %d octets"
	sayBlankLines  = "The mail is refused: it has more than %d blank lines in a row"
	sayDecoded     = "The mail is refused: its parts hold more than %d octets"
)

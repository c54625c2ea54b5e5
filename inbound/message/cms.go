package message

import "bytes"

// signedContent takes the words out of an S/MIME message that wraps them
// together with their signature (RFC 8551, section 3.5.2): the content of a CMS
// SignedData (RFC 5652, section 5.1), in DER or in the BER that mail programs
// stream. Nothing is verified.
func signedContent(der []byte) ([]byte, bool) {
	signedData := []byte("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")
	b := ber{rest: der}
	b.enter(0x30)           // ContentInfo
	b.literally(signedData) // contentType
	b.enter(0xa0)           // content
	b.enter(0x30)           // SignedData
	b.skip(0x02)            // version
	b.skip(0x31)            // digestAlgorithms
	b.enter(0x30)           // encapContentInfo
	b.skip(0x06)            // eContentType
	b.enter(0xa0)           // eContent
	octets := b.octetString()
	return octets, !b.failed && len(octets) > 0
}

// ber walks into a BER encoding (X.690) as far as signedContent needs it.
type ber struct {
	rest   []byte
	failed bool
}

// head reads the tag and length of the next element. The length is -1 for the
// indefinite form; otherwise that many octets are there.
func (b *ber) head() (tag byte, length int) {
	if len(b.rest) < 2 {
		b.failed = true
		return 0, 0
	}
	tag, n := b.rest[0], int(b.rest[1])
	b.rest = b.rest[2:]
	switch {
	case n == 0x80:
		return tag, -1
	case n > 0x80:
		count := n - 0x80
		if count > 4 || count > len(b.rest) {
			b.failed = true
			return 0, 0
		}
		n = 0
		for _, c := range b.rest[:count] {
			n = n<<8 | int(c)
		}
		b.rest = b.rest[count:]
	}
	if n > len(b.rest) {
		b.failed = true
		return 0, 0
	}
	return tag, n
}

// enter moves to what an element holds.
func (b *ber) enter(want byte) {
	if tag, _ := b.head(); tag != want {
		b.failed = true
	}
}

// skip moves behind an element of definite length.
func (b *ber) skip(want byte) {
	tag, n := b.head()
	if tag != want || n < 0 {
		b.failed = true
		return
	}
	b.rest = b.rest[n:]
}

// literally moves behind an element that must be equal to want.
func (b *ber) literally(want []byte) {
	if !bytes.HasPrefix(b.rest, want) {
		b.failed = true
		return
	}
	b.rest = b.rest[len(want):]
}

// octetString reads an OCTET STRING, whole or in one level of pieces.
func (b *ber) octetString() []byte {
	tag, n := b.head()
	switch {
	case b.failed || tag != 0x04 && tag != 0x24:
		b.failed = true
		return nil
	case tag == 0x04 && n >= 0:
		return b.rest[:n]
	case n >= 0:
		b.rest = b.rest[:n]
	}
	var octets []byte
	for len(b.rest) > 0 {
		tag, n := b.head()
		if tag != 0x04 || n < 0 || b.failed { // the end of the contents, or damage: what came before counts
			break
		}
		octets = append(octets, b.rest[:n]...)
		b.rest = b.rest[n:]
	}
	return octets
}

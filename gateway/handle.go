package gateway

import (
	"crypto/rand"
	"encoding/binary"
)

// Handle is the allocated 60-bit number inside a signed address. Zero is none.
type Handle uint64

// MaxHandle is the largest handle.
const MaxHandle Handle = 1<<60 - 1

// NewHandle draws a random handle, which is never zero. The caller makes sure
// that it is not taken.
func NewHandle() Handle {
	var b [8]byte
	for {
		rand.Read(b[:])
		if h := Handle(binary.BigEndian.Uint64(b[:])) & MaxHandle; h != 0 {
			return h
		}
	}
}

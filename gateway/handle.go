package gateway

import (
	"crypto/rand"
	"encoding/binary"
)

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

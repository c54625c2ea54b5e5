package bolt

import (
	"encoding/binary"
	"hash/crc32"

	"go.etcd.io/bbolt"
)

// The engine's own buckets.
const (
	metaBucket  = "_meta"
	itemBucket  = "_items"
	laneBucket  = "_lanes"
	dueBucket   = "_due"
	blobBucket  = "_blobs"
	filesBucket = "_files"
)

// systemBuckets are made with the database.
var systemBuckets = [...]string{metaBucket, itemBucket, laneBucket, dueBucket, blobBucket, filesBucket}

// sumSize is how many bytes of a stored value are its checksum.
const sumSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// bucket is a bbolt bucket and the checksum of its name, with which those of
// its records begin: a page that turns up in another bucket does not pass.
type bucket struct {
	*bbolt.Bucket
	name string
	seed uint32
}

func newBucket(b *bbolt.Bucket, name string) *bucket {
	return &bucket{b, name, seedOf(name)}
}

func seedOf(name string) uint32 { return crc32.Checksum([]byte(name), castagnoli) }

func sum(seed uint32, k, v []byte) uint32 {
	return crc32.Update(crc32.Update(seed, castagnoli, k), castagnoli, v)
}

// appendRecord appends what is stored for a value.
func appendRecord(dst []byte, seed uint32, k, v []byte) []byte {
	dst = append(dst, v...)
	return binary.BigEndian.AppendUint32(dst, sum(seed, k, v))
}

// openRecord returns the value of what is stored; ok is false if it is damaged.
func openRecord(seed uint32, k, stored []byte) (v []byte, ok bool) {
	n := len(stored) - sumSize
	if n < 0 {
		return nil, false
	}
	v = stored[:n:n]
	return v, binary.BigEndian.Uint32(stored[n:]) == sum(seed, k, v)
}

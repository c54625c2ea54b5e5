// Package scale makes databases of any size, as a gateway has them after years,
// for the proofs that nothing it does takes longer in a large one. It is no part
// of what the binary does.
//
// A Crowd is written with the codecs of gateway/store, in the order of the keys,
// so that ten million conversations take minutes; the tests here read samples of
// it back by the ways of the product, and count what the product reads and writes
// with few and with many.
package scale

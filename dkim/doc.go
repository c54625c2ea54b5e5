// Package dkim signs mail and verifies signatures (RFC 6376, with RFC 8301 and
// RFC 8463), and makes the keys and DNS records for it.
//
// It promises that a mail is signed by every key in one pass; and that verification is
// stricter than the standard asks: a weak, partial, expired or merely testing
// signature never passes, nor one that leaves room for a second From. Every input
// is bounded before any of it is parsed. The signatures themselves are go-msgauth's,
// made and verified, and it is the only home of that library. It leaves to others
// what a passing domain means for the author (alignment), and where keys are stored.
package dkim

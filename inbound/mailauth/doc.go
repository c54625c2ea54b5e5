// Package mailauth finds out who wrote a received mail: SPF (RFC 7208), DKIM
// (RFC 6376) and DMARC (RFC 9989) as verdicts, and the one author its From names.
//
// It promises that the author comes from one strict parser, over the very octets
// a signature covers; that only a passing domain aligned with the author's counts
// for the author; that nothing in the mail that claims to be a verdict is
// believed; and that "could not be learnt now" is told from "no". It leaves the
// decision what to do with a mail to its caller, and bounds on DNS to the
// resolver it is given.
package mailauth

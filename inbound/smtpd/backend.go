package smtpd

import (
	"context"
	"crypto/tls"
	"net/netip"

	"github.com/replygate/replygate/gateway"
)

// Backend decides about mail. It is used by many sessions at once.
//
// Every context it is handed ends with Config.AnswerTimeout, or when the
// server's time to drain is over. A backend that runs into it is answered for
// with 451 4.4.3; one that panics, or returns an error that carries no
// gateway.Status, with 451 4.3.0.
type Backend interface {
	// Begin starts a transaction at MAIL (RFC 5321, section 4.1.1.2). A
	// gateway.Status error is answered as it is, any other error is 451.
	Begin(ctx context.Context, c Client, from gateway.ReversePath, o MailOptions) (Transaction, error)
}

// Transaction is one mail on its way in. Its methods are called one after the
// other, in the order of the session.
type Transaction interface {
	// Rcpt judges one recipient (RFC 5321, section 4.1.1.3): nil accepts it, a
	// gateway.Status error refuses it with that answer.
	Rcpt(ctx context.Context, to gateway.Address) error
	// Data takes the mail and answers for each recipient that Rcpt accepted, in
	// that order, or for all with a single Status. A 2yz must mean that the mail
	// is safe there (RFC 5321, section 6.1). LMTP tells all answers (RFC 2033,
	// section 4.2), SMTP the first 2yz, or else the first 4yz, or else the first.
	Data(ctx context.Context, m Mail) ([]gateway.Status, error)
	// Refused is called in the place of Data for a message that arrived to its
	// end and must not be taken for what it is. Its result is the answer.
	Refused(ctx context.Context, r Refusal) (gateway.Status, error)
	// Close ends the transaction: after Data, RSET, QUIT or the loss of the
	// connection. It is always called, and once.
	Close()
}

// Client is who is at the other end of a session.
type Client struct {
	// Addr is the client's address, an IPv4 one never mapped into IPv6; Local is
	// ours. With Relayed it is that of the client our relay has the mail from,
	// and invalid if the relay did not say.
	Addr, Local netip.AddrPort
	// Helo is the name that client gave itself: printable ASCII, not verified.
	Helo string
	// Relayed tells that a relay of ours took the mail before us: a permanent
	// refusal makes it write to whoever the mail claims to come from.
	Relayed bool
	// ESMTP tells EHLO from HELO.
	ESMTP bool
	// TLS is nil in the clear.
	TLS *tls.ConnectionState
	// Session is a short random id that the session's log lines carry.
	Session string
}

// MailOptions are the parameters of MAIL.
type MailOptions struct {
	// Size is what the client declared (RFC 1870), 0 if nothing.
	Size int64
	// UTF8 is SMTPUTF8 (RFC 6531), EightBit is BODY=8BITMIME (RFC 6152).
	UTF8, EightBit bool
}

// Mail is a message as it was received. The backend may keep both slices.
type Mail struct {
	// Received is the field we put above the message, with its CR LF (RFC
	// 5321, section 4.4). It never has a "for" clause: a reply address is a
	// secret of the person who holds it.
	Received []byte
	// Data are the exact octets of the message, dot-stuffing undone: lines
	// ended by CR LF, without bare CR, bare LF or NUL.
	Data []byte
}

// Refusal is a message that the server itself refuses.
type Refusal struct {
	// Status is the answer that is due, a 5yz.
	Status gateway.Status
	// Reason is ReasonTooLarge, ReasonMalformed or ReasonLoop.
	Reason gateway.Reason
	// Size is how many octets the message has.
	Size int64
	// Mail is what there is of it: Data is nil if it was too large to be kept,
	// and may hold bare CR, bare LF and NUL.
	Mail Mail
}

// NoSuchAddress is the one answer to every recipient that does not exist. The
// guard gives it to those that are no address at all; a backend that gives it
// to the unknown ones makes the two indistinguishable.
var NoSuchAddress = gateway.Status{Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "No such address here"}

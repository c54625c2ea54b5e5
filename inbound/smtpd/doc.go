// Package smtpd is the peer of the sending mail server: it speaks SMTP on the
// port the domain's MX points at, and LMTP to relays of ours, and hands each
// transaction to a Backend.
//
// It promises that the backend sees only what stands in the client's octets
// when they are read strictly: commands end with CR LF, a message ends with
// exactly CR LF "." CR LF and arrives octet for octet, nothing of a message is
// ever executed as a command, and nothing sent in the clear counts inside TLS.
// It promises that a stranger costs a bounded amount of memory, time and
// connections, and that whatever goes wrong on our side is answered with a
// temporary 4yz, so that the sender's own queue keeps the mail.
//
// The dialogue itself (commands, parameters, order) is go-smtp's. It never
// touches the network: a guard stands between it and the socket, answers what
// it must not see, and hands it one sound command at a time (see session).
//
// Who may be written to, who wrote, and what becomes of a mail is left to the
// Backend.
package smtpd

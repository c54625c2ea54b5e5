// Package inbound makes one outcome of one received mail: posted, held,
// rejected, a duplicate, automatic, or a delivery report.
//
// It is the pipeline behind the SMTP front (smtpd): it says which recipients
// exist, has the mail checked (message.Scan, mailauth), read (message, extract)
// and posted (chat), all inside the SMTP session. The answer to the dot follows
// one committed transaction that holds everything the mail caused; whatever is
// refused is refused in the session with a sentence, and what is unknown or
// broken on our side is a 451, so that the sender's own queue keeps the mail.
package inbound

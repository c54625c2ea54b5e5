package delivery

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"

	"github.com/emersion/go-smtp"

	"github.com/replygate/replygate/gateway"
)

// step is where in the dialogue something happened, in words for people.
type step string

const (
	stepConnect  step = "connecting"
	stepGreeting step = "the greeting"
	stepHello    step = "EHLO"
	stepStartTLS step = "STARTTLS"
	stepTLS      step = "the TLS handshake"
	stepAuth     step = "AUTH"
	stepMail     step = "MAIL"
	stepRcpt     step = "RCPT"
	stepData     step = "DATA"
	stepBody     step = "sending the mail"
	stepCheck    step = "the last check"
	stepDot      step = "the end of the mail"
	stepReset    step = "RSET"
)

// ambiguous opens the text of a status whose mail may have been taken.
const ambiguous = "ambiguous: the mail was sent and not answered for, it may have been taken; "

// Ambiguous tells whether the mail of an attempt may have been taken by the
// peer although no answer came (RFC 1047). Trying again is right, and may make
// a second copy with the same Message-ID.
func Ambiguous(a gateway.Attempt) bool {
	return a.Status.Temporary() && strings.HasPrefix(a.Status.Text, ambiguous)
}

// errStopped: whoever asked for the delivery has ended it.
var errStopped = errors.New("we stopped before it was done")

// failed is a failure of the connection at a step of setting it up.
type failed struct {
	step step
	err  error
}

func (f *failed) Error() string { return string(f.step) + ": " + f.err.Error() }
func (f *failed) Unwrap() error { return f.err }

// statusOf turns what ended an attempt at a step into its status. A Status
// within err stands; the step within a failed is the truer one.
func statusOf(at step, err error) gateway.Status {
	var s gateway.Status
	if errors.As(err, &s) {
		return s
	}
	var f *failed
	if errors.As(err, &f) {
		at, err = f.step, f.err
	}
	if peer := new(smtp.SMTPError); errors.As(err, &peer) {
		return peerStatus(at, peer)
	}
	return networkStatus(at, err)
}

// peerStatus is the peer's refusal, as go-smtp's client gives it.
func peerStatus(at step, e *smtp.SMTPError) gateway.Status {
	s := gateway.Status{Code: e.Code, Enhanced: [3]int(e.EnhancedCode), Text: e.Message}
	if !s.Temporary() && !s.Permanent() {
		return networkStatus(at, errGarbage) // 250 where 354 is due, or the like
	}
	return s
}

// networkStatus gives what is no answer of the peer one of ours. All are
// temporary: the peer has not refused anything.
func networkStatus(at step, err error) gateway.Status {
	enhanced, what := explain(err)
	text := string(at) + ": " + what
	switch at {
	case "":
		text = what
	case stepConnect:
		if enhanced == lost {
			enhanced = [3]int{4, 4, 1} // RFC 3463, section 3.5: no answer from host
		}
	case stepTLS:
		enhanced = [3]int{4, 7, 5} // RFC 3463, section 3.8: cryptographic failure
	case stepDot:
		text = ambiguous + what
	}
	return gateway.Status{Code: 451, Enhanced: enhanced, Text: cut(plain(text), maxReplyText)}
}

// lost is RFC 3463, section 3.5: bad connection.
var lost = [3]int{4, 4, 2}

// explain says in words what happened to a connection.
func explain(err error) (enhanced [3]int, what string) {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, errStopped):
		return lost, err.Error()
	case errors.As(err, &dns):
		return [3]int{4, 4, 3}, "the host's address was not found: " + dns.Err
	case errors.Is(err, errGarbage), errors.Is(err, errReplyLong), errors.Is(err, errUnasked):
		return [3]int{4, 5, 0}, err.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return lost, "no answer in time"
	case isTLS(err):
		return [3]int{4, 7, 5}, err.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return lost, "the peer closed the connection"
	}
	return lost, err.Error()
}

func isTLS(err error) bool {
	var verification *tls.CertificateVerificationError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	var name x509.HostnameError
	return errors.As(err, &verification) || errors.As(err, &alert) || errors.As(err, &record) || errors.As(err, &name)
}

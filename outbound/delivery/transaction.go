package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/replygate/replygate/gateway"
)

// mail is what one transaction carries.
type mail struct {
	env   gateway.Envelope
	raw   []byte
	still func(context.Context) error
}

// maxLine is the longest line of a mail, without CRLF (RFC 5322, section 2.1.1).
const maxLine = 998

// check refuses for good what no peer should ever see.
func (m mail) check() error {
	if len(m.env.To) == 0 {
		return gateway.Status{Code: 554, Enhanced: [3]int{5, 5, 1}, Text: "the mail has no recipient"}
	}
	if !m.env.From.IsNull() && !wellFormed(m.env.From.Address) {
		return gateway.Status{Code: 553, Enhanced: [3]int{5, 1, 7}, Text: "the sender's address is malformed"}
	}
	for _, to := range m.env.To {
		if !wellFormed(to) {
			return gateway.Status{Code: 553, Enhanced: [3]int{5, 1, 3}, Text: "the recipient's address is malformed"}
		}
	}
	if what := malformed(m.raw); what != "" {
		return gateway.Status{Code: 554, Enhanced: [3]int{5, 6, 0}, Text: "the mail is not fit to be sent: " + what}
	}
	return nil
}

// wellFormed tells whether an address put together from its parts is still the
// same address, and so cannot bring parameters of its own into a command.
func wellFormed(a gateway.Address) bool {
	again, err := gateway.ParseAddress(a.String())
	return err == nil && again == a
}

// malformed says what is wrong with a mail's octets; "" if nothing is. A bare
// CR or LF could end the mail early for a lax server (RFC 5321, section 2.3.8).
func malformed(raw []byte) string {
	for len(raw) > 0 {
		line, rest, ended := bytes.Cut(raw, []byte("\r\n"))
		switch {
		case !ended:
			return "the last line does not end"
		case len(line) > maxLine:
			return "a line is longer than 998 octets"
		}
		for _, b := range line {
			if b == 0 || b == '\r' || b == '\n' || b >= 0x80 {
				return fmt.Sprintf("octet %#02x", b)
			}
		}
		raw = rest
	}
	return ""
}

// needsUTF8 tells whether an address cannot be named without SMTPUTF8 (RFC 6531).
func (m mail) needsUTF8() bool {
	for _, to := range m.env.To {
		if !to.IsASCII() {
			return true
		}
	}
	return !m.env.From.Address.IsASCII()
}

// send runs one transaction. Its status is the peer's answer to the end of the
// mail; an error is turned into one by statusOf and s.step.
func (s *session) send(ctx context.Context, m mail) (gateway.Status, error) {
	stop := context.AfterFunc(ctx, s.drop)
	s.uses++
	err := s.transact(ctx, m)
	if !stop() {
		s.dead = true
		if err != nil && !isPeers(err) {
			err = errStopped
		}
	}
	if err != nil {
		return gateway.Status{}, err
	}
	return s.wire.last.status(), nil
}

func (s *session) transact(ctx context.Context, m mail) error {
	if err := s.fits(m); err != nil {
		return err
	}
	if err := s.mailFrom(m); err != nil {
		return err
	}
	if err := s.rcptTo(m); err != nil {
		return err
	}
	return s.data(ctx, m)
}

// fits refuses for good what the hop has said it cannot take.
func (s *session) fits(m mail) error {
	s.step = stepMail
	if _, ok := s.ext["SMTPUTF8"]; !ok && m.needsUTF8() {
		// RFC 6531, section 3.2: no downgrade of an address.
		return gateway.Status{Code: 553, Enhanced: [3]int{5, 6, 7}, Text: "the next hop cannot take an address with letters outside ASCII (SMTPUTF8)"}
	}
	// RFC 1870, section 6.1: no limit, or one that is no number, is none.
	if limit, err := strconv.ParseInt(s.ext["SIZE"], 10, 64); err == nil && limit > 0 && int64(len(m.raw)) > limit {
		return gateway.Status{Code: 552, Enhanced: [3]int{5, 3, 4}, Text: fmt.Sprintf("the mail has %d octets, the next hop takes %d", len(m.raw), limit)}
	}
	return nil
}

func (s *session) mailFrom(m mail) error {
	s.smtp.CommandTimeout = s.limit.Mail
	opts := smtp.MailOptions{Size: int64(len(m.raw)), UTF8: m.needsUTF8()}
	if !m.env.From.IsNull() {
		opts.Return = smtp.DSNReturnHeaders // RFC 3461, section 4.3; left out if DSN is not offered
	}
	err := s.smtp.Mail(m.env.From.Address.String(), &opts)
	if peer := new(smtp.SMTPError); errors.As(err, &peer) && demand(peer.Code) {
		s.dead = true
		return s.aboutUs(stepMail, peerStatus(stepMail, peer))
	}
	return err
}

func (s *session) rcptTo(m mail) error {
	s.step = stepRcpt
	s.smtp.CommandTimeout = s.limit.Rcpt
	var opts smtp.RcptOptions
	if !m.env.From.IsNull() {
		opts.Notify = []smtp.DSNNotify{smtp.DSNNotifyFailure} // RFC 3461, section 4.1
	}
	for _, to := range m.env.To {
		if err := s.smtp.Rcpt(to.String(), &opts); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) data(ctx context.Context, m mail) error {
	s.step = stepData
	s.smtp.CommandTimeout = s.limit.Data
	w, err := s.smtp.Data()
	if err != nil {
		return err
	}
	s.step = stepBody
	if _, err := w.Write(m.raw); err != nil {
		return s.lateReply(err)
	}
	s.step = stepCheck
	if m.still != nil {
		if err := m.still(ctx); err != nil {
			s.dead = true
			return gateway.Status{Code: 451, Enhanced: [3]int{4, 3, 0}, Text: "the mail was withdrawn before its end was sent"}
		}
	}
	s.step = stepDot
	_, err = w.CloseWithResponse()
	if peer := new(smtp.SMTPError); errors.As(err, &peer) && peer.Code/100 == 2 {
		return nil // RFC 5321, section 4.2.1: the first digit decides
	}
	return err
}

// lateReply looks for the refusal that a peer sent before it closed the
// connection in the middle of a mail; without one the failure stands.
func (s *session) lateReply(failure error) error {
	s.dead = true
	if s.wire.SetReadDeadline(time.Now().Add(s.limit.Quit)) != nil || s.wire.readReply() != nil {
		return failure
	}
	if status := s.wire.last.status(); status.Temporary() || status.Permanent() {
		return status
	}
	return failure
}

// isPeers tells whether err is an answer of the peer, or ours in its stead.
func isPeers(err error) bool {
	var status gateway.Status
	return errors.As(err, &status) || errors.As(err, new(*smtp.SMTPError))
}

// stale tells whether a connection that was kept open had been given up by the
// peer: it failed, or was ended by a 421, before anything was asked of it.
func (s *session) stale(err error) bool {
	if s.uses < 2 || s.step != stepMail {
		return false
	}
	peer := new(smtp.SMTPError)
	if errors.As(err, &peer) {
		return peer.Code == 421
	}
	return !isPeers(err) && !errors.Is(err, errStopped)
}

// reusable tells whether another transaction may follow one that ended with
// err, and clears away what the failed one left.
func (s *session) reusable(ctx context.Context, err error) bool {
	if s.dead || err != nil && !isPeers(err) {
		return false
	}
	peer := new(smtp.SMTPError)
	if errors.As(err, &peer) && (peer.Code == 421 || peer.Code < 400) {
		return false
	}
	if err == nil || s.step == stepMail || s.step == stepDot {
		return true
	}
	stop := context.AfterFunc(ctx, s.drop)
	defer stop()
	s.step = stepReset
	s.smtp.CommandTimeout = s.limit.Quit
	return s.smtp.Reset() == nil
}

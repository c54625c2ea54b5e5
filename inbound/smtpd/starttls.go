package smtpd

import "crypto/tls"

// startTLS obeys STARTTLS (RFC 3207). What the client said in the clear is
// forgotten, what it sent behind the command is never read.
func (s *session) startTLS(arg string) {
	conf := s.srv.config.TLS
	switch {
	case arg != "":
		s.answer(status(501, 5, 5, 4, "STARTTLS takes no argument"))
		return
	case s.client.TLS != nil:
		s.answer(status(503, 5, 5, 1, "This is TLS already"))
		return
	case conf == nil:
		s.answer(status(502, 5, 5, 1, "STARTTLS is not offered"))
		return
	case s.wire.waiting() > 0:
		// It would count as said inside TLS (CVE-2011-0411 and its kin).
		s.hangUp("tls", status(554, 5, 5, 0, "Nothing may follow STARTTLS"))
		return
	case !hasCertificate(conf, s.srv.config.Hostname):
		s.answer(status(454, 4, 7, 0, "TLS is not available right now"))
		return
	}
	s.reset()
	s.client.Helo, s.client.ESMTP = "", false
	s.reply(status(220, 2, 0, 0, "Ready to start TLS"))
	if err := s.wire.flush(); err != nil {
		s.end("lost")
		return
	}
	state, err := s.wire.startTLS(conf, s.srv.config.HandshakeTimeout)
	if err != nil {
		// Going on in the clear would obey whatever broke the handshake.
		s.log.Debug("smtp handshake failed", "error", err)
		s.end("tls")
		return
	}
	s.client.TLS, s.secured = state, true
}

// hasCertificate tells whether there is a certificate to show for name.
func hasCertificate(conf *tls.Config, name string) bool {
	if len(conf.Certificates) > 0 {
		return true
	}
	if conf.GetCertificate == nil {
		return false
	}
	cert, err := conf.GetCertificate(&tls.ClientHelloInfo{ServerName: name})
	return err == nil && cert != nil
}

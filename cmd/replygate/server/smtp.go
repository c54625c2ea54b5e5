package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/replygate/replygate/cmd/replygate/config"
	"github.com/replygate/replygate/gateway/tlscert"
	"github.com/replygate/replygate/inbound"
	"github.com/replygate/replygate/inbound/smtpd"
)

// smtpFront is the receiving side.
func (s *Server) smtpFront() *smtpd.Server {
	c := s.Config
	var conf *tls.Config
	if s.certs != nil {
		conf = s.certs.Config()
	}
	return smtpd.New(smtpd.Config{
		Hostname: c.Hostname, Domain: c.Domain, TLS: conf, MaxSize: c.SMTP.MaxSize,
		MaxConnections: c.SMTP.MaxConnections, MaxPerNetwork: c.SMTP.MaxPerNetwork,
		ConnectionRate: allowance(c.SMTP.ConnectionsPerMinute), RefusalRate: allowance(c.SMTP.RefusalsPerHour),
		Trusted: c.SMTP.TrustedPrefixes(), Proxies: c.SMTP.ProxyPrefixes(),
		GreetDelay: time.Duration(c.SMTP.GreetDelay) * time.Second, DrainTimeout: config.DrainTime,
		Logger: s.Log.With("room", "smtpd"), Observer: s.metrics,
	}, &inbound.Receiver{
		Store: s.engine, Chat: s.chat, Tokens: s.tokens, Box: s.box, Resolver: s.resolver, Hostname: c.Hostname,
		Domain: c.Domain, LinkHosts: s.linkHosts(), Postmaster: c.Operator(), Authoriser: s.asker, Reporters: c.SMTP.Reporters,
		Files: inbound.FileLimits{Count: c.Replies.MaxFiles, Size: c.Replies.MaxFileSize, Refused: c.Replies.Refused}, Log: s.Log.With("room", "inbound"), Observe: s.metrics.Reply, Checked: s.metrics.Verdicts,
	})
}

// allowance turns the file's 0, any number, into the front's.
func allowance(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// listenSMTP binds the listeners mail comes in by.
func (s *Server) listenSMTP() error {
	// Sessions have time-outs of their own, so no keep-alives: setting them up is
	// four system calls for each connection.
	quiet := net.ListenConfig{KeepAlive: -1}
	for _, addr := range s.Config.SMTP.Listen {
		l, err := quiet.Listen(context.Background(), "tcp", addr)
		if err != nil {
			return fmt.Errorf("smtp.listen: %w", err)
		}
		s.smtp = append(s.smtp, l)
	}
	for _, addr := range s.Config.SMTP.LMTP {
		l, err := listenLMTP(addr)
		if err != nil {
			return fmt.Errorf("smtp.lmtp: %w", err)
		}
		s.lmtp = append(s.lmtp, l)
	}
	return nil
}

// listenLMTP binds an address or a socket. A socket that lies there is one that a
// crash left: the database's lock is held by now.
func listenLMTP(addr string) (net.Listener, error) {
	if !config.IsSocket(addr) {
		return net.Listen("tcp", addr)
	}
	st, err := os.Lstat(addr)
	switch {
	case err == nil && st.Mode().Type() != os.ModeSocket:
		return nil, fmt.Errorf("%s is there already and is no socket", addr)
	case err == nil:
		if err := os.Remove(addr); err != nil {
			return nil, err
		}
	case !errors.Is(err, os.ErrNotExist):
		return nil, err
	}
	l, err := net.Listen("unix", addr)
	if err != nil {
		return nil, err
	}
	return l, os.Chmod(addr, 0o660)
}

// openCertificate reads the certificate, if there is one.
func (s *Server) openCertificate() (err error) {
	if c := s.Config.SMTP; c.TLSCert != "" {
		if s.certs, err = tlscert.Open(c.TLSCert, c.TLSKey, s.Log.With("room", "tlscert")); err != nil {
			return fmt.Errorf("smtp.tls_cert: %w", err)
		}
		s.metrics.Certificate(s.certs.Expires, s.certs.Err)
	}
	return nil
}

// watchCertificate takes a new certificate into use when its files change, and
// looks at them at once on SIGHUP.
func (s *Server) watchCertificate(ctx context.Context) error {
	if s.certs == nil {
		return nil
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	return s.certs.Run(ctx, hup)
}

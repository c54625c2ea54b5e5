package smtpd

import (
	"cmp"
	"crypto/tls"
	"log/slog"
	"net/netip"
	"time"

	"github.com/replygate/replygate/gateway"
)

// Config tells a Server who it is and what it bears. Only Hostname is needed;
// a field left zero has the default its comment names.
type Config struct {
	// Hostname is our name in the banner, in the answer to EHLO and in Received.
	Hostname string
	// Domain completes the bare <Postmaster> (RFC 5321, section 4.5.1);
	// Hostname by default.
	Domain string
	// TLS holds the certificates, or GetCertificate; nil means STARTTLS is not
	// offered. The server works on a copy with at least TLS 1.2, its AEAD suites
	// only, without session tickets, client certificates and GetConfigForClient.
	TLS *tls.Config

	// MaxSize is the largest message in octets: 25 MiB.
	MaxSize int64
	// MaxRecipients is how many recipients one mail may have: 100 (RFC 5321,
	// section 4.5.3.1.8, asks for as many).
	MaxRecipients int
	// DataMemory is how many octets of messages may be held at once: 96 MiB, and
	// never less than MaxSize. Above it, DATA is answered with 451 4.3.1. As many
	// again may be in the backend's hands of large messages; they take turns.
	DataMemory int64

	// MaxConnections and MaxPerNetwork bound the connections at one time, in
	// all (8192) and from one IPv4 /24 or IPv6 /64 (100).
	MaxConnections, MaxPerNetwork int
	// ConnectionRate is how many connections a network may open in a minute:
	// 1200, at once or evenly; negative means any number.
	ConnectionRate int
	// RefusalRate is how many unknown recipients a network may name in an hour,
	// over all its sessions: 200; negative means any number. Beyond it every one
	// is slowed down as those above MaxRefused are.
	RefusalRate int
	// Trusted names relays of ours that stand in front of us. They may say whom
	// they have a mail from (XFORWARD), and are spared the bounds per network
	// and on refused recipients.
	Trusted []netip.Prefix
	// Proxies names load balancers of ours. Each connection from there must
	// begin with a PROXY header, version 1 or 2, and counts as the client's.
	Proxies []netip.Prefix

	// GreetDelay is how long the banner waits for a client that talks out of
	// turn. At 0 only what already lies there when the banner is due counts.
	GreetDelay time.Duration
	// IdleTimeout is how long a command may take to arrive: 5 min, the least
	// RFC 5321, section 4.5.3.2.7, allows.
	IdleTimeout time.Duration
	// DataTimeout bounds the transfer of one message: 30 min. SessionTimeout
	// bounds the whole session: 2 h.
	DataTimeout, SessionTimeout time.Duration
	// MinRate is how many octets a second a message must bring: 500. RateSlack
	// is how long a sender may fall behind it, so the longest pause: 2 min.
	MinRate   int64
	RateSlack time.Duration
	// WriteTimeout bounds the writing of an answer: 1 min. HandshakeTimeout
	// bounds that of TLS: 30 s.
	WriteTimeout, HandshakeTimeout time.Duration
	// AnswerTimeout is the backend's budget for one answer: 20 s.
	AnswerTimeout time.Duration
	// DrainTimeout is how long messages in progress may take once the server
	// is told to stop: 30 s.
	DrainTimeout time.Duration

	// MaxErrors is how many bad commands a session may send: 20. MaxJunk is
	// how many (NOOP, RSET, EHLO, MAIL…) may pass without an accepted mail: 100.
	MaxErrors, MaxJunk int
	// MaxRefused is how many recipients of a session may be refused for good:
	// 20. Every one above it is answered after Tarpit (5 s), and five more end
	// the session.
	MaxRefused int
	Tarpit     time.Duration

	// Logger takes one line per session and per mail; nil discards them.
	Logger *slog.Logger
	// Observer counts; nil counts nothing.
	Observer Observer
}

// Observer is told what the server does, for counters. It is called by many
// sessions at once and must return quickly. The words it is handed are from
// small fixed sets, never the client's.
type Observer interface {
	// Connection reports how a connection was met: "accepted", "limit",
	// "network_limit", "rate", "proxy" (without the header it must begin with).
	Connection(how string)
	// Ended reports why an accepted session ended and how long it took: "quit", "lost",
	// "idle", "slow", "drain", "errors", "junk", "refused", "early",
	// "protocol", "tls", "time", "size", "internal", "stranger".
	Ended(why string, took time.Duration)
	// Answer reports the answer to a command; verb "." is the final dot, ""
	// something that is no command.
	Answer(verb string, s gateway.Status)
	// Message reports a message that was received to its end, its size in
	// octets and the time from its final dot to our answer.
	Message(size int64, s gateway.Status, took time.Duration)
}

// withDefaults fills in what was left zero.
func (c Config) withDefaults() Config {
	c.Domain = cmp.Or(c.Domain, c.Hostname)
	c.MaxSize = cmp.Or(c.MaxSize, 25<<20)
	c.MaxRecipients = cmp.Or(c.MaxRecipients, 100)
	c.DataMemory = max(cmp.Or(c.DataMemory, 96<<20), c.MaxSize)
	c.MaxConnections = cmp.Or(c.MaxConnections, 8192)
	c.MaxPerNetwork = cmp.Or(c.MaxPerNetwork, 100)
	c.ConnectionRate = cmp.Or(c.ConnectionRate, 1200)
	c.RefusalRate = cmp.Or(c.RefusalRate, 200)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 5*time.Minute)
	c.DataTimeout = cmp.Or(c.DataTimeout, 30*time.Minute)
	c.SessionTimeout = cmp.Or(c.SessionTimeout, 2*time.Hour)
	c.MinRate = cmp.Or(c.MinRate, 500)
	c.RateSlack = cmp.Or(c.RateSlack, 2*time.Minute)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, time.Minute)
	c.HandshakeTimeout = cmp.Or(c.HandshakeTimeout, 30*time.Second)
	c.AnswerTimeout = cmp.Or(c.AnswerTimeout, 20*time.Second)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, 30*time.Second)
	c.MaxErrors = cmp.Or(c.MaxErrors, 20)
	c.MaxJunk = cmp.Or(c.MaxJunk, 100)
	c.MaxRefused = cmp.Or(c.MaxRefused, 20)
	c.Tarpit = cmp.Or(c.Tarpit, 5*time.Second)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Observer == nil {
		c.Observer = blind{}
	}
	if c.TLS != nil {
		c.TLS = portTLS(c.TLS)
	}
	return c
}

// portTLS is the configuration used on the wire.
func portTLS(t *tls.Config) *tls.Config {
	t = t.Clone()
	t.MinVersion = max(t.MinVersion, tls.VersionTLS12) // RFC 8996
	// RFC 9325, section 4.2: of TLS 1.2 only what authenticates while it encrypts.
	// Go would offer CBC too.
	t.CipherSuites = []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
	// Exchange Online drops sessions that Go's tickets would resume.
	t.SessionTicketsDisabled = true
	// Opportunistic TLS asks for no certificate, and refuses nobody for one.
	t.ClientAuth = tls.NoClientCert
	t.GetConfigForClient = nil // it could undo all of this
	return t
}

// blind is the observer of those who do not want one.
type blind struct{}

func (blind) Connection(string)                            {}
func (blind) Ended(string, time.Duration)                  {}
func (blind) Answer(string, gateway.Status)                {}
func (blind) Message(int64, gateway.Status, time.Duration) {}

package delivery

import "time"

// Timeouts bound each step of a dialogue.
type Timeouts struct {
	Connect  time.Duration // TCP connection, 30 s
	TLS      time.Duration // TLS handshake, 1 min
	Greeting time.Duration // 5 min
	Hello    time.Duration // answer to EHLO, STARTTLS and each step of AUTH, 5 min
	Mail     time.Duration // 5 min
	Rcpt     time.Duration // each, 5 min
	Data     time.Duration // the 354, 2 min
	Block    time.Duration // each write, 3 min
	Dot      time.Duration // the answer to the end of the mail, 10 min
	Quit     time.Duration // courtesy at the end (QUIT, RSET), 5 s
	Idle     time.Duration // how long an unused connection is kept, 30 s
}

// standard holds the defaults: RFC 5321, section 4.5.3.2, where it says anything.
var standard = Timeouts{
	Connect:  30 * time.Second,
	TLS:      time.Minute,
	Greeting: 5 * time.Minute,
	Hello:    5 * time.Minute,
	Mail:     5 * time.Minute,
	Rcpt:     5 * time.Minute,
	Data:     2 * time.Minute,
	Block:    3 * time.Minute,
	Dot:      10 * time.Minute,
	Quit:     5 * time.Second,
	Idle:     30 * time.Second,
}

// timeouts are the client's, the zero ones filled in.
func (c *Client) timeouts() Timeouts {
	t := c.Timeouts
	for _, f := range []struct {
		set *time.Duration
		def time.Duration
	}{
		{&t.Connect, standard.Connect}, {&t.TLS, standard.TLS}, {&t.Greeting, standard.Greeting},
		{&t.Hello, standard.Hello}, {&t.Mail, standard.Mail}, {&t.Rcpt, standard.Rcpt},
		{&t.Data, standard.Data}, {&t.Block, standard.Block}, {&t.Dot, standard.Dot},
		{&t.Quit, standard.Quit}, {&t.Idle, standard.Idle},
	} {
		if *f.set <= 0 {
			*f.set = f.def
		}
	}
	return t
}

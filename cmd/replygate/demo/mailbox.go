package demo

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/emersion/go-smtp"
)

// mailbox is the far end of outgoing mail: the server of the recipients' provider.
type mailbox struct {
	addr *net.TCPAddr
	l    net.Listener
	srv  *smtp.Server
	done chan struct{}
	got  chan delivered
}

type delivered struct {
	from, to string
	raw      []byte
}

func openMailbox() (*mailbox, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &mailbox{addr: l.Addr().(*net.TCPAddr), l: l, done: make(chan struct{}), got: make(chan delivered, 64)}
	m.srv = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &mailboxSession{got: m.got}, nil
	}))
	m.srv.Domain, m.srv.MaxLineLength = "mx.people.example", 1<<20
	go func() {
		defer close(m.done)
		m.srv.Serve(l) // ends with Close
	}()
	return m, nil
}

func (m *mailbox) close() {
	m.srv.Close()
	m.l.Close() // Close does not know a listener that is not served yet
	<-m.done
}

// next waits for the next mail to an address.
func (m *mailbox) next(ctx context.Context, to string) (delivered, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		select {
		case d := <-m.got:
			if d.to == to {
				return d, nil
			}
		case <-ctx.Done():
			return delivered{}, fmt.Errorf("no mail for %s came within %v", to, patience)
		}
	}
}

// patience bounds every wait of the demo.
const patience = time.Minute

type mailboxSession struct {
	got chan delivered
	d   delivered
}

func (s *mailboxSession) Reset()        { s.d = delivered{} }
func (s *mailboxSession) Logout() error { return nil }

func (s *mailboxSession) Mail(from string, _ *smtp.MailOptions) error {
	s.d.from = from
	return nil
}

func (s *mailboxSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.d.to = to
	return nil
}

func (s *mailboxSession) Data(r io.Reader) (err error) {
	if s.d.raw, err = io.ReadAll(r); err != nil {
		return err
	}
	select {
	case s.got <- s.d:
		return nil
	default:
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"}
	}
}

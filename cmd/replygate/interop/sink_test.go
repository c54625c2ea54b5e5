package interop

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// sink is the far end of outgoing mail: it takes everything and keeps it.
type sink struct {
	port int
	mu   sync.Mutex
	got  []received
}

type received struct {
	from, to string
	data     []byte
}

func startSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &sinkSession{sink: s}, nil }))
	srv.Domain, srv.MaxLineLength = "sink.interop.test", 1<<20
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		l.Close() // Close does not know a listener that is not served yet
		<-done
	})
	return s
}

// to returns the mails that went to an address so far.
func (s *sink) to(addr string) []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []received
	for _, m := range s.got {
		if m.to == addr {
			out = append(out, m)
		}
	}
	return out
}

type sinkSession struct {
	sink *sink
	received
}

func (s *sinkSession) Reset()                                      { s.received = received{} }
func (s *sinkSession) Logout() error                               { return nil }
func (s *sinkSession) Mail(from string, _ *smtp.MailOptions) error { s.from = from; return nil }
func (s *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error   { s.received.to = to; return nil }

func (s *sinkSession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.data = b
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.sink.got = append(s.sink.got, s.received)
	return nil
}

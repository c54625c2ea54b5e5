// Package tlscert keeps the certificate that our listeners show: it reads a
// certificate and its key from files, and reads them again when they change.
//
// It promises that every handshake has a certificate: a new one is taken into
// use only when it is whole, matches its key and is valid today; until then the
// one before it stays, and the log says why. No handshake waits for a file.
//
// Getting and renewing certificates is left to an ACME client beside us.
package tlscert

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Every is how often Run looks at the files.
	Every = 10 * time.Second
	// Notice is how long before its end a certificate is warned of.
	Notice = 14 * 24 * time.Hour
	// maxFile bounds what is read of a file, in bytes.
	maxFile = 1 << 20
)

// Files is a certificate chain and its key, both PEM, in two files (or one that
// holds both). It is safe for concurrent use.
type Files struct {
	cert, key string
	log       *slog.Logger
	current   atomic.Pointer[tls.Certificate]

	mu     sync.Mutex
	seen   [2][]byte // what the files held when they were last looked at
	failed error     // why that is not in use
	told   bool      // and that the log says so
	warned time.Time // when the certificate's end was last warned of
}

// Open reads both files, whose certificate is used from now on. One that is not
// valid today is used all the same, with an alarm: mail servers that encrypt
// when they can do not look at it.
func Open(certFile, keyFile string, log *slog.Logger) (*Files, error) {
	f := &Files{cert: certFile, key: keyFile, log: log}
	seen, err := f.read()
	if err != nil {
		return nil, err
	}
	c, err := parse(seen)
	if err != nil {
		return nil, fmt.Errorf("certificate %s: %w", certFile, err)
	}
	f.use(c, seen)
	f.warn(time.Now())
	return f, nil
}

// Config shows the certificate in handshakes; it may be cloned and amended.
func (f *Files) Config() *tls.Config {
	return &tls.Config{GetCertificate: f.GetCertificate, MinVersion: tls.VersionTLS12}
}

// GetCertificate returns the certificate in use, for tls.Config.
func (f *Files) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.current.Load(), nil
}

// Expires is when the certificate in use ends.
func (f *Files) Expires() time.Time { return f.current.Load().Leaf.NotAfter }

// Err tells why what the files hold is not in use, nil if it is.
func (f *Files) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// Run looks at the files every ten seconds until ctx ends, and at once whenever
// something is received from now (a signal of the operator's, say).
func (f *Files) Run(ctx context.Context, now <-chan os.Signal) error {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-now:
			f.Reload()
		case <-tick.C:
			f.look()
		}
		f.warn(time.Now())
	}
}

// Reload looks at the files at once; its error says why what they hold is not
// taken into use.
func (f *Files) Reload() error {
	f.look()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell()
	return f.failed
}

// look reads the files, and takes what is new in them into use if it is sound.
// What is not is told of when it is found a second time: the two files cannot
// change at the same moment.
func (f *Files) look() {
	seen, err := f.read()
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		seen = [2][]byte{}
	}
	if same(seen, f.seen) {
		f.tell()
		return
	}
	f.seen, f.told = seen, false
	var c *tls.Certificate
	if err == nil {
		c, err = parse(seen)
	}
	if err == nil {
		err = vet(c.Leaf, time.Now())
	}
	if f.failed = err; err != nil {
		return
	}
	f.current.Store(c)
	f.warned = time.Time{}
	f.log.Info("certificate changed", "file", f.cert, "subject", c.Leaf.Subject.String(), "expires", c.Leaf.NotAfter)
}

// tell logs, once, why what the files hold is not in use. The caller has locked.
func (f *Files) tell() {
	if f.failed == nil || f.told {
		return
	}
	f.told = true
	f.log.Error("new certificate is not used, the old one stays", "file", f.cert, "error", f.failed, "expires", f.Expires())
}

// warn logs, once a day, that the certificate in use ends soon.
func (f *Files) warn(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	left := f.Expires().Sub(now)
	if left > Notice || now.Sub(f.warned) < 24*time.Hour {
		return
	}
	f.warned = now
	f.log.Error("certificate ends soon, or has ended", "file", f.cert, "expires", f.Expires(), "days", int(left.Hours()/24))
}

func (f *Files) use(c *tls.Certificate, seen [2][]byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = seen
	f.current.Store(c)
}

func (f *Files) read() (seen [2][]byte, err error) {
	for i, name := range []string{f.cert, f.key} {
		if seen[i], err = readFile(name); err != nil {
			return seen, fmt.Errorf("certificate: %w", err)
		}
	}
	return seen, nil
}

func readFile(name string) ([]byte, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if st.Size() > maxFile {
		return nil, fmt.Errorf("%s has %d bytes, more than any certificate", name, st.Size())
	}
	return os.ReadFile(name)
}

func same(a, b [2][]byte) bool { return bytes.Equal(a[0], b[0]) && bytes.Equal(a[1], b[1]) }

// parse makes a certificate of what the files hold.
func parse(seen [2][]byte) (*tls.Certificate, error) {
	c, err := tls.X509KeyPair(seen[0], seen[1])
	if err != nil {
		return nil, err
	}
	if c.Leaf == nil { // GODEBUG x509keypairleaf=0
		if c.Leaf, err = x509.ParseCertificate(c.Certificate[0]); err != nil {
			return nil, err
		}
	}
	return &c, nil
}

// What is wrong with a certificate that is whole.
var (
	errEnded = errors.New("it is no longer valid")
	errEarly = errors.New("it is not valid yet")
)

// vet tells whether a certificate is valid at a time.
func vet(leaf *x509.Certificate, now time.Time) error {
	switch {
	case now.After(leaf.NotAfter):
		return fmt.Errorf("%w: until %s", errEnded, leaf.NotAfter)
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("%w: from %s", errEarly, leaf.NotBefore)
	}
	return nil
}

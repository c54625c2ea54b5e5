package interop

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// authority is a certificate authority of our own.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir(), key: newKey(t)}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Interop CA", Organization: []string{"Interop"}, Country: []string{"NL"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(5, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, a.file(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (a *authority) file() string { return filepath.Join(a.dir, "ca.pem") }

// issue replaces a certificate and its key as ACME clients do: by renaming.
func (a *authority) issue(serial int64, until time.Time, cert, key string) {
	a.t.Helper()
	k := newKey(a.t)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "mx.gateway.test"}, DNSNames: []string{"mx.gateway.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, CRLDistributionPoints: []string{"http://127.0.0.1/ca.crl"},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, k.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		write(a.t, name+".new", pem.EncodeToMemory(block))
		if err := os.Rename(name+".new", name); err != nil {
			a.t.Fatal(err)
		}
	}
}

// startSecure is a product with a certificate for three months.
func startSecure(t *testing.T, more string) (p *product, a *authority, cert, key string) {
	t.Helper()
	a = newAuthority(t)
	cert, key = filepath.Join(a.dir, "cert.pem"), filepath.Join(a.dir, "key.pem")
	a.issue(2, time.Now().AddDate(0, 3, 0), cert, key)
	p = startDoor(t, startSink(t).port, fmt.Sprintf("tls_cert = %q\ntls_key = %q\n%s", cert, key, more))
	return p, a, cert, key
}

// TestOpenSSL does STARTTLS as OpenSSL does, and looks for session tickets.
func TestOpenSSL(t *testing.T) {
	need(t, "openssl")
	p, a, _, _ := startSecure(t, "")
	for version, want := range map[string]bool{"-tls1_3": true, "-tls1_2": true, "-tls1_1": false, "-tls1": false} {
		cmd := exec.Command("openssl", "s_client", "-starttls", "smtp", "-connect", "127.0.0.1:"+strconv.Itoa(p.smtp), "-servername", "mx.gateway.test",
			"-CAfile", a.file(), "-verify_hostname", "mx.gateway.test", "-verify_return_error", "-crlf", "-ign_eof", "-cipher", "ALL:@SECLEVEL=0", version)
		cmd.Stdin = strings.NewReader("EHLO openssl.test\nQUIT\n")
		out, err := cmd.CombinedOutput()
		said := string(out)
		if ok := err == nil && strings.Contains(said, "221 2.0.0"); ok != want {
			t.Errorf("%s: %v\n%s", version, err, said)
		}
		if want && (!strings.Contains(said, "Verify return code: 0 (ok)") || strings.Contains(said, "TLS session ticket:")) {
			t.Errorf("%s: not verified, or a session ticket\n%s", version, said)
		}
	}
}

// TestCertificateReload swaps the certificate under a stream of handshakes, for
// good ones and for bad ones: none fails, and no bad one is ever shown.
func TestCertificateReload(t *testing.T) {
	p, a, cert, key := startSecure(t, "max_per_network = 1000\nconnections_per_minute = 0")
	roots := x509.NewCertPool()
	roots.AddCert(mustCertificate(t, a.file()))
	var mu sync.Mutex
	shown := map[int64]int{}
	var failures, handshakes atomic.Int64
	stop := make(chan struct{})
	var clients sync.WaitGroup
	begun := time.Now()
	for range 16 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				serial, err := handshake(p.smtp, roots)
				handshakes.Add(1)
				if err != nil {
					failures.Add(1)
					t.Error(err)
					return
				}
				mu.Lock()
				shown[serial]++
				mu.Unlock()
			}
		})
	}
	see := func(serial int64) {
		eventually(t, "certificate "+strconv.FormatInt(serial, 10), func() bool {
			mu.Lock()
			defer mu.Unlock()
			return shown[serial] > 20
		})
	}
	see(2)
	reload := func() { p.cmd.Process.Signal(syscall.SIGHUP) }
	for serial := int64(10); serial < 20; serial++ {
		a.issue(serial, time.Now().AddDate(0, 3, 0), cert, key)
		reload()
		see(serial)
		switch serial % 3 { // and then a bad one
		case 0:
			write(t, cert, []byte("-----BEGIN CERTIFICATE-----\nrubbish\n"))
		case 1:
			a.issue(99, time.Now().Add(-time.Minute), cert, key)
		default:
			os.Remove(key)
		}
		reload()
	}
	a.issue(20, time.Now().AddDate(0, 3, 0), cert, key) // seen without a signal
	see(20)
	close(stop)
	clients.Wait()
	rate := float64(handshakes.Load()) / time.Since(begun).Seconds()
	if shown[99] > 0 {
		t.Error("a certificate that had ended was shown")
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	if err := p.cmd.Wait(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(p.stderr.String(), "new certificate is not used"); n < 5 {
		t.Errorf("%d alarms about 10 bad certificates", n)
	}
	t.Logf("%d handshakes, %.0f a second, %d certificates, %d failures", handshakes.Load(), rate, len(shown), failures.Load())
}

func mustCertificate(t *testing.T, file string) *x509.Certificate {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// handshake does STARTTLS, verifies, and returns the certificate's number.
func handshake(port int, roots *x509.CertPool) (int64, error) {
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	s := &session{conn: conn, r: bufio.NewReader(conn)}
	s.expect("", 220)
	s.expect("STARTTLS", 220)
	if s.err != nil {
		return 0, s.err
	}
	secure := tls.Client(conn, &tls.Config{ServerName: "mx.gateway.test", RootCAs: roots})
	if err := secure.Handshake(); err != nil {
		return 0, err
	}
	s = &session{conn: secure}
	s.expect("EHLO c.test", 250)
	s.expect("QUIT", 221)
	return secure.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), s.err
}

// TestTestssl has testssl.sh look at the SMTP port; it must find nothing that
// it rates above "info", but for what no certificate of a test can have.
func TestTestssl(t *testing.T) {
	program := "testssl"
	if _, err := exec.LookPath(program); err != nil {
		program = "testssl.sh"
	}
	need(t, program)
	p, a, _, _ := startSecure(t, "max_per_network = 1000\nconnections_per_minute = 0")
	out := filepath.Join(t.TempDir(), "findings.json")
	args := []string{"--starttls", "smtp", "--jsonfile", out, "--warnings", "off", "--color", "0", "--quiet", "--add-ca", a.file(), "--nodns", "min",
		"-p", "-S", "-P", "-f", "-s", "-U", "mx.gateway.test:" + strconv.Itoa(p.smtp)}
	cmd := exec.Command(program, append([]string{"--ip", "127.0.0.1"}, args...)...)
	said, err := cmd.CombinedOutput()
	b, readErr := os.ReadFile(out)
	if readErr != nil {
		t.Fatalf("%v %v\n%s", err, readErr, said)
	}
	var findings []struct{ ID, Severity, Finding string }
	if err := json.Unmarshal(b, &findings); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	// Of the certificate's authority, not of the server: no revocation service,
	// no DNS that answers. And of testssl's own OpenSSL.
	excused := []string{"engine_problem", "cert_ocspURL", "cert_crlDistributionPoints", "OCSP_stapling", "DNS_CAArecord", "cert_revocation", "cert_mustStapleExtension", "certificate_transparency", "cert_chain_of_trust", "cert_expirationStatus"}
	bad := 0
	for _, f := range findings {
		if !slices.Contains([]string{"OK", "INFO", "DEBUG"}, f.Severity) && !slices.Contains(excused, f.ID) {
			bad++
			t.Errorf("%s %s: %s", f.Severity, f.ID, f.Finding)
		}
	}
	if len(findings) < 40 {
		t.Errorf("only %d results\n%s", len(findings), said)
	}
	t.Logf("%d results, %d findings", len(findings), bad)
}

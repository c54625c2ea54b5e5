package tlscert

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// journal is a log that is read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) count(words string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.b.String(), words)
}

// pair is a certificate and its key as PEM.
type pair struct{ cert, key []byte }

func newPair(t *testing.T, serial int64, from, until time.Time) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"mx.example"}, NotBefore: from, NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pair{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}

// place is where the two files are.
type place struct {
	t         *testing.T
	cert, key string
}

func newPlace(t *testing.T) place {
	dir := t.TempDir()
	return place{t, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
}

// put replaces a file as ACME clients do: by renaming.
func (p place) put(name string, content []byte) {
	p.t.Helper()
	if err := os.WriteFile(name+".new", content, 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		p.t.Fatal(err)
	}
}

func (p place) putBoth(x pair) { p.put(p.cert, x.cert); p.put(p.key, x.key) }

// shown is the serial number of the certificate in use.
func shown(t *testing.T, f *Files) int64 {
	t.Helper()
	c, err := f.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return c.Leaf.SerialNumber.Int64()
}

// TestChange walks through what may happen to the files while Run looks on.
func TestChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		year := now.Add(365 * 24 * time.Hour)
		one, two, three := newPair(t, 1, now, year), newPair(t, 2, now, year), newPair(t, 3, now, year)
		ended, early := newPair(t, 4, now.Add(-time.Hour), now.Add(-time.Second)), newPair(t, 5, now.Add(24*time.Hour), year)
		p := newPlace(t)
		p.putBoth(one)
		var log journal
		f, err := Open(p.cert, p.key, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		signals := make(chan os.Signal)
		done := make(chan error)
		go func() { done <- f.Run(ctx, signals) }()

		pass := func(d time.Duration) { <-time.After(d); synctest.Wait() }
		pass(time.Second) // out of step with the ticks
		alarms := func() int { return log.count("new certificate is not used") }
		for _, step := range []struct {
			what   string
			change func()
			serial int64
			alarms int // in all, once it was looked at twice
		}{
			{"nothing", func() {}, 1, 0},
			{"a new pair", func() { p.putBoth(two) }, 2, 0},
			{"the certificate first", func() { p.put(p.cert, three.cert) }, 2, 1},
			{"then its key", func() { p.put(p.key, three.key) }, 3, 1},
			{"half a file", func() { p.put(p.cert, one.cert[:len(one.cert)/2]) }, 3, 2},
			{"nothing in it", func() { p.put(p.cert, nil) }, 3, 3},
			{"ended", func() { p.putBoth(ended) }, 3, 4},
			{"not yet valid", func() { p.putBoth(early) }, 3, 5},
			{"the same again", func() {}, 3, 5},
			{"gone", func() { os.Remove(p.key) }, 3, 6},
			{"far too large", func() { p.put(p.key, make([]byte, maxFile+1)) }, 3, 6},
			{"and good", func() { p.putBoth(one) }, 1, 6},
		} {
			step.change()
			pass(Every)
			if f.Err() != nil && alarms() == step.alarms && step.what != "the same again" && step.what != "far too large" {
				t.Errorf("%s: alarm at the first look", step.what)
			}
			pass(Every)
			if got := shown(t, f); got != step.serial {
				t.Errorf("%s: number %d is in use, want %d", step.what, got, step.serial)
			}
			if got := alarms(); got != step.alarms {
				t.Errorf("%s: %d alarms, want %d", step.what, got, step.alarms)
			}
		}
		if err := f.Err(); err != nil {
			t.Error(err)
		}

		p.putBoth(two)
		signals <- os.Interrupt
		synctest.Wait()
		if got := shown(t, f); got != 2 {
			t.Errorf("after the signal number %d is in use", got)
		}
		p.putBoth(ended)
		signals <- os.Interrupt
		synctest.Wait()
		if alarms() != 7 || !errors.Is(f.Err(), errEnded) {
			t.Errorf("%d alarms, %v", alarms(), f.Err())
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestEndIsWarnedOf, once a day in the last two weeks.
func TestEndIsWarnedOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		p := newPlace(t)
		p.putBoth(newPair(t, 1, now, now.Add(15*24*time.Hour+time.Hour)))
		var log journal
		f, err := Open(p.cert, p.key, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- f.Run(ctx, nil) }()
		warnings := func() int { return log.count("ends soon") }
		for _, c := range []struct{ days, want int }{{1, 0}, {3, 3}} {
			<-time.After(time.Duration(c.days) * 24 * time.Hour)
			synctest.Wait()
			if got := warnings(); got != c.want {
				t.Errorf("%d warnings after %d days more, want %d", got, c.days, c.want)
			}
		}
		cancel()
		<-done
	})
}

// TestOpen refuses what it cannot show, and shows what has ended.
func TestOpen(t *testing.T) {
	now := time.Now()
	quiet := slog.New(slog.DiscardHandler)
	a, b := newPair(t, 1, now.Add(-time.Hour), now.Add(time.Hour)), newPair(t, 2, now.Add(-time.Hour), now.Add(time.Hour))
	for name, x := range map[string]pair{"another's key": {a.cert, b.key}, "no key": {a.cert, nil}, "no certificate": {a.key, a.key}} {
		p := newPlace(t)
		p.putBoth(x)
		if _, err := Open(p.cert, p.key, quiet); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	p := newPlace(t)
	if _, err := Open(p.cert, p.key, quiet); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no files: %v", err)
	}
	p.putBoth(newPair(t, 3, now.Add(-2*time.Hour), now.Add(-time.Hour)))
	f, err := Open(p.cert, p.key, quiet)
	if err != nil || shown(t, f) != 3 {
		t.Errorf("ended: %v", err)
	}
	both := append(bytes.Clone(a.cert), a.key...)
	p.put(p.cert, both)
	if f, err := Open(p.cert, p.cert, quiet); err != nil || shown(t, f) != 1 {
		t.Errorf("both in one file: %v", err)
	}
}

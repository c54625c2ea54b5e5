package interop

import (
	"bytes"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

// peers are the scripts that set up and drive what users would run instead; see
// docs/speed.md.
type peers struct{ bench, root string }

func needPeers(t *testing.T) peers {
	t.Helper()
	shared := os.Getenv("REPLYGATE_SHARED")
	if shared == "" {
		shared = "../../../../shared"
	}
	p := peers{filepath.Join(shared, "bench"), filepath.Join(os.TempDir(), "replygate-bench")}
	if _, err := os.Stat(filepath.Join(p.bench, "peer.sh")); err != nil {
		t.Skip("REPLYGATE_SHARED names no directory with bench/peer.sh")
	}
	need(t, "postfix", "node", "curl", "python3")
	run(t, nil, filepath.Join(p.bench, "setup-peers.sh"), "postfix", "haraka")
	return p
}

// start runs a peer until the test ends; one that a run before has left is stopped.
func (p peers) start(t *testing.T, name string) {
	t.Helper()
	stop := func() { exec.Command(filepath.Join(p.bench, "peer.sh"), "stop", name).Run() }
	stop()
	run(t, nil, filepath.Join(p.bench, "peer.sh"), "start", name)
	t.Cleanup(stop)
}

// cpu is the processor time a peer has used, in seconds.
func (p peers) cpu(t *testing.T, name string) float64 {
	t.Helper()
	out := run(t, nil, filepath.Join(p.bench, "peer.sh"), "cpu", name)
	s, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// settle waits until a Postfix has nothing left to do.
func (p peers) settle(t *testing.T) {
	t.Helper()
	within(t, 2*time.Minute, "Postfix has an empty queue", func() bool {
		busy := false
		for _, q := range []string{"incoming", "active"} {
			filepath.WalkDir(filepath.Join(p.root, "postfix", "queue", q), func(_ string, d os.DirEntry, err error) error {
				busy = busy || err == nil && d.Type().IsRegular()
				return nil
			})
		}
		return !busy
	})
}

// mails is a load: files that replyload sends in turn, and where to.
type mails struct {
	dir, rcpts string
	n          int
}

var dumped = regexp.MustCompile(`(?s)From: .*?\r\nTo: .*?\r\nMessage-ID: .*?\r\n(.*?\r\n)\.\r\n`)

// makeMails writes n replies of about size bytes, as replyload shapes them, each
// from another person to their own reply address and nine of ten signed with
// RSA-2048. The signature covers all but the Message-ID, which replyload sets.
func (p peers) makeMails(t *testing.T, key *rsa.PrivateKey, to []string, n, size int) mails {
	t.Helper()
	shapes := dumped.FindAllSubmatch(run(t, nil, filepath.Join(p.root, "bin", "replyload"), "-rcpt", "x@y.test", "-dump", "20", "-size", strconv.Itoa(size-500)), -1)
	if len(shapes) != 20 {
		t.Fatalf("replyload printed %d of 20 mails", len(shapes))
	}
	m := mails{dir: t.TempDir(), rcpts: filepath.Join(t.TempDir(), "rcpts"), n: n}
	write(t, m.rcpts, []byte(strings.Join(to[:n], "\n")+"\n"))
	how := dkim.SignOptions{
		Domain: peopleMail, Selector: "bench", Signer: key,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		HeaderKeys: []string{"From", "To", "Subject", "Date", "In-Reply-To", "References", "MIME-Version", "Content-Type"},
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				raw := fmt.Appendf(nil, "From: Alice Example <%s>\r\nTo: <%s>\r\n", person(i), to[i])
				raw = append(raw, bytes.ReplaceAll(shapes[i%len(shapes)][1], []byte("Hi,"), fmt.Appendf(nil, "Hi, %s.", mark(i)))...)
				if i%10 != 9 {
					var signed bytes.Buffer
					if err := dkim.Sign(&signed, bytes.NewReader(raw), &how); err != nil {
						t.Error(err)
						return
					}
					raw = signed.Bytes()
				}
				if err := os.WriteFile(filepath.Join(m.dir, fmt.Sprintf("%06d.eml", i)), raw, 0o644); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return m
}

func person(i int) string { return fmt.Sprintf("u%d@%s", i, peopleMail) }

// mark is a word of mail i by which its webhook is known.
func mark(i int) string { return fmt.Sprintf("bench-%06d", i) }

// sending is what one run of replyload found.
type sending struct {
	Rate    float64 `json:"accepted_per_s"`
	Latency struct {
		P50, P99, Max float64
	} `json:"latency_ms"`
	Accepted int               `json:"accepted"`
	Codes    map[string]int    `json:"codes"`
	Samples  map[string]string `json:"code_samples"`
	acks     map[int]time.Time
}

// send gives n of the mails to a server, a connection for each. to is the only
// recipient; empty: each mail's own.
func (p peers) send(t *testing.T, m mails, port, sessions, n int, to string) sending {
	t.Helper()
	log := filepath.Join(t.TempDir(), "acks")
	who := []string{"-rcpts", m.rcpts}
	if to != "" {
		who = []string{"-rcpt", to}
	}
	out, err := exec.Command(filepath.Join(p.root, "bin", "replyload"), append(who, "-addr", "127.0.0.1:"+strconv.Itoa(port),
		"-from", "u%d@"+peopleMail, "-helo", "mail."+peopleMail, "-eml-dir", m.dir, "-distinct-message-ids",
		"-sessions", strconv.Itoa(sessions), "-messages-per-session", "1", "-total", strconv.Itoa(n), "-ack-log", log)...).Output()
	var s sending
	if jerr := json.Unmarshal(out, &s); jerr != nil || err != nil || s.Accepted != n {
		t.Fatalf("replyload: %v %v\n%s", err, jerr, out)
	}
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	s.acks = make(map[int]time.Time, n)
	for line := range strings.Lines(string(b)) {
		id, ns, _ := strings.Cut(strings.TrimSpace(line), "\t")
		_, i, _ := strings.Cut(strings.TrimSuffix(id, "@client.sender.test"), ".")
		num, err1 := strconv.Atoi(i)
		at, err2 := strconv.ParseInt(ns, 10, 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("ack log: %q", line)
		}
		s.acks[num] = time.Unix(0, at)
	}
	return s
}

// receiver is the chat backend: it notes when the words of each mail came first.
type receiver struct {
	must string // what a body holds that counts

	mu       sync.Mutex
	at       map[int]time.Time
	verified int // by DKIM
}

var marked = regexp.MustCompile(`bench-(\d{6})`)

func (r *receiver) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	at := time.Now()
	found := marked.FindSubmatch(body)
	if err != nil || found == nil || !bytes.Contains(body, []byte(r.must)) {
		return
	}
	i, err := strconv.Atoi(string(found[1]))
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.at[i].IsZero() {
		return
	}
	r.at[i] = at
	if bytes.Contains(body, []byte(`"dkim":"pass"`)) {
		r.verified++
	}
}

func (r *receiver) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at, r.verified = map[int]time.Time{}, 0
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.at)
}

// startReceiver listens on a port of its own (0) or, for the peers, on the one that
// their applications know; it passes over bodies without what they must hold.
func startReceiver(t *testing.T, port int, must string) (*receiver, string) {
	t.Helper()
	r := &receiver{must: must, at: map[int]time.Time{}}
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: r}
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(l) }()
	t.Cleanup(func() { srv.Close(); <-done })
	return r, "http://" + l.Addr().String() + "/inbound"
}

// handedOver waits for the webhooks of a run: mails a second from the first 250
// to the last webhook.
func (r *receiver) handedOver(t *testing.T, s sending) float64 {
	t.Helper()
	within(t, 3*time.Minute, "every mail was handed over", func() bool { return r.count() == len(s.acks) })
	r.mu.Lock()
	defer r.mu.Unlock()
	var first, last time.Time
	for _, at := range s.acks {
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	for _, at := range r.at {
		if at.After(last) {
			last = at
		}
	}
	if r.must != "" && r.verified < len(s.acks)*9/10 {
		t.Errorf("DKIM passed for %d of %d mails", r.verified, len(s.acks))
	}
	return float64(len(s.acks)) / last.Sub(first).Seconds()
}

// used is the processor time of a process so far, in seconds: its own and what
// the system did for it.
func used(t *testing.T, pid int) float64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Skip(err)
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	var sum float64
	for _, field := range f[11:13] { // utime and stime, in hundredths
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += n / 100
	}
	return sum
}

package interop

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestHostileHTML posts hundreds of hostile HTML mails through the product, and
// shows the `html` that it tells of each in Chromium, several times over in a
// page without any protection: no script runs and nothing is asked of anybody.
// The same page with the mails as they came shows that it would be noticed.
func TestHostileHTML(t *testing.T) {
	need(t, "chromium")
	list := vectors()
	if len(list) < 300 {
		t.Fatalf("only %d vectors", len(list))
	}
	clean := throughTheProduct(t, list)

	raw := show(t, list, false)
	t.Logf("%d vectors as they came: %d ran a script, %d asked for something", len(list), len(raw.scripts), len(raw.requests))
	if len(raw.scripts) < 100 || len(raw.requests) < 40 {
		t.Error("the browser notices too little for the test to mean anything")
	}
	got := show(t, clean, true)
	for _, run := range got.scripts {
		t.Errorf("a script of %.200q ran: it was told as %q", list[run], clean[run])
	}
	for _, path := range got.requests {
		t.Errorf("was asked for: %s", path)
	}
	for _, odd := range got.Odd {
		t.Errorf("the page holds %s", odd)
	}
	if got.Sections != len(list) {
		t.Errorf("%d of %d stand where they were put", got.Sections, len(list))
	}
	t.Logf("%d vectors as they are told: %d ran a script, %d asked for something", len(list), len(got.scripts), len(got.requests))
}

// throughTheProduct sends each vector as a reply, and returns the HTML that the
// product tells of it.
func throughTheProduct(t *testing.T, list []string) []string {
	t.Helper()
	far := startSink(t)
	p := startProduct(t, far.port)
	p.converse("c", "Are you there?")
	o := readMail(t, notified(t, far, bobAddress, 1).data)
	k := dialDoor(t, "127.0.0.1", p.smtp)
	k.want("", "220")
	k.want("EHLO mail."+peopleMail, "250")
	for i, v := range list {
		if got := k.mail(bobAddress, o.replyTo, hostileMail(i, v)); !strings.HasPrefix(got, "250") {
			t.Fatalf("%.200q was answered with %s", v, got)
		}
	}
	out := make([]string, len(list))
	for _, r := range p.received() {
		var i int
		if _, err := fmt.Sscanf(r["subject"].(string), "Vector %d", &i); err != nil {
			t.Fatal(err)
		}
		out[i], _ = r["content"].(map[string]any)["html"].(string)
	}
	for i, h := range out {
		if !strings.Contains(h, "The words of "+strconv.Itoa(i)+".") {
			t.Errorf("the words beside %.200q are lost: %q", list[i], h)
		}
	}
	return out
}

// hostileMail is an unsigned mail: it is held, and told like any other.
func hostileMail(i int, vector string) []byte {
	body := base64.StdEncoding.EncodeToString([]byte("<p>The words of " + strconv.Itoa(i) + ".</p>" + armed(i, vector)))
	var lines strings.Builder
	for chunk := range slices.Chunk([]byte(body), 76) {
		lines.Write(append(chunk, '\r', '\n'))
	}
	return []byte("From: " + bobAddress + "\r\nSubject: Vector " + strconv.Itoa(i) + "\r\nMessage-ID: <v" + strconv.Itoa(i) + "@mail." + peopleMail + ">\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines.String())
}

// armed puts the number of a vector into it, and a host that leads to the test.
func armed(i int, vector string) string {
	return strings.ReplaceAll(strings.ReplaceAll(vector, "RUN", "top.ran("+strconv.Itoa(i)+")"), "HOST", "v"+strconv.Itoa(i)+".evil.test")
}

// shown is what a browser did with a page of vectors.
type shown struct {
	scripts  []int
	requests []string
	// Sections is how many vectors stand in their own place of the page, Odd what is
	// there that the allow-list does not have.
	Sections int
	Odd      []string
}

// show has Chromium show vectors: in frames of their own, and, if they are as the
// product told them, in one page and copied about in it as scripts of an
// application do. Every name resolves to the test's server.
func show(t *testing.T, list []string, told bool) shown {
	t.Helper()
	var mu sync.Mutex
	var got shown
	done := make(chan struct{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	origin := "localhost:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	page := pageOf(list, told)
	var once sync.Once
	opened := false
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.Host == origin && r.URL.String() == "/" && !opened:
			opened = true
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			io.WriteString(w, page)
		case r.Host == origin && r.URL.Path == "/ran":
			if i, err := strconv.Atoi(r.URL.RawQuery); err == nil && !slices.Contains(got.scripts, i) {
				got.scripts = append(got.scripts, i)
			}
		case r.Host == origin && r.URL.Path == "/done":
			json.NewDecoder(r.Body).Decode(&got)
			once.Do(func() { close(done) })
		case r.URL.Path == "/favicon.ico":
		default:
			got.requests = append(got.requests, r.Method+" "+r.Host+r.URL.String())
		}
	})}
	served := make(chan struct{})
	go func() { defer close(served); srv.Serve(l) }()
	defer func() { srv.Close(); <-served }()

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	profile, err := os.MkdirTemp("", "replygate-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	// Only the vectors' names and the page's own are led to the test; Chromium's go
	// nowhere.
	cmd := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions", "--metrics-recording-only", "--deny-permission-prompts",
		"--host-resolver-rules=MAP *.evil.test "+l.Addr().String()+", MAP localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--user-data-dir="+profile, "http://"+origin+"/")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-done:
	case <-ctx.Done():
		t.Error("Chromium did not come to an end")
	}
	cancel()
	cmd.Wait()
	// Its helpers may write to the last, and end a moment later.
	eventually(t, "the browser's files are gone", func() bool { return os.RemoveAll(profile) == nil })
	mu.Lock()
	defer mu.Unlock()
	return got
}

// pageOf is a page that shows vectors, and tells what came of it.
func pageOf(list []string, told bool) string {
	var frames, sections strings.Builder
	for i, v := range list {
		if !told && len(v) > 5000 { // a browser is busy with it for minutes
			continue
		}
		inner := "<script>ran=i=>parent.ran(i);alert=()=>parent.ran(" + strconv.Itoa(i) + ")</script>" + armed(i, v)
		fmt.Fprintf(&frames, "<iframe class=own sandbox=\"allow-scripts allow-same-origin allow-forms\" srcdoc=\"%s\"></iframe>\n", html.EscapeString(inner))
		if told {
			fmt.Fprintf(&sections, "<section>%s</section>\n", v)
		}
	}
	return `<!DOCTYPE html><meta charset=utf-8><title>x</title>
<script>
let pending = [];
window.ran = i => pending.push(fetch('/ran?' + i));
window.alert = () => ran(-1);
onerror = () => true;
</script>
<main id=all>` + sections.String() + `</main><div id=frames>` + frames.String() + `</div>
<script>
const allowed = new Set('A B STRONG I EM U S STRIKE DEL INS SUB SUP P DIV UL OL LI BLOCKQUOTE PRE CODE H1 H2 H3 H4 H5 H6 TABLE THEAD TBODY TR TD TH DL DT DD BR HR IMG SECTION'.split(' '));
const odd = [];
const wait = ms => new Promise(r => setTimeout(r, ms));
function poke(root) {
	for (const e of root.querySelectorAll('*')) {
		if (e.localName === 'iframe') continue;
		for (const name of ['mouseover', 'pointerenter', 'click', 'focus', 'blur', 'toggle', 'animationstart', 'input', 'paste', 'beforetoggle', 'close'])
			e.dispatchEvent(new Event(name, {bubbles: false, cancelable: true}));
	}
}
async function main() {
	document.addEventListener('click', e => e.preventDefault(), true);
	const all = document.getElementById('all');
	await wait(3000);
	for (const e of all.querySelectorAll('*')) {
		if (!allowed.has(e.tagName)) odd.push('the element ' + e.tagName);
		for (const a of e.attributes) {
			const fine = e.tagName === 'A' && (a.name === 'href' || a.name === 'rel') || e.tagName === 'IMG' && (a.name === 'src' || a.name === 'alt');
			if (!fine) odd.push('the attribute ' + a.name + ' of ' + e.tagName);
		}
		if (e.tagName === 'A' && e.hasAttribute('href') && !['http:', 'https:', 'mailto:'].includes(e.protocol)) odd.push('a link to ' + e.href);
		if (e.tagName === 'A' && e.hasAttribute('href') && e.host === location.host) odd.push('a relative link ' + e.getAttribute('href'));
		if (e.tagName === 'IMG' && !e.src.startsWith('cid:')) odd.push('a picture ' + e.src);
	}
	const sections = document.querySelectorAll('#all > section').length;
	poke(all);
	const copy = document.createElement('div');
	document.body.append(copy);
	for (let i = 0; i < 3; i++) { // what scripts of an application do
		copy.innerHTML = i ? copy.innerHTML : all.innerHTML;
		poke(copy);
		await wait(100);
	}
	for (const wrap of ['svg', 'math', 'table', 'select', 'noscript', 'style', 'textarea', 'template', 'p', 'a']) {
		copy.innerHTML = '<' + wrap + '>' + all.innerHTML + '</' + wrap + '>';
		await wait(20);
	}
	copy.remove();
	for (const f of document.querySelectorAll('iframe.own')) {
		try { poke(f.contentDocument); } catch (e) {}
	}
	await wait(1500);
	await Promise.allSettled(pending);
	await fetch('/done', {method: 'POST', body: JSON.stringify({Sections: sections, Odd: odd})});
}
addEventListener('DOMContentLoaded', () => { main().catch(e => fetch('/done', {method: 'POST', body: JSON.stringify({Odd: ['' + e]})})); });
</script>`
}

package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway/gatewaytest"
)

// TestDemo plays the whole loop and looks at what it says.
func TestDemo(t *testing.T) {
	before, err := filepath.Glob(filepath.Join(os.TempDir(), "replygate-demo-*"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Run(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{
		"DKIM rsa-sha256", "DKIM ed25519-sha256", "signature: verified", "← 250 2.0.0 Posted", "← 250 2.0.0 Already posted",
		"reply.held: unauthenticated", "← 550 5.7.1 You may read this conversation", "email  by bob", "Done",
	} {
		if !strings.Contains(strings.ToLower(out.String()), strings.ToLower(want)) {
			t.Errorf("it does not show %q:\n%s", want, out.String())
		}
	}
	after, err := filepath.Glob(filepath.Join(os.TempDir(), "replygate-demo-*"))
	if err != nil || len(after) > len(before) {
		t.Errorf("left behind: %v, %v", after, err)
	}
}

// TestDemoIsStopped: told to stop, it ends with an error and leaves nothing.
func TestDemoIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if err := Run(ctx, &out); err == nil {
		t.Error("a demo that was stopped says it went well")
	}
}

// TestNothingSecretIsLogged plays it at the level of debug and looks in the log
// for every secret that was given out, and for what people wrote.
func TestNothingSecretIsLogged(t *testing.T) {
	var out bytes.Buffer
	log := &gatewaytest.Buffer{}
	w := &world{narrator: &narrator{w: &out}, log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if err := w.play(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	secrets := []string{
		w.backend.key, w.backend.secret, strings.TrimPrefix(w.backend.secret, "whsec_"),
		"the blue one is sold out", "Green is fine", "ring twice", "gold one", "Me too",
	}
	tokens := 0
	for _, p := range []person{w.bob, w.carol} {
		m, err := mail.ReadMessage(bytes.NewReader(p.notification.raw))
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{m.Header.Get("Reply-To"), m.Header.Get("List-Unsubscribe"), p.notification.from} {
			for word := range strings.FieldsFuncSeq(field, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '2' || r > '7') }) {
				if len(word) == 40 {
					secrets = append(secrets, word)
					tokens++
				}
			}
		}
	}
	if tokens < 8 { // reply, reverse-path, and the unsubscribe token twice, of each
		t.Fatalf("only %d tokens were found", tokens)
	}
	text := log.String()
	for _, s := range secrets {
		if i := strings.Index(strings.ToLower(text), strings.ToLower(s)); i >= 0 || s == "" {
			t.Errorf("the log holds %q: …%s…", s, text[max(0, i-200):min(len(text), i+100)])
		}
	}
	lines := 0
	for line := range strings.Lines(text) {
		lines++
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
	if lines < 20 {
		t.Errorf("only %d lines were logged", lines)
	}
	for _, want := range []string{`"mail received"`, `"delivery attempt"`, `"smtp message answered"`, `"trace":"trc_`} {
		if !strings.Contains(text, want) {
			t.Errorf("the log has no %s", want)
		}
	}
}

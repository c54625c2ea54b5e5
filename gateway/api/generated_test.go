package api

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// TestGeneratedClient generates a TypeScript client from the document, compiles
// the loop against it, and runs that. REPLYGATE_NODE names a directory with the
// npm packages openapi-typescript, openapi-fetch, typescript and @types/node.
func TestGeneratedClient(t *testing.T) {
	node := os.Getenv("REPLYGATE_NODE")
	for _, name := range []string{"openapi-typescript", "openapi-fetch", "typescript", "@types/node"} {
		if _, err := os.Stat(filepath.Join(node, "node_modules", name)); node == "" || err != nil {
			t.Skipf("REPLYGATE_NODE has no npm package %s", name)
		}
	}
	dir := t.TempDir()
	l := newLab(t)
	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out.String())
		}
	}
	bin := filepath.Join(node, "node_modules")
	l.ok(os.Symlink(bin, filepath.Join(dir, "node_modules")))
	l.ok(os.WriteFile(filepath.Join(dir, "openapi.json"), []byte(openapi), 0o600))
	l.ok(os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"type":"commonjs"}`), 0o600))
	source, err := os.ReadFile("testdata/client/loop.ts")
	l.ok(err)
	l.ok(os.WriteFile(filepath.Join(dir, "loop.ts"), source, 0o600))
	run("node", filepath.Join(bin, "openapi-typescript/bin/cli.js"), "openapi.json", "-o", "api.d.ts")
	run("node", filepath.Join(bin, "typescript/bin/tsc"), "--strict", "--target", "es2022", "--module", "node16", "--moduleResolution", "node16", "--types", "node", "--skipLibCheck", "loop.ts")
	l.hold("order 1047/a", "bob@people.test") // his mail comes early, and waits
	run("node", "loop.js", l.url+"/v1/shop", l.key)
}

// hold has a reply wait for approval.
func (l *lab) hold(c gateway.ConversationID, u gateway.UserID) {
	now := time.Now()
	l.update(func(tx store.Tx) error {
		r := gateway.Reply{
			ID: "rpl_1", Conversation: c, Participant: u, State: gateway.ReplyHeld, Reason: gateway.ReasonUnauthentic, ReceivedAt: now, UpdatedAt: now,
			MessageID: "1@people.test", Digest: "1", Content: &gateway.ReplyContent{Text: "Green is fine"},
		}
		return store.PutReply(tx, "shop", r)
	})
}

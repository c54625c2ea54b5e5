package interop

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestTalkJSSignature has a receiver written after TalkJS's documentation, in
// another language, check the product's webhooks.
func TestTalkJSSignature(t *testing.T) {
	need(t, "node", "openssl")
	p := newProduct(t, freePort(t))
	p.start()
	p.call("PUT", "/users/ann", map[string]any{"name": "Ann Fïeld <ann>", "custom": map[string]any{"note": "a & b\u2028 \U0001F642 \\"}})
	p.call("PUT", "/users/bob", map[string]any{"name": "Bob"})
	p.call("PUT", "/conversations/c", map[string]any{"participants": []string{"ann", "bob"}})
	p.say("c", "Ça va? „Ja“ \t\n</script>")
	eventually(t, "three webhooks", func() bool { return len(p.hooks.of("user.created"))+len(p.hooks.of("message.sent")) == 3 })
	lines := p.hooks.lines()
	var got struct{ Good, Bad, Tampered, Stale int }
	out := run(t, lines, "env", "KEY="+p.key, "node", "testdata/talkjs_verify.mjs")
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(lines), "\n"); got.Good != n || got.Bad != 0 || got.Tampered != n || got.Stale != 0 {
		t.Errorf("of %d webhooks %+v", n, got)
	}
}

package api

import (
	"os"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
)

// TestDocumented holds that docs/api.md names every route, every setting of a
// role and every reason for a mail that is not sent, with its sentence.
func TestDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(raw)
	flat := doc
	for _, id := range []string{"{id}", "{c}", "{u}", "{m}", "{role}"} {
		flat = strings.ReplaceAll(flat, id, "*")
	}
	for _, r := range table() {
		if path := "/" + strings.Join(r.path, "/"); !strings.Contains(flat, path) && !strings.Contains(flat, path[strings.LastIndex(path, "/"):]) {
			t.Errorf("%s %s is not in docs/api.md", r.method, path)
		}
	}
	for _, s := range roleSettings() {
		if !strings.Contains(doc, "`"+s.name+"`") {
			t.Errorf("the setting %s is not in docs/api.md", s.name)
		}
	}
	for _, r := range []gateway.Reason{
		gateway.ReasonRead, gateway.ReasonReturned, gateway.ReasonOwnMessage, gateway.ReasonMuted, gateway.ReasonNoMention, gateway.ReasonNoAccess,
		gateway.ReasonNoAddress, gateway.ReasonDisabled, gateway.ReasonUnsubscribed, gateway.ReasonSuppressed, gateway.ReasonBot, gateway.ReasonDeleted,
		gateway.ReasonJoinedLater, gateway.ReasonConversationMuted, gateway.ReasonOncePerAbsence, gateway.ReasonDailyCap, gateway.ReasonConversationCap,
		gateway.ReasonBotAnswered, gateway.ReasonOtherAgent, gateway.ReasonOnline, gateway.ReasonNoAgentReply,
	} {
		if !strings.Contains(doc, "| `"+string(r)+"` | "+r.Sentence()) {
			t.Errorf("the reason %s is not in docs/api.md as it is told", r)
		}
	}
}

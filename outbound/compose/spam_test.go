package compose

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestSpamAssassin: no rule that SpamAssassin decides by the mail alone, such as
// those about Message-IDs, says anything about our mails but that they have an
// HTML part.
func TestSpamAssassin(t *testing.T) {
	tool, err := exec.LookPath("spamassassin")
	if err != nil {
		if os.Getenv("REPLYGATE_INTEROP") == "require" {
			t.Fatal("spamassassin is not installed")
		}
		t.Skip("spamassassin is not installed")
	}
	const received = "From MAILER-DAEMON Fri Nov 20 12:00:01 2026\n" +
		"Received: from chat.example.com (chat.example.com [104.16.1.1]) by mx.example.net with ESMTPS id 1; Fri, 20 Nov 2026 12:00:01 +0000\n"
	names, box := []string{"ordinary", "arabic", "japanese", "german", "busy"}, ""
	for _, name := range names {
		box += received + strings.ReplaceAll(string(compose(t, designs()[name]).Raw), "\r\n", "\n") + "\n"
	}
	run := exec.Command(tool, "--local", "--nocreate-prefs", "--mbox")
	run.Stdin = strings.NewReader(box)
	run.Env = append(os.Environ(), "HOME="+t.TempDir())
	var told bytes.Buffer
	run.Stderr = &told
	out, err := run.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, told.String())
	}
	verdicts := verdict.FindAllSubmatch(out, -1)
	if len(verdicts) != len(names) {
		t.Fatalf("%d verdicts about %d mails: %.2000s", len(verdicts), len(names), out)
	}
	for i, v := range verdicts {
		if rules := strings.Join(strings.Fields(string(v[1])), ""); rules != "HTML_MESSAGE" {
			t.Errorf("%s: %s", names[i], rules)
		}
	}
}

// verdict is what SpamAssassin writes into a header: the rules that hold.
var verdict = regexp.MustCompile(`X-Spam-Status: [^\n]*(?:\n\s[^\n]*)*?tests=([A-Z0-9_,\s]*)\s`)

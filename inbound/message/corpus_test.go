package message

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jhillyerd/enmime/v2"

	"github.com/replygate/replygate/gateway"
)

// TestCorpus reads other projects' test mails: none may fail, none whose text
// enmime finds may come out without words.
func TestCorpus(t *testing.T) {
	shared := os.Getenv("REPLYGATE_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	files, _ := filepath.Glob(filepath.Join(shared, "corpus", "*", "*.eml"))
	if len(files) == 0 {
		t.Skip("no corpus of mails; set REPLYGATE_SHARED to the directory that holds it")
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			raw := read(t, file)
			m, err := Parse(raw)
			if status := (gateway.Status{}); errors.As(err, &status) {
				t.Skipf("beyond the limits: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			checkStrings(t, m)
			if m.Text+m.HTML == "" && len(words(raw)) > 0 && len(m.Attachments) == 0 {
				t.Errorf("the text is lost, enmime finds %q", words(raw))
			}
		})
	}
}

// words is what enmime finds in a mail. Only mails known to be harmless may be
// given to it.
func words(raw []byte) string {
	p := enmime.NewParser(enmime.DisableTextConversion(true), enmime.SkipMalformedParts(true))
	e, err := p.ReadEnvelope(bytes.NewReader(raw))
	if err != nil {
		return ""
	}
	return strings.Trim(e.Text+e.HTML, "- \r\n\t") // "--" is what enmime joins texts by
}

func checkStrings(t *testing.T, m *Message) {
	t.Helper()
	lines := []string{m.Subject, m.MessageID, m.CalendarMethod, m.ReportType}
	lines = append(append(lines, m.InReplyTo...), m.References...)
	for _, a := range m.Attachments {
		lines = append(lines, a.Name, a.Type, a.ContentID)
		if a.Name == "" || len(a.Name) > MaxName || strings.ContainsAny(a.Name, `/\`) {
			t.Errorf("attachment named %q", a.Name)
		}
	}
	for _, s := range lines {
		if clean(s) != s {
			t.Errorf("%q is not fit for one line", s)
		}
	}
	for _, s := range []string{m.Text, m.HTML} {
		if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\r\x1b") {
			t.Errorf("unfit text %q", s)
		}
	}
}

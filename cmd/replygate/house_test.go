package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/replygate/replygate"

// floors orders the rooms inside gateway: a room imports only rooms of lower floors.
var floors = map[string]int{
	"gateway":             0,
	"gateway/secret":      1,
	"gateway/store":       1,
	"gateway/dns":         1,
	"gateway/metrics":     1,
	"gateway/tlscert":     1,
	"gateway/token":       2,
	"gateway/notify":      2,
	"gateway/mailbox":     2,
	"gateway/wire":        3,
	"gateway/queue":       3,
	"gateway/event":       4,
	"gateway/suppression": 5,
	"gateway/app":         5,
	"gateway/chat":        6,
	"gateway/api":         7,
	"gateway/webhook":     7,
	"gateway/pages":       7,
	"gateway/gatewaytest": 8,
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Doc        string
}

// ours lists the module's packages with what they import in production code.
func ours(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Doc", "./...")
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("go list does not run here: %v", err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func room(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }

func under(r, top string) bool { return r == top || strings.HasPrefix(r, top+"/") }

// TestArrows holds section 3 of the architecture against the code.
func TestArrows(t *testing.T) {
	for _, p := range ours(t) {
		from := room(p.ImportPath)
		for _, imp := range p.Imports {
			if imp != module && !strings.HasPrefix(imp, module+"/") {
				continue
			}
			to := room(imp)
			if why := forbidden(from, to); why != "" {
				t.Errorf("%s imports %s: %s", from, to, why)
			}
		}
	}
}

func forbidden(from, to string) string {
	switch {
	case under(from, "cmd"):
		return ""
	case under(to, "cmd"):
		return "nobody imports the binary"
	case under(from, "dkim"):
		return "dkim imports nothing of ours"
	case under(from, "gateway") && !under(to, "gateway"):
		return "the ground floor imports nobody above it"
	case under(from, "inbound") && under(to, "outbound"), under(from, "outbound") && under(to, "inbound"):
		return "mail in and mail out never meet"
	case under(to, "storage") && !under(from, "storage"):
		return "nothing but cmd knows an engine"
	case under(from, "gateway"):
		return risesWithin(from, to)
	}
	return ""
}

func risesWithin(from, to string) string {
	f, known := floors[from]
	if !known {
		return "the room has no floor; give it one in house_test.go and docs/decisions"
	}
	if g := floors[to]; g >= f && from != to {
		return "the arrow runs back up inside gateway"
	}
	return ""
}

// TestHomes holds that a weak or prescribed library lives in one room only.
func TestHomes(t *testing.T) {
	homes := map[string][]string{
		"github.com/jhillyerd/enmime/v2":      {"inbound/message"},
		"github.com/emersion/go-msgauth/dkim": {"dkim"},
		"github.com/emersion/go-smtp":         {"inbound/smtpd", "outbound/delivery", "cmd/replygate/demo"},
		"go.etcd.io/bbolt":                    {"storage/bolt"},
		"github.com/miekg/dns":                {"gateway/dns"},
		"github.com/microcosm-cc/bluemonday":  {"inbound/extract"},
		"github.com/pelletier/go-toml/v2":     {"cmd/replygate/config"},
	}
	for _, p := range ours(t) {
		for _, imp := range p.Imports {
			if home, ok := homes[imp]; ok && !slices.Contains(home, room(p.ImportPath)) {
				t.Errorf("%s imports %s, whose home is %v", room(p.ImportPath), imp, home)
			}
		}
	}
}

// TestEveryPackageSaysWhatItIs: each package opens with a comment.
func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, p := range ours(t) {
		if p.Doc == "" {
			t.Errorf("%s has no package comment", room(p.ImportPath))
		}
	}
}

// TestTopLevel: the top level holds the directories the house names, and no more.
func TestTopLevel(t *testing.T) {
	allowed := []string{"cmd", "gateway", "inbound", "outbound", "dkim", "storage", "docs", "deploy"}
	entries, err := filepath.Glob("../../*")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if st, err := os.Stat(e); err != nil || !st.IsDir() {
			continue
		}
		if name := filepath.Base(e); name[0] != '.' && !slices.Contains(allowed, name) {
			t.Errorf("the top level has a directory the house does not: %s", filepath.Base(e))
		}
	}
}

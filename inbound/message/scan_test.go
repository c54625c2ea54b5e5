package message

import (
	"strings"
	"testing"
)

func TestScanMeasures(t *testing.T) {
	raw := mailWith("A: 1\r\nB: 2\r\n folded\r\nContent-Type: multipart/mixed; boundary=o",
		"--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--i\r\n\r\ny\r\n--i--\r\n",
		"--o\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAAAAAA\r\n--o--\r\n")
	s, err := Scan(raw, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "depth", s.Depth, 2)
	same(t, "parts", s.Parts, 4)
	same(t, "fields", s.Fields, 3)
	same(t, "header lines", s.HeaderLines, 4)
	same(t, "header octets", s.HeaderBytes, strings.Index(string(raw), "\r\n\r\n")+2)
	same(t, "decoded", s.Decoded, 1+1+6)
}

func TestScanLimits(t *testing.T) {
	raw := mailWith("A: 1\r\nB: 2\r\n folded\r\nContent-Type: multipart/mixed; boundary=out",
		"--out\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\n\r\n\r\ntext\r\n--in--\r\n--out--\r\n")
	exact := Limits{Depth: 2, Parts: 2, HeaderBytes: strings.Index(string(raw), "\r\n\r\n") + 2, Fields: 3, HeaderLines: 4, Boundary: 3, BlankLines: 2, Decoded: 8}
	if _, err := Scan(raw, exact); err != nil {
		t.Fatalf("refused at the limits: %v", err)
	}
	for name, tighten := range map[string]func(*Limits){
		"nested":   func(l *Limits) { l.Depth-- },
		"parts":    func(l *Limits) { l.Parts-- },
		"header":   func(l *Limits) { l.HeaderBytes-- },
		"fields":   func(l *Limits) { l.Fields-- },
		"lines":    func(l *Limits) { l.HeaderLines-- },
		"boundary": func(l *Limits) { l.Boundary-- },
		"blank":    func(l *Limits) { l.BlankLines-- },
		"hold":     func(l *Limits) { l.Decoded-- },
	} {
		l := exact
		tighten(&l)
		if _, err := Scan(raw, l); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestScanBoundaries(t *testing.T) {
	for name, c := range map[string]struct{ body, text string }{
		"white space behind":      {"--b \t\r\n\r\nx\r\n--b-- \r\n", "x"},
		"bare line feeds":         {"--b\n\nx\n--b--\n", "x"},
		"longer line is text":     {"--b\r\n\r\nx\r\n--bb\r\n--b-\r\n -- b\r\n--b--\r\n", "x\n--bb\n--b-\n -- b"},
		"preamble and epilogue":   {"pre\r\n--b\r\n\r\nx\r\n--b--\r\npost", "x"},
		"never closed":            {"--b\r\n\r\nx", "x"},
		"closing without opening": {"--b--\r\n", ""},
		"two parts":               {"--b\r\n\r\nx\r\n\r\n--b\r\n\r\ny\r\n--b--", "x\n\ny"},
		"no header, indented":     {"--b\r\n  x\r\n--b--", "  x"},
		"no empty line":           {"--b\r\nContent-Type: text/plain; format=flowed\r\nx: yes\r\nno\r\n--b--", "no"},
		"header without body":     {"--b\r\nContent-Type: text/plain\r\n--b\r\n\r\ny\r\n--b--", "y"},
	} {
		m, err := Parse(mailWith("Content-Type: multipart/mixed; boundary=b", c.body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		same(t, name, m.Text, c.text)
	}
}

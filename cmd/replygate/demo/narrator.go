package demo

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// narrator prints the demo: numbered steps, and below each what crossed the wire.
type narrator struct {
	mu    sync.Mutex
	w     io.Writer
	count int
}

// step begins the next step.
func (n *narrator) step(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.count++
	title := fmt.Sprintf(format, args...)
	fmt.Fprintf(n.w, "\n%d  %s\n   %s\n", n.count, title, strings.Repeat("─", min(100, len([]rune(title)))))
}

// say prints a sentence.
func (n *narrator) say(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fmt.Fprintf(n.w, "   %s\n", fmt.Sprintf(format, args...))
}

// wire prints what one side sent, each line behind an arrow; long lines are cut.
func (n *narrator) wire(arrow, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for line := range strings.SplitSeq(strings.TrimRight(text, "\r\n"), "\n") {
		line = strings.TrimRight(line, "\r")
		if r := []rune(line); len(r) > 150 {
			line = string(r[:147]) + "…"
		}
		fmt.Fprintf(n.w, "   %s %s\n", arrow, line)
	}
}

package gatewaytest

import (
	"strings"
	"testing"
)

// failing is a test whose failures are counted.
type failing struct {
	testing.TB
	failures int
}

func (f *failing) Errorf(string, ...any) { f.failures++ }

// TestLinear: what reads everything again for every octet is found, what reads everything eight times is not.
func TestLinear(t *testing.T) {
	count := func(again func(text string, i int) string) func(int) func() {
		return func(size int) func() {
			text := strings.Repeat("a", size)
			return func() {
				for i := range text {
					if strings.IndexByte(again(text, i), 'b') >= 0 {
						t.Error("there is no b")
					}
				}
			}
		}
	}
	f := &failing{TB: t}
	Linear(f, 1<<17, count(func(text string, i int) string { return text[i:] }))
	if f.failures != 1 {
		t.Error("a quadratic reader is taken for a linear one")
	}
	f.failures = 0
	Linear(f, 1<<23, count(func(text string, i int) string { return text[i:min(len(text), i+8)] }))
	if f.failures != 0 {
		t.Error("a linear reader is taken for a quadratic one")
	}
}

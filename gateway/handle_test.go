package gateway

import "testing"

func TestNewHandle(t *testing.T) {
	seen := map[Handle]bool{}
	var bits Handle
	for range 1000 {
		h := NewHandle()
		if h == 0 || h > MaxHandle || seen[h] {
			t.Fatalf("drew %d", h)
		}
		seen[h] = true
		bits |= h
	}
	if bits != MaxHandle {
		t.Errorf("bits that are never drawn: %b", MaxHandle&^bits)
	}
}

package gateway

import (
	"slices"
	"testing"
	"time"
)

func TestIDsSortAsTheyWereMinted(t *testing.T) {
	var s IDSource
	now := time.UnixMilli(1_760_000_000_000)
	var ids []string
	for i := range 2000 {
		at := now.Add(time.Duration(i/300) * time.Millisecond)
		if i%7 == 0 {
			at = now.Add(-time.Hour) // the clock steps back
		}
		ids = append(ids, s.Next("msg_", at))
	}
	if !slices.IsSorted(ids) {
		t.Error("ids do not sort as they were minted")
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 2000 {
		t.Error("an id came twice")
	}
}

func TestStatusOf(t *testing.T) {
	refused := Status{550, [3]int{5, 7, 1}, "no"}
	if got := StatusOf(refused); got != refused {
		t.Error(got)
	}
	if got := StatusOf(ErrAddressSyntax); !got.Temporary() {
		t.Errorf("an unknown error became %v", got)
	}
}

func TestEveryReasonHasASentence(t *testing.T) {
	for r := range reasons {
		if s := r.Sentence(); s == "" || s[len(s)-1] != '.' {
			t.Errorf("%s: %q", r, s)
		}
	}
}

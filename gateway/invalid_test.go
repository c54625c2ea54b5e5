package gateway

import (
	"fmt"
	"testing"
)

func TestInvalidSpeaksInOrder(t *testing.T) {
	v := Invalid{}
	if v.Err() != nil {
		t.Error("nothing wrong is an error")
	}
	v.Add("b", "One has %d.", 2)
	v.Add("a", "Write it.")
	v.Add("b", "And short.")
	if got := v.Err().Error(); got != "a: Write it.; b: One has 2. And short." {
		t.Error(got)
	}
}

func TestMentions(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "[]",
		"hi <@ann|Ann>, hi <@bob>!": "[ann bob]",
		"<@ann> <@ann|Anna> <@bob>": "[ann bob]",
		"<@> <@|x> a < @b> <b@c.d>": "[]",
		"<@open and never closed":   "[]",
		"<@lost <@ann|Ann>":         "[ann]",
		"<@a b@example.com|A B>":    "[a b@example.com]",
	} {
		if got := fmt.Sprint(Mentions(text)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestMinDelay(t *testing.T) {
	a := App{}
	if d := a.MinDelay(); d != DefaultDelay {
		t.Errorf("without roles %v", d)
	}
	short, long, absurd := DefaultDelay/2, 2*DefaultDelay, 10*MaxDelay
	a.Roles = map[string]Role{DefaultRole: {Delay: &long}, "a": {Delay: &short}, "b": {}}
	if d := a.MinDelay(); d != short {
		t.Errorf("the smallest is %v", d)
	}
	if d := (Role{Delay: &absurd}).WaitsFor(); d != MaxDelay {
		t.Errorf("a delay beyond the bound is %v", d)
	}
}

package secret

import (
	"bytes"
	"strings"
	"testing"
)

func TestKeyFileRoundTrip(t *testing.T) {
	k := Generate()
	again, err := Parse(k.Format())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(k.Derive('a', "x"), again.Derive('a', "x")) {
		t.Error("a key file does not read back as it was written")
	}
	if bytes.Equal(k.Derive('a', "x"), k.Derive('a', "y")) {
		t.Error("two uses share a derived key")
	}
	if k.Derive('b', "x") != nil {
		t.Error("a key that does not exist derives")
	}
}

func TestKeyFileErrorsNameTheLine(t *testing.T) {
	good := strings.Split(string(Generate().Format()), "\n")[2]
	for name, file := range map[string]string{
		"empty":     "# nothing\n",
		"short key": "a AAAA\n",
		"bad id":    "A " + good[2:] + "\n",
		"twice":     good + "\n" + good + "\n",
	} {
		_, err := Parse([]byte(file))
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if name != "empty" && !strings.Contains(err.Error(), "line ") {
			t.Errorf("%s: %v names no line", name, err)
		}
	}
}

func TestBox(t *testing.T) {
	old := Generate()
	b := NewBox(old)
	sealed := b.Seal("mail", []byte("hello"))
	if !bytes.Equal(sealed, b.Seal("mail", []byte("hello"))) {
		t.Error("equal bytes make different seals")
	}
	if bytes.Contains(sealed, []byte("hello")) {
		t.Error("the seal shows the text")
	}
	if _, err := b.Open("key", sealed); err != ErrSealed {
		t.Error("another purpose opened the seal")
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := b.Open("mail", bad); err != ErrSealed {
			t.Fatalf("byte %d changed and it opened", i)
		}
	}
	fresh := strings.Replace(strings.SplitN(string(Generate().Format()), "\n", 3)[2], "a ", "b ", 1)
	rotated, err := Parse(append([]byte(fresh), old.Format()...))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := NewBox(rotated).Open("mail", sealed); err != nil || string(got) != "hello" {
		t.Errorf("after rotation: %q, %v", got, err)
	}
}

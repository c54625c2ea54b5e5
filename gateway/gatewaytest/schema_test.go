package gatewaytest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway/gatewaytest"
)

// TestSchemasAreStrict: the checker that the published schemas are held with
// finds what it is there to find.
func TestSchemasAreStrict(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"common.json": `{"$defs": {"name": {"type": "string", "pattern": "^[a-z]+$"}}}`,
		"x.json": `{"type": "object", "required": ["n", "name"], "properties": {
			"n": {"type": "integer", "minimum": 1}, "name": {"$ref": "common.json#/$defs/name"}, "kind": {"enum": ["a", 2, true]}, "one": {"const": 1},
			"maybe": {"anyOf": [{"$ref": "common.json#/$defs/name"}, {"type": "null"}]}, "either": {"type": ["string", "null"]},
			"list": {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 2}, "map": {"type": "object", "additionalProperties": {"type": "boolean"}}}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := gatewaytest.LoadSchemas(t, dir)
	for text, want := range map[string]string{
		`{"n":1,"name":"a"}`: "",
		`{"n":1,"name":"a","kind":2,"one":1.0,"maybe":null,"either":null,"list":[1.5,2],"map":{"x":true}}`: "",
		`{"n":1}`:                           "name is missing",
		`{"n":0,"name":"a"}`:                "below 1",
		`{"n":1.5,"name":"a"}`:              "is no integer",
		`{"n":"1","name":"a"}`:              "is no integer",
		`{"n":1,"name":"A"}`:                "does not match",
		`{"n":1,"name":null}`:               "is no string",
		`{"n":1,"name":"a","kind":"b"}`:     "is none of",
		`{"n":1,"name":"a","kind":1}`:       "is none of",
		`{"n":1,"name":"a","one":2}`:        "is not 1",
		`{"n":1,"name":"a","maybe":"A"}`:    "does not match",
		`{"n":1,"name":"a","either":1}`:     "is no [string null]",
		`{"n":1,"name":"a","list":[]}`:      "too few",
		`{"n":1,"name":"a","list":[1,2,3]}`: "too many",
		`{"n":1,"name":"a","list":["1"]}`:   "is no number",
		`{"n":1,"name":"a","map":{"x":1}}`:  "is no boolean",
		`{"n":1,"name":"a","extra":1}`:      "extra is not in the schema",
		`[]`:                                "is no object",
		`{`:                                 "unexpected EOF",
	} {
		got := strings.Join(s.Check("x", []byte(text)), "; ")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if got := s.Check("y", []byte(`{}`)); len(got) != 1 {
		t.Errorf("a schema that is not there: %q", got)
	}
}

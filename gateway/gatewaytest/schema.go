package gatewaytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// Schemas are JSON Schema documents (draft 2020-12) of a directory, checked
// strictly: a keyword that is not known here fails, and so does a property that
// the schema does not name, though to others the published schemas are open.
type Schemas struct {
	t   testing.TB
	doc map[string]map[string]any // by file name
}

// LoadSchemas reads every schema of a directory and fails on what is none.
func LoadSchemas(t testing.TB, dir string) *Schemas {
	t.Helper()
	s := &Schemas{t: t, doc: map[string]map[string]any{}}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas in %s: %v", dir, err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		s.doc[filepath.Base(f)] = doc
	}
	for name, doc := range s.doc {
		s.known(name, name, doc)
	}
	return s
}

// Names are those of the documents, without ".json".
func (s *Schemas) Names() (out []string) {
	for _, name := range slices.Sorted(maps.Keys(s.doc)) {
		out = append(out, strings.TrimSuffix(name, ".json"))
	}
	return out
}

// Check tells what of a JSON text is not as the named schema has it.
func (s *Schemas) Check(name string, text []byte) (wrong []string) {
	file := name + ".json"
	if s.doc[file] == nil {
		return []string{"there is no schema " + file}
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return []string{err.Error()}
	}
	return s.check(file, s.doc[file], v, "")
}

// keywords are those that check obeys, or may pass over.
var keywords = []string{
	"$schema", "title", "description", "$defs", "$ref", "type", "properties", "required", "items", "enum", "const",
	"minimum", "pattern", "additionalProperties", "minItems", "maxItems", "anyOf",
}

// known fails on keywords that check does not obey, and on dangling references.
func (s *Schemas) known(file, at string, schema map[string]any) {
	s.t.Helper()
	for k, v := range schema {
		if !slices.Contains(keywords, k) {
			s.t.Errorf("%s: the keyword %q is not known", at, k)
		}
		switch v := v.(type) {
		case map[string]any:
			if k == "properties" || k == "$defs" {
				for name, sub := range v {
					s.known(file, at+"/"+name, sub.(map[string]any))
				}
				continue
			}
			s.known(file, at+"/"+k, v)
		case []any:
			for i, sub := range v {
				if m, ok := sub.(map[string]any); ok {
					s.known(file, fmt.Sprintf("%s/%s/%d", at, k, i), m)
				}
			}
		case string:
			if k == "$ref" {
				if _, _, ok := s.resolve(file, v); !ok {
					s.t.Errorf("%s: %q leads nowhere", at, v)
				}
			}
		}
	}
}

func (s *Schemas) resolve(file, ref string) (string, map[string]any, bool) {
	name, path, _ := strings.Cut(ref, "#/$defs/")
	if name == "" {
		name = file
	}
	defs, _ := s.doc[name]["$defs"].(map[string]any)
	def, ok := defs[path].(map[string]any)
	return name, def, ok
}

func (s *Schemas) check(file string, schema map[string]any, v any, at string) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, at+": "+fmt.Sprintf(format, args...)) }
	if ref, ok := schema["$ref"].(string); ok {
		other, def, _ := s.resolve(file, ref)
		wrong = append(wrong, s.check(other, def, v, at)...)
	}
	if all, ok := schema["anyOf"].([]any); ok {
		wrong = append(wrong, s.anyOf(file, all, v, at)...)
	}
	if types, ok := schema["type"]; ok && !slices.ContainsFunc(asList(types), func(t any) bool { return isOf(v, t.(string)) }) {
		say("%s is no %v", show(v), types)
		return wrong
	}
	if want, ok := schema["const"]; ok && !same(v, want) {
		say("%s is not %s", show(v), show(want))
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.ContainsFunc(enum, func(e any) bool { return same(v, e) }) {
		say("%s is none of %v", show(v), enum)
	}
	switch v := v.(type) {
	case map[string]any:
		wrong = append(wrong, s.object(file, schema, v, at)...)
	case []any:
		wrong = append(wrong, s.array(file, schema, v, at)...)
	case json.Number:
		if least, ok := schema["minimum"].(float64); ok {
			if n, _ := v.Float64(); n < least {
				say("%s is below %v", v, least)
			}
		}
	case string:
		if p, ok := schema["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(v) {
			say("%q does not match %s", v, p)
		}
		if !utf8.ValidString(v) {
			say("%q is not UTF-8", v)
		}
	}
	return wrong
}

// anyOf is fulfilled by one; if none is, the first says what is wrong.
func (s *Schemas) anyOf(file string, all []any, v any, at string) (first []string) {
	for i, sub := range all {
		wrong := s.check(file, sub.(map[string]any), v, at)
		if len(wrong) == 0 {
			return nil
		}
		if i == 0 {
			first = wrong
		}
	}
	return first
}

func (s *Schemas) object(file string, schema, v map[string]any, at string) (wrong []string) {
	if schema["properties"] == nil && schema["additionalProperties"] == nil && schema["type"] == nil {
		return nil // another schema beside this one says what it is
	}
	for _, r := range asList(schema["required"]) {
		if _, there := v[r.(string)]; !there {
			wrong = append(wrong, at+": "+r.(string)+" is missing")
		}
	}
	props, _ := schema["properties"].(map[string]any)
	rest, _ := schema["additionalProperties"].(map[string]any)
	for _, k := range slices.Sorted(maps.Keys(v)) {
		sub, ok := props[k].(map[string]any)
		if !ok {
			sub = rest
		}
		if sub == nil {
			wrong = append(wrong, at+": "+k+" is not in the schema")
			continue
		}
		wrong = append(wrong, s.check(file, sub, v[k], at+"/"+k)...)
	}
	return wrong
}

func (s *Schemas) array(file string, schema map[string]any, v []any, at string) (wrong []string) {
	if least, ok := schema["minItems"].(float64); ok && float64(len(v)) < least {
		wrong = append(wrong, fmt.Sprintf("%s: %d items are too few", at, len(v)))
	}
	if most, ok := schema["maxItems"].(float64); ok && float64(len(v)) > most {
		wrong = append(wrong, fmt.Sprintf("%s: %d items are too many", at, len(v)))
	}
	items, ok := schema["items"].(map[string]any)
	if !ok {
		return wrong
	}
	for i, e := range v {
		wrong = append(wrong, s.check(file, items, e, fmt.Sprintf("%s/%d", at, i))...)
	}
	return wrong
}

func isOf(v any, typ string) bool {
	switch v := v.(type) {
	case nil:
		return typ == "null"
	case bool:
		return typ == "boolean"
	case string:
		return typ == "string"
	case map[string]any:
		return typ == "object"
	case []any:
		return typ == "array"
	case json.Number:
		n, err := v.Float64()
		return err == nil && (typ == "number" || typ == "integer" && n == math.Trunc(n))
	}
	return false
}

// same compares a value with one of a schema, whose numbers are float64.
func same(v, want any) bool {
	if n, ok := v.(json.Number); ok {
		f, err := n.Float64()
		return err == nil && f == want
	}
	return reflect.DeepEqual(v, want)
}

func asList(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

func show(v any) string {
	b, _ := json.Marshal(v) // it was read from JSON
	return string(b[:min(len(b), 100)])
}

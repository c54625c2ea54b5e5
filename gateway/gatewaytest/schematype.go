package gatewaytest

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Describes tells in what a Go type, as encoding/json writes it, and a property of
// the named schema differ: every key must be in the schema and every property in
// the type; what is always written must be required.
func (s *Schemas) Describes(name, property string, typ reflect.Type) []string {
	file := name + ".json"
	props, _ := s.doc[file]["properties"].(map[string]any)
	schema, ok := props[property].(map[string]any)
	if !ok {
		return []string{name + " has no " + property}
	}
	return s.describes(file, schema, typ, property)
}

func (s *Schemas) describes(file string, schema map[string]any, typ reflect.Type, at string) []string {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	file, schema = s.plain(file, schema)
	if reflect.PointerTo(typ).Implements(reflect.TypeFor[json.Marshaler]()) || typ.Implements(reflect.TypeFor[json.Marshaler]()) {
		return nil // it says itself how it is written
	}
	switch typ.Kind() {
	case reflect.Struct:
		return s.describesStruct(file, schema, typ, at)
	case reflect.Slice, reflect.Array:
		items, ok := schema["items"].(map[string]any)
		if !ok {
			return []string{at + ": the schema says nothing of the items"}
		}
		return s.describes(file, items, typ.Elem(), at+"/0")
	case reflect.Map:
		rest, ok := schema["additionalProperties"].(map[string]any)
		if !ok {
			return []string{at + ": the schema says nothing of the values"}
		}
		return s.describes(file, rest, typ.Elem(), at+"/*")
	}
	return nil
}

func (s *Schemas) describesStruct(file string, schema map[string]any, typ reflect.Type, at string) (wrong []string) {
	props, _ := schema["properties"].(map[string]any)
	seen := map[string]bool{}
	for f := range fields(typ) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		seen[name] = true
		sub, ok := props[name].(map[string]any)
		if !ok {
			wrong = append(wrong, at+"/"+name+": is not in the schema")
			continue
		}
		if !strings.Contains(options, "omit") && !slices.Contains(asList(schema["required"]), any(name)) {
			wrong = append(wrong, at+"/"+name+": is always there, which the schema does not promise")
		}
		wrong = append(wrong, s.describes(file, sub, f.Type, at+"/"+name)...)
	}
	for _, name := range slices.Sorted(maps.Keys(props)) {
		if !seen[name] {
			wrong = append(wrong, at+"/"+name+": is not in the type")
		}
	}
	return wrong
}

// fields are those that are written, with those of embedded structs.
func fields(typ reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(typ) {
			if f.IsExported() && !f.Anonymous && f.Tag.Get("json") != "-" && !yield(f) {
				return
			}
		}
	}
}

// plain follows references and takes what a nullable value is when it is not null.
func (s *Schemas) plain(file string, schema map[string]any) (string, map[string]any) {
	for {
		if all, ok := schema["anyOf"].([]any); ok {
			schema = all[0].(map[string]any)
			continue
		}
		ref, ok := schema["$ref"].(string)
		if !ok {
			return file, schema
		}
		file, schema, _ = s.resolve(file, ref)
	}
}

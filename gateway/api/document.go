package api

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"slices"
)

// openapi is the OpenAPI 3.1 document of the API, written by hand and held
// against the table of routes and real answers by tests.
//
//go:embed openapi.json
var openapi string

var documentPath = [...]string{"v1", "openapi.json"}

// isDocument tells whether the document is asked for, which needs no key.
func isDocument(method string, path []string) bool {
	return (method == http.MethodGet || method == http.MethodHead) && slices.Equal(path, documentPath[:])
}

func document() any { return json.RawMessage(openapi) }

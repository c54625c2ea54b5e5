package api

import (
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
)

// OperatorPath begins the operator's calls where they come by HTTP.
const OperatorPath = "/operator"

// operatorOpenAPI is the operator's own part of their OpenAPI document.
//
//go:embed operator.json
var operatorOpenAPI string

// Remote serves the operator's API under OperatorPath to who presents the
// operator's key. Without one it opens to nobody. The OpenAPI document
// (OperatorPath + "/openapi.json") needs none.
func (o Operator) Remote(key string) http.Handler {
	inner, described := http.StripPrefix(OperatorPath, o.handler(o.table())), operatorDocument(o.eventRoutes())
	want := sha256.Sum256([]byte(key))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == OperatorPath+"/openapi.json" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			write(w, http.StatusOK, described)
			return
		}
		scheme, presented, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(presented)))
		if same := subtle.ConstantTimeCompare(got[:], want[:]) == 1; key == "" || !same || !strings.EqualFold(scheme, "Bearer") {
			w.Header().Set("WWW-Authenticate", "Bearer")
			write(w, http.StatusUnauthorized, fail(http.StatusUnauthorized, "UNAUTHORIZED", "authorization",
				`Send the operator's key as "Authorization: Bearer <key>"; an app's key opens nothing here.`).problem)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// operatorDocument is the OpenAPI document of the operator's API: its own part,
// and the routes it shares with the apps as these describe them.
func operatorDocument(shared []route) json.RawMessage {
	var own, apps map[string]any
	for raw, to := range map[string]*map[string]any{operatorOpenAPI: &own, openapi: &apps} {
		if err := json.Unmarshal([]byte(raw), to); err != nil {
			panic(err) // both are part of the program, and tested
		}
	}
	paths, schemas := own["paths"].(map[string]any), under(own, "components", "schemas")
	for name, s := range under(apps, "components", "schemas") {
		if _, taken := schemas[name]; !taken {
			schemas[name] = s
		}
	}
	own["components"].(map[string]any)["responses"] = under(apps, "components", "responses")
	maps.Copy(under(own, "components", "parameters"), under(apps, "components", "parameters"))
	for path, item := range under(apps, "paths") {
		for _, r := range shared {
			item := item.(map[string]any)
			if op, ok := item[strings.ToLower(r.method)]; ok && pathMatches(path, r.path[2:]) {
				adopt(paths, "/apps/{appId}"+path, item["parameters"], strings.ToLower(r.method), op)
			}
		}
	}
	for _, item := range paths {
		for _, op := range item.(map[string]any) {
			if op, ok := op.(map[string]any); ok {
				complete(op)
			}
		}
	}
	out, err := encode(own)
	if err != nil {
		panic(err)
	}
	return out
}

// under digs into a document that is known to hold what is looked for.
func under(doc map[string]any, names ...string) map[string]any {
	for _, n := range names {
		doc = doc[n].(map[string]any)
	}
	return doc
}

// pathMatches tells whether a path of the document is a route's.
func pathMatches(path string, pattern []string) bool {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) != len(pattern) {
		return false
	}
	for i, p := range parts {
		if strings.HasPrefix(p, "{") != (pattern[i] == "*") || pattern[i] != "*" && pattern[i] != p {
			return false
		}
	}
	return true
}

// adopt puts an operation of an app under the operator's path.
func adopt(paths map[string]any, path string, params any, method string, op any) {
	item, ok := paths[path].(map[string]any)
	if !ok {
		of, _ := params.([]any)
		item = map[string]any{"parameters": append([]any{map[string]any{"$ref": "#/components/parameters/appId"}}, of...)}
		paths[path] = item
	}
	own := maps.Clone(op.(map[string]any))
	delete(own, "x-scope")
	own["responses"] = maps.Clone(own["responses"].(map[string]any))
	delete(own["responses"].(map[string]any), "429")
	item[method] = own
}

// complete adds the errors that every operation may answer with.
func complete(op map[string]any) {
	responses := op["responses"].(map[string]any)
	for _, code := range []string{"400", "401", "404", "500"} {
		if _, told := responses[code]; !told {
			responses[code] = map[string]any{"$ref": "#/components/responses/" + code}
		}
	}
}

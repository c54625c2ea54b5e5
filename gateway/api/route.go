package api

import (
	"net/http"
	"net/url"
	"strings"
)

// route is one line of the table of routes: a method, a path below
// /v1/{appId}, and who serves it. A path segment "*" takes any id.
type route struct {
	method string
	path   []string
	serve  handler
}

// handler serves a call of an app; ids are the path's variable segments, decoded.
type handler func(c *call, ids []string) (any, error)

func on(method, path string, h handler) route {
	if path == "" {
		return route{method, nil, h}
	}
	return route{method, strings.Split(path, "/"), h}
}

// segments splits an escaped path and decodes each part exactly once, so that
// an id may hold any character, slashes and dots included. The standard mux is
// not used because it answers "//" and ".." with a redirect, which clients of
// this API do not follow.
func segments(escaped string) ([]string, bool) {
	escaped = strings.TrimPrefix(escaped, "/")
	escaped = strings.TrimSuffix(escaped, "/") // a trailing slash equals none
	parts := strings.Split(escaped, "/")
	for i, p := range parts {
		s, err := url.PathUnescape(p)
		if err != nil {
			return nil, false
		}
		parts[i] = s
	}
	return parts, true
}

// find returns the route for a method and path; known tells whether the path
// exists for another method.
func find(table []route, method string, path []string) (h handler, ids []string, known bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for _, r := range table {
		if ids, ok := match(r.path, path); ok {
			if r.method == method {
				return r.serve, ids, true
			}
			known = true
		}
	}
	return nil, nil, known
}

func match(pattern, path []string) (ids []string, ok bool) {
	if len(pattern) != len(path) {
		return nil, false
	}
	for i, p := range pattern {
		switch {
		case p == "*" && path[i] != "":
			ids = append(ids, path[i])
		case p != path[i]:
			return nil, false
		}
	}
	return ids, true
}

package main

import (
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

// Help shows an example.
func (versionCommand) Help() string { return "Example: replygate version" }

// Run prints the version that the build recorded.
func (versionCommand) Run(e *env) error {
	fmt.Fprintln(e.stdout, "replygate", version())
	return nil
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "commit " + s.Value[:min(12, len(s.Value))]
		}
	}
	return "development build"
}

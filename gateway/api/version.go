package api

import "time"

// Versions of the API that a caller may ask for in versionHeader: each is the
// day from which on something is different. Absent, or no date: the newest.
const (
	versionHeader = "TalkJS-REST-Version"

	// orderable: lists can be ordered; before, they are by createdAt, newest first.
	orderable = "2021-02-09"
	// leavable: who left a conversation does not list it any more.
	leavable = "2021-07-30"
	// strangers: the conversations of an unknown user are 404.
	strangers = "2024-01-01"
)

// since tells whether the caller's version has what came with one.
func (c *call) since(version string) bool {
	asked := c.head.Get(versionHeader)
	if _, err := time.Parse(time.DateOnly, asked); err != nil {
		return true
	}
	return asked >= version
}

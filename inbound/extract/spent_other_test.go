//go:build !unix

package extract

import "time"

var began = time.Now()

// spent is the time since the start: this system does not tell how much of it was ours.
func spent() time.Duration { return time.Since(began) }

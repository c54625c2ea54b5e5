//go:build !unix

package gatewaytest

import "time"

var began = time.Now()

// ProcessorTime is the time since the start: this system does not tell how much of it was ours.
func ProcessorTime() time.Duration { return time.Since(began) }

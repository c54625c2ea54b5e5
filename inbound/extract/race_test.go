//go:build race

package extract

// raceFactor makes up for the race detector.
const raceFactor = 20

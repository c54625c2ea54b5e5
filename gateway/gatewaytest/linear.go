package gatewaytest

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

const (
	// pieces is into how many parts Linear divides what it reads.
	pieces = 64
	// steep is how much more the whole may cost than its pieces. Where the cost grows with the square of the length,
	// it is 64 times as much; where it grows with the length, about as much: seen are 1.5 times where nothing else
	// runs, and 2.3 times beside four processes that share two cores with the test.
	steep = 4
	// cheap cannot be the cost of what grows with the square, and is too little to be compared.
	cheap = 20 * time.Millisecond
)

// Linear fails the test if the cost of what build makes grows faster than its size: build(size) returns something to
// do whose input is of that size, and doing it once is compared with doing it 64 times for a 64th of the size.
// Processor time is counted, the cheapest of several runs is what counts, and the collector rests, so that a busy
// machine makes no difference that is anywhere near the bound. It returns the cost of the whole. The test must not be
// parallel, and is skipped under the race detector, whose own costs it would measure.
func Linear(t testing.TB, size int, build func(size int) func()) time.Duration {
	t.Helper()
	SkipUnderRace(t)
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	whole, parts := build(size), build(size/pieces)
	one, many := time.Hour, time.Hour
	for try := 0; try < 5 && one > cheap && (try == 0 || one > steep*many); try++ {
		one, many = min(one, cost(whole, 1)), min(many, cost(parts, pieces))
	}
	if one > cheap && one > steep*many {
		t.Errorf("a size of %d costs %v, 64 of a 64th cost %v", size, one, many)
	}
	return one
}

// SkipUnderRace skips a test that measures.
func SkipUnderRace(t testing.TB) {
	t.Helper()
	if underRace {
		t.Skip("it measures, and is to be run without the race detector")
	}
}

// cost is what it takes to do something so many times.
func cost(do func(), times int) time.Duration {
	runtime.GC() // what was left by others is not ours
	begun := ProcessorTime()
	for range times {
		do()
	}
	return ProcessorTime() - begun
}

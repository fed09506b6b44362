//go:build race

package block_test

// Under the race detector every operation costs some ten times as much, and
// what it looks for shows in any of them.
const (
	failureStep  = 7
	largeBatches = 1
	manyTraces   = 300
)

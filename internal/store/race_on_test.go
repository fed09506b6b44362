//go:build race

package store_test

// Under the race detector every operation costs some ten times as much, and
// what it looks for shows in any of them.
const crashesInARow, crashStep, onceStep, pruneStep, pruneSeeds = 10, 211, 50, 107, 3

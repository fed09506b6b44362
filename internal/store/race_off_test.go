//go:build !race

package store_test

// A disk that dies at each of the first operations, which covers one of every
// kind, and then at a sample of the same kinds; a sample of those of retention.
const crashesInARow, crashStep, onceStep, pruneStep, pruneSeeds = 40, 21, 1, 4, 10

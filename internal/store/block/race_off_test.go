//go:build !race

package block_test

const (
	failureStep  = 1 // every operation
	largeBatches = 9 // more than one row group
	manyTraces   = 4000
)

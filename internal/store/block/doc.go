// Package block writes and reads blocks: immutable directories that hold the
// spans of a stretch of time and all that was derived from them in it.
//
//	<UTC yyyymmddThhmmss>-<WAL sequence, 16 hex>[.<generation>]/
//	  spans.parquet      one row a span, sorted by trace id, bloom filter on it
//	  resources.parquet  the resources and scopes that spans point at, once each
//	  flows.parquet      one row a flow counted in this stretch, sorted by start
//	  rollups.parquet    what those flows add to rollups
//	  rollups_coarse.parquet  the same in wider buckets, where that saves rows
//	  open               ids of traces not counted yet; only in the newest blocks
//	  meta.json          what a store must know without opening the rest
//	  sums               CRC-32C of every 16 KiB of the files above
//
// The columns are documented in docs/format/blocks.md. Any Parquet reader can
// read them; nothing outside the directory is needed.
//
// A block is written under <name>.tmp, its files and its directory are synced,
// and one rename publishes it: a block is there as a whole or not at all.
//
// Every byte is checked against sums the first time it is read. Damage is a
// *CorruptError that names the block and the file; it never panics and never
// reaches the answer. A Block may be used by many goroutines at once.
package block

// Package store keeps spans on one machine, embedded: a write-ahead log, the
// newest spans in memory, and immutable blocks.
//
//	Append ─▶ WAL segment (one fsync a group) ─▶ head ─▶ Observer ─▶ acked
//	                                              │ cut: large or old
//	PutFlow ─▶ live flows and rollups ────────────┴─▶ one block directory
//
// # What survives
//
// Append returns nil once the batch is in the WAL and the WAL is synced: nothing
// acknowledged is lost to kill -9 or a power cut. A batch whose Append failed may
// still turn up after a restart.
//
// # Exactly once
//
// A cut begins a new WAL segment and a new head, and passes a barrier through
// the observer. When the barrier comes out, all spans before the cut have been
// analysed as far as they will be; the flows and rollups counted up to there,
// and the ids of the traces that were not counted yet, become part of the cut.
// One rename publishes the spans, what was counted from them and the open ids
// together; only then are the head's WAL segments removed. So whatever point a
// crash hits:
//
//   - before the rename: the segments are there, the block is not. Start observes
//     them again and the same flows are counted again, from nothing.
//   - after the rename: the block is there. Open syncs the directory of the
//     blocks and then removes the segments that the block covers, so they are
//     not observed again even if removing them was cut short.
//   - in both cases the traces open at the last published cut are handed to the
//     observer first, from the blocks, because nobody has counted them.
//
// Blocks are published in the order of their cuts. A merge lists the blocks it
// replaces, and Open removes those it finds beside it.
//
// # Where a span is
//
// In the head, in a head that is being written, or in a block, and in exactly
// one of them for a reader: publishing swaps head for block under the lock that
// readers take their view under. No lock is held while disk is read.
//
// # When the disk fails
//
// A disk with less free than Config.MinFree, or than all that is in no block yet
// needs to become blocks, fails Append with ErrLow until there is more; so the
// blocks can still be written. A disk that is full all the same fails it with
// ErrFull; the torn bytes are cut off and the segment goes on when space returns. A failed fsync breaks the segment for good:
// its unacknowledged batches fail with ErrUnavailable, and the next Append begins
// a new segment or fails as well. A block that cannot be written is tried again,
// later and later, and stays in memory and in the WAL. Above MaxUnflushedBytes
// Append fails with ErrBusy. A block that turns out damaged is left out of
// answers, which say so, and is named in Stats. Of a WAL segment that the disk
// does not give back, Start takes what can be read; once that is in a block, the
// segment is kept as .corrupt. Open refuses data of a newer format and leaves it
// as it is.
package store

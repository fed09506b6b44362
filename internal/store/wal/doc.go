// Package wal is the store's write-ahead log: what makes an acknowledged batch
// survive kill -9 and a power cut before it is in a block.
//
// The log is a row of segment files, wal/<seq>.wal with seq as 16 hexadecimal
// digits. All integers are little-endian.
//
//	segment  "FLOWWAL1"  8 bytes
//	         seq         u64, as in the name
//	         record...
//	record   length      u32, bytes of the body
//	         crc         u32, CRC-32C of the length's 4 bytes and the body
//	         body        flags u8: 1 = the payload is an s2 block
//	                     payload: one batch, see AppendBatch
//
// A segment is only ever appended to. Only the last group of records of a
// segment can be torn, because each group is synced before the next is written;
// see Read for how a torn end is told from damage further in.
package wal

package store

import "fmt"

// blockRoom is what a block takes besides its spans: rollups, flows and the
// files' own structure, in bytes. A block of 200,000 spans has some 3 MB of them.
const blockRoom = 8 << 20

// lowDisk is an error that wraps ErrLow when the disk has no room for size bytes
// more in the WAL and then for the blocks of all that is in none yet. Nothing
// already taken depends on room that newer spans have used up. Blocks are
// compressed: they never need more than their spans take in memory.
//
// Where the filesystem does not say what is free, the writes will tell.
func (s *Store) lowDisk(size int64) error {
	free, err := s.fs.Free(s.cfg.Dir)
	if need := max(s.cfg.MinFree, s.unflushed.Load()+size+blockRoom) + size; err == nil && free < need {
		return fmt.Errorf("%w: %d bytes are free, %d are kept free", ErrLow, free, need)
	}
	return nil
}

// recheckWAL finds out whether the WAL can be written again after it could not,
// with a new segment: whoever asks /readyz first would keep all senders away,
// and then no Append would find out.
func (s *Store) recheckWAL() {
	if s.WALHealth() == nil {
		return
	}
	s.order.Lock()
	defer s.order.Unlock()
	if s.wal != nil && s.cutLocked() == nil {
		s.health.wal(nil)
		s.log.Info("the WAL takes writes again", "segment", s.wal.Seq())
	}
}

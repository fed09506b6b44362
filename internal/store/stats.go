package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowscope/flowscope/internal/store/block"
)

// Stats are the store's numbers. Those called totals only grow while the store
// is open.
type Stats struct {
	// Totals of Append.
	Spans, Batches    int64
	WALBytes          int64
	WALSyncs          int64 // groups; Batches / WALSyncs is how many shared an fsync
	AppendErrors      int64 // groups that could not be written
	AppendBusy        int64 // batches refused with ErrBusy
	AppendLow         int64 // batches refused with ErrLow
	WALBroken         int64 // segments given up because a sync failed
	Flows             int64 // flows counted, revisions included
	ReplayedSpans     int64 // at the start
	WALTorn           int64 // torn ends cut off at the start
	WALCorrupt        int64 // segments that were damaged or unreadable at the start
	BlocksWritten     int64
	BlockSpans        int64 // written into blocks
	BlockWriteErrors  int64
	BlockWriteTime    time.Duration
	BlocksMerged      int64 // merges
	BlocksExpired     int64 // removed by retention
	BlocksPruned      int64 // written anew by retention, without what had expired
	BlocksQuarantined int64 // found damaged
	OpenLost          int64 // lists of open traces found damaged
	MaintainErrors    int64 // rounds of retention and merging that failed

	// What is there now.
	LiveSpans      int64 // in no block yet
	UnflushedBytes int64 // of memory, of those
	Flushing       int   // heads on their way into a block
	Blocks         int
	StoredBytes    int64 // of all blocks
	StoredSpans    int64
	FreeBytes      int64 // of the disk; -1 when it does not say
	Oldest         int64 // Unix ns, the start of the oldest span in a block; 0 when there is none
	// Quarantined says what is wrong with each damaged block.
	Quarantined []string
}

type counters struct {
	spans, batches, walBytes, walSyncs, failed, busy, flows atomic.Int64
	low, walBroken, replayed, torn, walCorrupt              atomic.Int64
	blocks, blockSpans, blockNanos, flushFailed             atomic.Int64
	merges, expired, pruned, quarantined, maintainFailed    atomic.Int64
	openLost                                                atomic.Int64
}

func (c *counters) committed(g *group, bytes int) {
	n := 0
	for _, b := range g.batches {
		n += b.Len()
	}
	c.spans.Add(int64(n))
	c.batches.Add(int64(len(g.batches)))
	c.walBytes.Add(int64(bytes))
	c.walSyncs.Add(1)
}

func (c *counters) flushed(took time.Duration, m *block.Meta) {
	c.blocks.Add(1)
	c.blockSpans.Add(m.Spans)
	c.blockNanos.Add(int64(took))
}

// Stats returns the store's numbers.
func (s *Store) Stats() Stats {
	c := &s.counters
	st := Stats{
		Spans: c.spans.Load(), Batches: c.batches.Load(), WALBytes: c.walBytes.Load(), WALSyncs: c.walSyncs.Load(),
		AppendErrors: c.failed.Load(), AppendBusy: c.busy.Load(), Flows: c.flows.Load(),
		ReplayedSpans: c.replayed.Load(), WALTorn: c.torn.Load(), WALCorrupt: c.walCorrupt.Load(),
		BlocksWritten: c.blocks.Load(), BlockSpans: c.blockSpans.Load(), BlockWriteErrors: c.flushFailed.Load(),
		BlockWriteTime: time.Duration(c.blockNanos.Load()), BlocksMerged: c.merges.Load(),
		BlocksExpired: c.expired.Load(), BlocksPruned: c.pruned.Load(), BlocksQuarantined: c.quarantined.Load(),
		OpenLost:  c.openLost.Load(),
		AppendLow: c.low.Load(), WALBroken: c.walBroken.Load(), MaintainErrors: c.maintainFailed.Load(),
		UnflushedBytes: s.unflushed.Load(), FreeBytes: -1,
	}
	if free, err := s.fs.Free(s.cfg.Dir); err == nil {
		st.FreeBytes = free
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.head != nil {
		st.LiveSpans = s.head.spans
	}
	st.Flushing = len(s.flushing)
	for _, h := range s.flushing {
		st.LiveSpans += h.spans
	}
	st.Blocks = len(s.blocks)
	for _, b := range s.blocks {
		st.StoredBytes += b.Meta.Bytes
		st.StoredSpans += b.Meta.Spans
		if b.Meta.Spans > 0 && (st.Oldest == 0 || b.Meta.MinStart < st.Oldest) {
			st.Oldest = b.Meta.MinStart
		}
		if why := b.bad.Load(); why != nil {
			st.Quarantined = append(st.Quarantined, *why)
		}
	}
	return st
}

// health is what is wrong with writing at the moment.
type health struct {
	mu       sync.Mutex
	walErr   error
	flushErr error
}

// wal notes how the last write of the WAL went, and reports whether it is the
// first to fail.
func (h *health) wal(err error) (news bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	news = err != nil && h.walErr == nil
	h.walErr = err
	return news
}

func (h *health) flush(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.flushErr = err
}

// Health says why the store cannot take spans, or not for long: the last write
// of the WAL or of a block failed, the disk is nearly full, or it is not started
// or closed. Nil means it can. Damaged blocks are in Stats: they do not hinder
// new spans.
func (s *Store) Health() error {
	var notOpen error
	if !s.started.Load() || s.closed() {
		notOpen = s.notOpen()
	}
	low := s.lowDisk(0)
	s.health.mu.Lock()
	defer s.health.mu.Unlock()
	var flushErr error
	if s.health.flushErr != nil {
		flushErr = fmt.Errorf("write a block: %w", s.health.flushErr)
	}
	return errors.Join(notOpen, low, s.health.walErr, flushErr)
}

// WALHealth is why the last write of the WAL failed, nil when it did not.
func (s *Store) WALHealth() error {
	s.health.mu.Lock()
	defer s.health.mu.Unlock()
	return s.health.walErr
}

package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/vfs"
	"github.com/flowscope/flowscope/internal/store/wal"
)

// group is what one write and one fsync make durable together.
type group struct {
	batches []*model.Batch
	records []*record
	done    chan struct{}
	err     error // valid once done is closed
}

// record is an encoded batch and the buffers it was made in.
type record struct {
	encoder wal.Encoder
	bytes   []byte
}

var recordPool = sync.Pool{New: func() any { return new(record) }}

// Append stores a sealed batch. When it returns nil the batch is durable and
// readers see it. The batch must not change any more. Errors wrap ErrLow, ErrFull,
// ErrBusy, ErrUnavailable or ErrClosed, or are the context's: then nobody knows
// whether the batch was stored.
func (s *Store) Append(ctx context.Context, b *model.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	size := int64(b.Size())
	if err := s.lowDisk(size); err != nil {
		s.counters.low.Add(1)
		return err
	}
	if now := s.unflushed.Add(size); now > s.cfg.MaxUnflushedBytes && now > size {
		s.unflushed.Add(-size)
		s.counters.busy.Add(1)
		return ErrBusy
	}
	r := recordPool.Get().(*record) //nolint:errcheck // the pool holds nothing else
	var err error
	if r.bytes, err = r.encoder.AppendRecord(r.bytes[:0], b); err != nil {
		s.unflushed.Add(-size)
		return fmt.Errorf("append: %w", err)
	}
	g, leads := s.join(b, r)
	if leads {
		s.lead(g)
	}
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join puts a batch into the next group. The first in a group leads it: while
// it waits for the commit before, others join.
func (s *Store) join(b *model.Batch, r *record) (g *group, leads bool) {
	s.queueMu.Lock()
	defer s.queueMu.Unlock()
	if s.queue == nil {
		s.queue, leads = &group{done: make(chan struct{})}, true
	}
	g = s.queue
	g.batches, g.records = append(g.batches, b), append(g.records, r)
	return g, leads
}

// lead commits a group and tells all in it.
func (s *Store) lead(g *group) {
	s.order.Lock()
	defer s.order.Unlock()
	s.queueMu.Lock()
	s.queue = nil
	s.queueMu.Unlock()
	g.err = s.commitLocked(g)
	for _, r := range g.records {
		recordPool.Put(r)
	}
	if g.err != nil {
		for _, b := range g.batches {
			s.unflushed.Add(-int64(b.Size()))
		}
	}
	close(g.done)
}

// commitLocked writes a group, shows it to readers and to the observer. order
// is held.
func (s *Store) commitLocked(g *group) error {
	if s.wal == nil {
		return s.notOpen()
	}
	if s.wal.Broken() != nil {
		if err := s.cutLocked(); err != nil {
			return s.writeFailed(err)
		}
	}
	s.buf = s.buf[:0]
	for _, r := range g.records {
		s.buf = append(s.buf, r.bytes...)
	}
	if err := s.wal.Append(s.buf); err != nil {
		if s.wal.Broken() != nil {
			s.counters.walBroken.Add(1)
		}
		return s.writeFailed(err)
	}
	s.health.wal(nil)
	s.counters.committed(g, len(s.buf))
	now := s.cfg.Now()
	s.mu.Lock()
	for _, b := range g.batches {
		s.head.add(b, now)
	}
	full := s.head.bytes >= s.cfg.HeadBytes
	s.mu.Unlock()
	if s.observer != nil {
		for _, b := range g.batches {
			s.observer.Observe(b)
		}
	}
	if full {
		if err := s.cutLocked(); err != nil { // the head grows on; the next commit tries again
			s.log.Error("no new WAL segment", "error", err)
		}
	}
	return nil
}

// writeFailed turns an error of the WAL into the one for senders.
func (s *Store) writeFailed(err error) error {
	s.counters.failed.Add(1)
	kind := ErrUnavailable
	if vfs.IsFull(err) && !errors.Is(err, wal.ErrBroken) {
		kind = ErrFull
	}
	err = fmt.Errorf("%w: %w", kind, err)
	if s.health.wal(err) {
		s.log.Error("the WAL takes no writes", "error", err)
	}
	return err
}

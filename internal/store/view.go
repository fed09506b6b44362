package store

import (
	"errors"
	"sync/atomic"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
)

// blockRef is a block that readers may hold while it is taken out of the store.
type blockRef struct {
	*block.Block
	refs   atomic.Int32           // one for being in Store.blocks, one for each reader
	bad    atomic.Pointer[string] // why the block is quarantined
	remove func() error           // run when the last reader let go; set before release
	used   atomic.Bool            // since the last sweep of idle files
	looked int64                  // when retention last found nothing to take out, Unix ns; guarded by Store.maintainMu
}

func newBlockRef(b *block.Block) *blockRef {
	r := &blockRef{Block: b}
	r.refs.Store(1)
	return r
}

// release lets go of the block. Whoever is last closes it.
func (r *blockRef) release() error {
	if r.refs.Add(-1) > 0 {
		return nil
	}
	err := r.Close()
	if r.remove != nil {
		err = errors.Join(err, r.remove())
	}
	return err
}

// view is the store at one moment: each span, flow and count is in exactly one
// place of it.
type view struct {
	s       *Store
	heads   [][]*model.Batch // newest first
	derived []*derived       // newest first
	blocks  []*blockRef
	partial bool           // a block is quarantined
	settled []*model.Batch // of the heads whose barrier has passed
}

// view takes the store's state. The caller releases it.
func (s *Store) view() *view {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v := &view{s: s, derived: []*derived{s.live}}
	if s.head != nil {
		v.heads = append(v.heads, s.head.batches)
	}
	for i := len(s.flushing) - 1; i >= 0; i-- {
		h := s.flushing[i]
		v.heads = append(v.heads, h.batches)
		if h.ready() {
			v.derived = append(v.derived, h.derived)
			v.settled = append(v.settled, h.batches...)
		}
	}
	for i := len(s.blocks) - 1; i >= 0; i-- {
		b := s.blocks[i]
		if b.bad.Load() != nil {
			v.partial = true
			continue
		}
		b.refs.Add(1)
		b.used.Store(true)
		v.blocks = append(v.blocks, b)
	}
	return v
}

// release lets go of the blocks.
func (v *view) release() {
	for _, b := range v.blocks {
		if err := b.release(); err != nil {
			v.s.log.Warn("a block that is no longer needed could not be removed; the next start removes it", "error", err)
		}
	}
	v.blocks = nil
}

// failed decides about an error in a block: damage quarantines the block and
// the answer goes on without it, any other error ends the answer.
func (v *view) failed(b *blockRef, err error) error {
	if !isCorrupt(err) {
		return err
	}
	v.partial = true
	v.s.quarantine(b, err)
	return nil
}

func isCorrupt(err error) bool { return errors.Is(err, block.ErrCorrupt) }

func (s *Store) quarantine(b *blockRef, err error) {
	why := err.Error()
	if b.bad.CompareAndSwap(nil, &why) {
		s.counters.quarantined.Add(1)
		s.log.Error("a block is damaged and left out of answers from now on", "block", b.Meta.ID, "error", err)
	}
}

package store

import (
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// head is a stretch of the WAL in memory: the one that is being written, or one
// that is on its way into a block. Store.mu guards it.
type head struct {
	segments []uint64 // ascending
	batches  []*model.Batch
	bytes    int64
	spans    int64
	born     time.Time // of the first batch; zero while there is none

	cutAt   time.Time
	passed  chan struct{} // closed by the barrier of the cut, which sets what follows
	derived *derived
	open    []model.TraceID
}

// ready reports whether the barrier of the cut has passed.
func (h *head) ready() bool {
	select {
	case <-h.passed:
		return true
	default: // nor has that of a head that is not cut
		return false
	}
}

func (h *head) add(b *model.Batch, now time.Time) {
	if h.born.IsZero() {
		h.born = now
	}
	h.batches = append(h.batches, b)
	h.bytes += int64(b.Size())
	h.spans += int64(b.Len())
}

// last is the newest segment of the head.
func (h *head) last() uint64 { return h.segments[len(h.segments)-1] }

// spansOf appends the spans of a trace in the batches.
func spansOf(spans []model.Span, batches []*model.Batch, id model.TraceID) []model.Span {
	for _, b := range batches {
		for i := range b.TraceIDs {
			if b.TraceIDs[i] == id {
				spans = append(spans, b.Span(i))
			}
		}
	}
	return spans
}

package block

import (
	"context"
	"slices"

	"github.com/flowscope/flowscope/internal/model"
)

// SpanHit is a trace with a span that a condition holds for.
type SpanHit struct {
	TraceID model.TraceID
	Bits    uint64 // bit i is set when condition i holds for one of its spans
}

// SpanHits are sorted by trace id, each once.
type SpanHits []SpanHit

// Bits returns the conditions that hold for spans of a trace.
func (h SpanHits) Bits(id model.TraceID) uint64 {
	i, ok := slices.BinarySearchFunc(h, id, func(x SpanHit, id model.TraceID) int { return slices.Compare(x.TraceID[:], id[:]) })
	if !ok {
		return 0
	}
	return h[i].Bits
}

// FindSpans returns the traces of the block with a span for which one of the
// conditions holds, at most 64.
func (b *Block) FindSpans(ctx context.Context, conditions []model.Filter) (SpanHits, model.Scanned, error) {
	batches, err := b.Spans(ctx)
	if err != nil {
		return nil, model.Scanned{}, err
	}
	filter := model.TraceFilter{Spans: conditions}
	var hits SpanHits
	for _, batch := range batches {
		if err := ctx.Err(); err != nil {
			return nil, model.Scanned{}, err
		}
		for row := range batch.Len() {
			span := batch.Span(row)
			if bits := filter.MatchSpan(span); bits != 0 {
				hits = append(hits, SpanHit{span.TraceID(), bits})
			}
		}
	}
	return hits.merged(), model.Scanned{Rows: b.Meta.Spans, Bytes: b.sums[spansFile].size}, nil
}

// merged sorts hits and makes those of one trace one.
func (h SpanHits) merged() SpanHits {
	slices.SortFunc(h, func(x, y SpanHit) int { return slices.Compare(x.TraceID[:], y.TraceID[:]) })
	out := h[:0]
	for _, hit := range h {
		if n := len(out); n > 0 && out[n-1].TraceID == hit.TraceID {
			out[n-1].Bits |= hit.Bits
			continue
		}
		out = append(out, hit)
	}
	return out
}

package store

import (
	"context"
	"fmt"

	"github.com/flowscope/flowscope/internal/model"
)

// Trace returns all spans of a trace, each once. It returns an error that wraps
// model.ErrNotFound when there is none.
func (s *Store) Trace(ctx context.Context, id model.TraceID) (*model.Trace, error) {
	v := s.view()
	defer v.release()
	var spans []model.Span
	for _, batches := range v.heads {
		spans = spansOf(spans, batches, id)
	}
	return v.trace(ctx, id, spans)
}

// Settled returns the spans of a trace that were observed before the last
// barrier came out of the observer: for a trace counted by then, exactly the
// spans it was counted from.
func (s *Store) Settled(ctx context.Context, id model.TraceID) (*model.Trace, error) {
	v := s.view()
	defer v.release()
	return v.trace(ctx, id, spansOf(nil, v.settled, id))
}

// trace adds what blocks have to the spans from memory.
func (v *view) trace(ctx context.Context, id model.TraceID, spans []model.Span) (*model.Trace, error) {
	batches, err := eachBlock(ctx, v, v.blocks, func(ctx context.Context, b *blockRef) (*model.Batch, error) { return b.Trace(ctx, id) })
	if err != nil {
		return nil, fmt.Errorf("trace %s: %w", id, err)
	}
	for _, batch := range batches {
		if batch == nil {
			continue
		}
		for i := range batch.Len() {
			spans = append(spans, batch.Span(i))
		}
	}
	if len(spans) == 0 && v.partial {
		return nil, fmt.Errorf("trace %s: %w in what can be read: %w", id, model.ErrNotFound, model.ErrPartial)
	}
	if len(spans) == 0 {
		return nil, fmt.Errorf("trace %s: %w", id, model.ErrNotFound)
	}
	return &model.Trace{ID: id, Spans: distinct(spans)}, nil
}

// distinct keeps the first span of each key: a sender that got no answer sends
// again.
func distinct(spans []model.Span) []model.Span {
	seen := make(map[model.SpanKey]struct{}, len(spans))
	out := spans[:0]
	for _, span := range spans {
		if _, again := seen[span.Key()]; !again {
			seen[span.Key()] = struct{}{}
			out = append(out, span)
		}
	}
	return out
}

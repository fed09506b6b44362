package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
)

// prune writes a block anew without what has expired by now, Unix ns, and
// without the environments in over. It takes the memory of one block, which is one
// head or was made within CompactBytes. maintainMu is held.
func (s *Store) prune(ctx context.Context, b *blockRef, now int64, over map[string]bool) error {
	c, err := s.gather(ctx, []*blockRef{b})
	if err != nil || c == nil {
		return err
	}
	k := &keeper{rules: s.rules, now: now, over: over, created: b.Meta.Created}
	if k.fates, err = s.fates(ctx, b, c); err != nil {
		return fmt.Errorf("prune block %s: %w", b.Meta.ID, err)
	}
	switch dropped := k.sift(c); {
	case dropped == 0:
		b.looked = now
		return nil
	case len(c.Batches)+len(c.Flows)+len(c.Rollups) == 0:
		return s.expire(b)
	}
	c.Generation, c.Level = b.Meta.Generation+1, b.Meta.Level
	c.Pruned = &block.Pruned{At: now, By: s.rules.id()}
	if err := s.replace(c, []*blockRef{b}); err != nil {
		return err
	}
	s.counters.pruned.Add(1)
	return nil
}

// fates are how the flows went that have a span or a row in a block, wherever
// their newest row is. Of a flow whose row may be in a damaged block the worst
// is assumed, so that it stays. It is nil when the rules do not ask.
func (s *Store) fates(ctx context.Context, b *blockRef, c *block.Content) (map[model.TraceID]fate, error) {
	if !s.rules.keepsSome() {
		return nil, nil
	}
	known := map[model.TraceID]*block.FlowFact{}
	for _, batch := range c.Batches {
		for _, id := range batch.TraceIDs {
			known[id] = nil
		}
	}
	for _, f := range c.Flows {
		known[f.TraceID] = nil
	}
	v := s.view()
	defer v.release()
	if err := v.flowFacts(ctx, b.Meta, known); err != nil {
		return nil, err
	}
	out := make(map[model.TraceID]fate, len(known))
	for id, fact := range known {
		switch {
		case v.partial: // a newer row than the one that was found may be in there
			out[id] = fate{failed: true, slow: true}
		case fact != nil:
			out[id] = s.rules.fate(*fact)
		}
	}
	return out, nil
}

// flowFacts completes a map of flows with the newest row of each.
func (v *view) flowFacts(ctx context.Context, m *block.Meta, known map[model.TraceID]*block.FlowFact) error {
	put := func(f block.FlowFact) {
		if have := known[f.TraceID]; have == nil || have.Revision <= f.Revision {
			known[f.TraceID] = &f
		}
	}
	wanted := func(id model.TraceID) bool { _, ok := known[id]; return ok }
	first, last := m.MinStart, max(m.MaxStart, m.FlowMaxStart)
	if m.Spans == 0 || m.Flows > 0 {
		first = min(first, m.FlowMinStart)
	}
	for i := len(v.blocks) - 1; i >= 0; i-- { // from the oldest: the later of equal revisions counts
		o := v.blocks[i]
		if o.Meta.FlowMinStart > last || o.Meta.FlowMaxEnd < first {
			continue
		}
		if err := v.failed(o, o.FlowFacts(ctx, wanted, put)); err != nil {
			return err
		}
	}
	for i := len(v.derived) - 1; i >= 0; i-- {
		for _, f := range v.derived[i].flows() {
			if wanted(f.TraceID) {
				put(block.FlowFact{TraceID: f.TraceID, Revision: f.Revision, Status: f.Status, Duration: f.Duration})
			}
		}
	}
	return nil
}

// keeper decides what of a block stays.
type keeper struct {
	rules   *rules
	fates   map[model.TraceID]fate
	over    map[string]bool // environments of which nothing stays but rollups
	now     int64
	created int64 // of the block: nothing in it counts as younger than that
}

func (k *keeper) keeps(id model.TraceID, env string, start int64) bool {
	return !k.over[env] && k.young(start, k.rules.ageOf(env, k.fates[id]))
}

func (k *keeper) young(start int64, age time.Duration) bool {
	return after(min(start, k.created), age) >= k.now
}

// sift takes what does not stay out of c and returns how many spans, flows and
// rollups that were. The spans of a trace in one block stay or go together,
// but for an environment above its bytes.
func (k *keeper) sift(c *block.Content) (dropped int) {
	stays := map[model.TraceID]bool{}
	for _, b := range c.Batches {
		for i, id := range b.TraceIDs {
			if !stays[id] && k.keeps(id, b.Span(i).Resource().Environment, b.Starts[i]) {
				stays[id] = true
			}
		}
	}
	for _, f := range c.Flows {
		if k.keeps(f.TraceID, f.Environment, f.Start) {
			stays[f.TraceID] = true
		}
	}
	spans, n := siftSpans(c.Batches, func(s model.Span) bool { return stays[s.TraceID()] && !k.over[s.Resource().Environment] })
	c.Batches, dropped = spans, n
	flows := c.Flows[:0]
	for _, f := range c.Flows {
		if stays[f.TraceID] && !k.over[f.Environment] {
			flows = append(flows, f)
		}
	}
	rollups := c.Rollups[:0]
	for _, r := range c.Rollups {
		if k.young(r.Bucket, k.rules.rollupAge(r.Environment)) {
			rollups = append(rollups, r)
		}
	}
	dropped += len(c.Flows) - len(flows) + len(c.Rollups) - len(rollups)
	c.Flows, c.Rollups = flows, rollups
	return dropped
}

// siftSpans copies the spans that stay out of batches of which some go. A batch
// of which all stay is passed on as it is.
func siftSpans(batches []*model.Batch, stays func(model.Span) bool) (out []*model.Batch, dropped int) {
	for _, b := range batches {
		rest := &model.Batch{}
		copier := model.NewCopier(rest)
		for i := range b.Len() {
			if stays(b.Span(i)) {
				copier.Copy(b.Span(i))
			}
		}
		dropped += b.Len() - rest.Len()
		switch rest.Len() {
		case 0:
		case b.Len():
			out = append(out, b)
		default:
			rest.Seal()
			out = append(out, rest)
		}
	}
	return out, dropped
}

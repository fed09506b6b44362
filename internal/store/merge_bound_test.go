package store_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// texts is a batch of a few spans with a long text each.
func texts(gen *storetest.Gen, random *rand.Rand) *model.Batch {
	const spans, size = 8, 40 << 10
	src, b := gen.Batch(1, spans), &model.Batch{}
	copier := model.NewCopier(b)
	for i := range spans {
		copier.Copy(src.Span(i))
	}
	text := make([]byte, size)
	for i := range spans {
		row := b.AddSpan(b.ResourceOf[i], b.ScopeOf[i])
		b.TraceIDs[row], b.SpanIDs[row] = src.TraceIDs[0], model.SpanID{9, byte(i)}
		b.Starts[row], b.Ends[row] = storetest.Epoch, storetest.Epoch+5
		for j := range text {
			text[j] = byte('a' + random.IntN(26))
		}
		b.Attrs = append(b.Attrs, b.NewAttr("db.statement", model.Value{Type: model.TypeString, Str: string(text)}))
		b.EndSpan()
	}
	b.Seal()
	return b
}

// A merge is bounded by the memory it takes, whatever the number of spans: here
// some 2 MB a block.
func TestMergeBoundedByBytes(t *testing.T) {
	ctx, random := context.Background(), rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		limit            int64
		usually, withAll int // blocks left
	}{{30e6, 1, 1}, {10e6, 8, 2}, {1e6, 8, 8}} {
		cfg := config(vfs.NewMem())
		cfg.CompactBytes = c.limit
		s, gen := start(t, cfg), storetest.NewGen(7)
		for range 8 {
			ok(t, s.Append(ctx, texts(gen, random)))
			ok(t, s.Flush(ctx))
		}
		ok(t, s.Maintain(ctx))
		if n := s.Stats().Blocks; n != c.usually {
			t.Errorf("at most %d bytes: %d blocks, want %d", c.limit, n, c.usually)
		}
		ok(t, s.Compact(ctx, true))
		if n := s.Stats().Blocks; n != c.withAll {
			t.Errorf("at most %d bytes, all: %d blocks, want %d", c.limit, n, c.withAll)
		}
	}
}

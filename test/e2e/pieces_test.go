package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
)

// TestTruthInPieces sends traces in pieces, some spans twice, with a restart
// after each piece: by SIGKILL at once, when all is counted, or in order. What
// is counted in the end must be the truth.
func TestTruthInPieces(t *testing.T) {
	truth := analyzetest.Generate(analyzetest.Plan{Seed: 11, Services: 12, Operations: 5, Flows: 400, FailEvery: 20, Start: time.Now().Add(-30 * time.Minute).UnixNano()})
	nameCallees(truth.Spans)
	const pieces = 7
	rng := rand.New(rand.NewPCG(11, 0))
	var piece [pieces][]analyzetest.Span
	for _, s := range truth.Spans {
		at := max(0, rng.IntN(2*pieces)-pieces) // half of all come at first
		piece[at] = append(piece[at], s)
		if rng.IntN(20) == 0 {
			again := at + rng.IntN(pieces-at)
			piece[again] = append(piece[again], s)
		}
	}
	data := t.TempDir()
	// Heads are cut faster than late spans are counted, so that kills fall
	// between a cut and the count.
	args := []string{"--trace-quiet=1500ms", "--trace-deadline=2s", "--head-age=1s"}
	for i, spans := range piece {
		p := serve(t, data, args...)
		p.sendBatch(analyzetest.Batch(spans))
		if i%2 == 0 {
			p.eventually("all is counted", p.nothingOpen)
		} else {
			p.eventually("a block", p.hasBlock)
		}
		if i%3 == 0 {
			_ = p.stop()
		} else {
			p.kill()
		}
	}
	p := serve(t, data, args...)
	p.eventually("the truth", func() error { return p.checkTruth(truth) })
	p.kill()
	p = serve(t, data, args...)
	p.eventually("the truth after a kill", func() error { return p.checkTruth(truth) })
}

// nameCallees gives client spans the address of who answers them, as real ones
// have it: until the answer is there they are calls to an outside system.
func nameCallees(spans []analyzetest.Span) {
	byID := map[model.SpanID]*analyzetest.Span{}
	for i := range spans {
		byID[spans[i].ID] = &spans[i]
	}
	for i := range spans {
		if p := byID[spans[i].Parent]; p != nil && p.Kind == model.KindClient {
			p.Attrs = []analyzetest.Attr{{Key: "server.address", Value: spans[i].Resource.Service}}
		}
	}
}

// nothingOpen reports whether all that was sent is counted.
func (p *process) nothingOpen() error {
	if open, queued := p.metric("flowscope_assemble_open_traces"), p.metric("flowscope_assemble_queue_bytes"); open+queued > 0 {
		return fmt.Errorf("%v traces are open, %v bytes wait", open, queued)
	}
	return nil
}

func (p *process) hasBlock() error {
	if p.metric("flowscope_store_blocks_written_total") == 0 {
		return errors.New("no block is written")
	}
	return nil
}

// metric reads one value of /metrics.
func (p *process) metric(name string) float64 {
	p.t.Helper()
	text, err := p.get("/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n"+name+" ")
	var value float64
	if _, err := fmt.Sscan(rest, &value); err != nil || !found {
		p.t.Fatalf("no metric %s", name)
	}
	return value
}

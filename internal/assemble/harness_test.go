package assemble

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// record is a store in memory: it keeps what it is given and adds flows up.
type record struct {
	mu     sync.Mutex
	spans  map[model.TraceID]map[model.SpanKey]model.Span
	before map[model.TraceID]map[model.SpanKey]model.Span // the last barrier
	flows  map[model.TraceID]model.FlowSummary
	counts int // flows counted, corrections not included
	rollup model.Rollup
	broken error // what lookups answer
	wrong  []string
}

func newRecord() *record {
	return &record{
		spans: map[model.TraceID]map[model.SpanKey]model.Span{}, flows: map[model.TraceID]model.FlowSummary{},
		rollup: model.Rollup{Graph: model.NewGraph()},
	}
}

func (r *record) append(b *model.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range b.Len() {
		s := b.Span(i)
		if r.spans[s.TraceID()] == nil {
			r.spans[s.TraceID()] = map[model.SpanKey]model.Span{}
		}
		r.spans[s.TraceID()][s.Key()] = s
	}
}

func (r *record) putFlow(f, replaces *model.Flow) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if replaces == nil {
		r.counts++
	} else {
		if was := r.flows[f.TraceID]; !reflect.DeepEqual(*replaces.FlowSummary, was) || f.Revision != was.Revision+1 {
			r.wrong = append(r.wrong, fmt.Sprintf("%+v replaced as %+v", was, *replaces.FlowSummary))
		}
		r.rollup.AddFlow(replaces, -1)
	}
	r.rollup.AddFlow(f, 1)
	r.flows[f.TraceID] = *f.FlowSummary
}

func (r *record) lookup() Lookup {
	return Lookup{
		Fetch: func(_ context.Context, id model.TraceID) (*model.Trace, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			return traceOf(r.spans, id), r.broken
		},
		Settled: func(_ context.Context, id model.TraceID) (*model.Trace, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.before[id] == nil {
				return nil, model.ErrNotFound
			}
			return traceOf(r.before, id), r.broken
		},
		Counted: func(_ context.Context, id model.TraceID) (model.FlowSummary, bool, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			f, ok := r.flows[id]
			return f, ok, r.broken
		},
	}
}

func traceOf(spans map[model.TraceID]map[model.SpanKey]model.Span, id model.TraceID) *model.Trace {
	return &model.Trace{ID: id, Spans: slices.Collect(maps.Values(spans[id]))}
}

// flow is what is recorded of the flow of a trace.
func (r *record) flow(t *testing.T, id model.TraceID) model.FlowSummary {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.flows[id]
	if !ok {
		t.Fatal("the flow is not counted")
	}
	return f
}

// bench is an Assembler that runs over a record.
type bench struct {
	*Assembler
	*record
	t *testing.T
}

// start runs an Assembler until the test ends.
func start(t *testing.T, c Config, r *record) *bench {
	t.Helper()
	return startWith(t, New(c, analyze.New(analyze.Config{}), r.lookup(), r.putFlow), r)
}

func startWith(t *testing.T, a *Assembler, r *record) *bench {
	t.Helper()
	go func() {
		if err := a.Run(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		a.Close()
		for _, wrong := range r.wrong {
			t.Error(wrong)
		}
	})
	return &bench{a, r, t}
}

// send appends and observes spans as one batch, and waits until it is taken up.
func (b *bench) send(spans ...analyzetest.Span) {
	batch := analyzetest.Batch(spans)
	b.append(batch)
	b.Observe(batch)
	synctest.Wait()
}

func (b *bench) expect(want Stats) {
	b.t.Helper()
	synctest.Wait()
	got := b.Stats()
	if got.Bytes > 0 {
		got.Bytes = 1 // how many depends on the batch
	}
	if got != want {
		b.t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// draw draws a trace.
func draw(t *testing.T, drawing string) []analyzetest.Span {
	t.Helper()
	spans, err := analyzetest.Draw(t.Name(), drawing)
	if err != nil {
		t.Fatal(err)
	}
	return spans
}

var errBroken = errors.New("the disk is on fire")

// pass lets time pass in a bubble.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

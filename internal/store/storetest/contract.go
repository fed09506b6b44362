package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// Store is what the contract asks of a backend. Flush puts everything where it
// stays, Maintain applies retention; a backend that does so by itself need do
// nothing.
type Store interface {
	Append(ctx context.Context, b *model.Batch) error
	PutFlow(f, replaces *model.Flow)
	Trace(ctx context.Context, id model.TraceID) (*model.Trace, error)
	Flow(ctx context.Context, id model.TraceID) (model.FlowSummary, bool, error)
	Flows(ctx context.Context, q model.FlowQuery) (model.FlowPage, error)
	FindTraces(ctx context.Context, q model.TraceQuery) (model.TracePage, error)
	Rollups(ctx context.Context, q model.RollupQuery) (model.Rollups, error)
	Resources(ctx context.Context, from, to int64) (model.SeenResources, error)
	Flush(ctx context.Context) error
	Maintain(ctx context.Context) error
	Close() error
}

// Options are what a test asks of the store it opens. Opening twice with the
// same Dir finds the same data.
type Options struct {
	Dir            string
	RetentionAge   time.Duration
	RetentionBytes int64
	Now            func() time.Time
}

// Run runs the contract. open returns a store that is ready for Append.
func Run(t *testing.T, open func(t *testing.T, o Options) Store) {
	t.Helper()
	for name, test := range map[string]func(*contract){
		"append and trace by id": (*contract).traces,
		"unknown trace":          (*contract).unknown,
		"a span sent twice":      (*contract).twice,
		"find flows":             (*contract).flows,
		"late spans":             (*contract).late,
		"rollups":                (*contract).rollups,
		"rollups of days":        (*contract).days,
		"resources":              (*contract).resources,
		"retention by age":       (*contract).retentionByAge,
		"retention by size":      (*contract).retentionBySize,
		"retention keeps one":    (*contract).retentionKeepsNewest,
		"restart":                (*contract).restart,
		"find traces":            (*contract).findTraces,
		"find while appending":   (*contract).findWhileAppending,
	} {
		t.Run(name, func(t *testing.T) {
			c := &contract{T: t, now: time.Unix(0, Epoch).Add(time.Minute), open: open}
			c.options = Options{Dir: t.TempDir(), Now: func() time.Time { return c.now }}
			test(c)
			if c.Store != nil {
				c.ok(c.Close())
			}
		})
	}
}

type contract struct {
	*testing.T
	Store
	now     time.Time
	options Options
	open    func(t *testing.T, o Options) Store
}

func (c *contract) start() { c.Store = c.open(c.T, c.options) }

func (c *contract) restartStore() {
	c.ok(c.Close())
	c.start()
}

func (c *contract) ok(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *contract) append(batches ...*model.Batch) {
	c.Helper()
	for _, b := range batches {
		c.ok(c.Append(c.Context(), b))
	}
}

// everywhere runs a check on what is in memory, in blocks, and after a restart.
func (c *contract) everywhere(check func(where string)) {
	check("just appended")
	c.ok(c.Flush(c.Context()))
	check("after a flush")
	c.restartStore()
	check("after a restart")
}

// holds checks that the store gives back exactly the spans of the batches.
func (c *contract) holds(where string, batches ...*model.Batch) {
	c.Helper()
	want := map[model.TraceID][]model.Span{}
	for _, b := range batches {
		for _, s := range SpansOf(b) {
			want[s.TraceID()] = append(want[s.TraceID()], s)
		}
	}
	for id, spans := range want {
		got, err := c.Trace(c.Context(), id)
		if err != nil {
			c.Fatalf("%s: %v", where, err)
		}
		if g, w := DescribeAll(got.Spans), DescribeAll(spans); got.ID != id || !slices.Equal(g, w) {
			c.Fatalf("%s: trace %s\n%s\nwant\n%s", where, id, g, w)
		}
	}
}

func (c *contract) traces() {
	c.start()
	gen := NewGen(1)
	first := []*model.Batch{gen.Batch(5, 12), gen.Batch(1, 1), gen.Batch(3, 30)}
	c.append(first...)
	c.everywhere(func(where string) { c.holds(where, first...) })
	// One trace in many batches, some of them in a block already.
	id := first[0].TraceIDs[0]
	more := gen.Batch(1, 7)
	for i := range more.TraceIDs {
		more.TraceIDs[i] = id
	}
	c.append(more)
	c.everywhere(func(where string) { c.holds(where, append(first, more)...) })
}

func (c *contract) unknown() {
	c.start()
	c.append(NewGen(2).Batch(1, 1))
	c.everywhere(func(where string) {
		if _, err := c.Trace(c.Context(), model.TraceID{1}); !errors.Is(err, model.ErrNotFound) {
			c.Errorf("%s: an unknown trace: %v, want ErrNotFound", where, err)
		}
		if _, found, err := c.Flow(c.Context(), model.TraceID{1}); found || err != nil {
			c.Errorf("%s: an unknown flow: %v, %v", where, found, err)
		}
	})
}

func (c *contract) twice() {
	c.start()
	b := NewGen(3).Batch(2, 5)
	c.append(b, b)
	c.everywhere(func(where string) { c.holds(where, b) })
	c.append(b)
	c.everywhere(func(where string) { c.holds(where, b) })
}

// putFlows counts n flows, one a second, in three parts with flushes between.
func (c *contract) putFlows(n int) (flows []*model.Flow) {
	gen := NewGen(4)
	for i := range n {
		f := Flow(gen.TraceID(), Epoch+int64(i)*int64(time.Second), i)
		f.Revision = 0
		flows = append(flows, f)
		c.PutFlow(f, nil)
		if i == n/3 || i == 2*n/3 {
			c.append(gen.Batch(1, 1))
			c.ok(c.Flush(c.Context()))
		}
	}
	return flows
}

// matches is the contract's own reading of a flow query.
func matches(f *model.Flow, q *model.FlowQuery) bool {
	reached := func(n model.Node) bool {
		return n.Name == q.Service && (q.Namespace == "" || n.Namespace == q.Namespace)
	}
	d := time.Duration(f.Duration)
	return f.Start >= q.From && (q.To == 0 || f.Start < q.To) &&
		(q.Operation == "" || q.Operation == f.Operation) && (q.Environment == "" || q.Environment == f.Environment) &&
		(q.Status == nil || *q.Status == f.Status) && d >= q.MinDuration && (q.MaxDuration == 0 || d <= q.MaxDuration) &&
		(q.Service == "" || slices.ContainsFunc(f.Services, reached))
}

func (c *contract) flows() {
	c.start()
	flows := c.putFlows(300)
	at := func(s int) int64 { return Epoch + int64(s)*int64(time.Second) }
	timeout := model.FlowTimeout
	queries := []model.FlowQuery{
		{}, {Limit: 20}, {Limit: 20, Offset: 290}, {Limit: 7, Offset: 130}, {Offset: 500, Limit: 1},
		{ByDuration: true, Limit: 25}, {ByDuration: true, Operation: "login", Offset: 10, Limit: 10},
		{From: at(150), To: at(160)}, {To: at(0)}, {Operation: "checkout"}, {Environment: "staging", Limit: 5},
		{Service: "cart", Namespace: "shop"}, {Service: "cart"}, {Status: &timeout},
		{MinDuration: 40 * time.Millisecond, MaxDuration: 60 * time.Millisecond},
	}
	c.everywhere(func(where string) {
		for _, q := range queries {
			c.page(where, flows, q)
		}
		got, found, err := c.Flow(c.Context(), flows[42].TraceID)
		if err != nil || !found || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", *flows[42].FlowSummary) {
			c.Errorf("%s: Flow = %+v, %v, %v; want %+v", where, got, found, err, *flows[42].FlowSummary)
		}
	})
}

func (c *contract) page(where string, flows []*model.Flow, q model.FlowQuery) {
	c.Helper()
	var want []*model.Flow
	for _, f := range flows {
		if matches(f, &q) {
			want = append(want, f)
		}
	}
	total := len(want)
	slices.SortFunc(want, func(x, y *model.Flow) int {
		if q.ByDuration && x.Duration != y.Duration {
			return int(y.Duration - x.Duration)
		}
		return int(y.Start - x.Start)
	})
	want = want[min(q.Offset, len(want)):]
	if q.Limit > 0 {
		want = want[:min(q.Limit, len(want))]
	}
	got, err := c.Flows(c.Context(), q)
	c.ok(err)
	if got.Total != total || len(got.Flows) != len(want) || got.Partial {
		c.Fatalf("%s: %+v: %d of %d flows (partial %v), want %d of %d", where, q, len(got.Flows), got.Total, got.Partial, len(want), total)
	}
	for i := range want {
		if g, w := fmt.Sprintf("%+v", got.Flows[i]), fmt.Sprintf("%+v", *want[i].FlowSummary); g != w {
			c.Fatalf("%s: %+v: flow %d\n%s\nwant\n%s", where, q, i, g, w)
		}
	}
}

// late corrects flows wherever their first count is: in memory and in blocks.
func (c *contract) late() {
	c.start()
	flows := c.putFlows(90)
	for i, f := range flows {
		if i%4 == 1 {
			row := *f.FlowSummary
			row.SpanCount, row.Status, row.Start = 99, model.FlowError, f.Start-int64(time.Hour)
			counted := row
			corrected := *f
			corrected.FlowSummary = &counted
			c.PutFlow(&corrected, f)
			row.Revision = 1
			corrected.FlowSummary = &row
			flows[i] = &corrected
		}
	}
	failed := model.FlowError
	c.everywhere(func(where string) {
		for _, q := range []model.FlowQuery{
			{}, {Status: &failed}, {From: Epoch}, {To: Epoch}, {Limit: 5}, {Limit: 40, Offset: 30}, {Limit: 3, Status: &failed},
		} {
			c.page(where, flows, q)
		}
		c.sums(where, flows, model.RollupQuery{}, model.RollupQuery{Step: model.RollupBucket})
		if got, _, err := c.Flow(c.Context(), flows[1].TraceID); err != nil || got.Revision != 1 || got.SpanCount != 99 {
			c.Errorf("%s: a corrected flow is revision %d with %d spans, %v", where, got.Revision, got.SpanCount, err)
		}
	})
}

func (c *contract) resources() {
	c.start()
	b := NewGen(5).Batch(4, 10)
	c.append(b)
	c.everywhere(func(where string) {
		all, err := c.Resources(c.Context(), Epoch, 0)
		c.ok(err)
		got := all.List
		if len(got) != 5 || got[0].Service != "cart" || got[0].Version != "1.4.2" || got[0].Environment != "prod" {
			c.Fatalf("%s: resources %+v", where, got)
		}
		if got[0].First != Epoch+int64(time.Millisecond) || got[0].Last <= got[0].First {
			c.Errorf("%s: seen from %d to %d", where, got[0].First, got[0].Last)
		}
		if none, err := c.Resources(c.Context(), 0, Epoch); err != nil || len(none.List) != 0 || none.Partial || all.Partial {
			c.Errorf("%s: before the first span: %d resources, %v", where, len(none.List), err)
		}
	})
}

func (c *contract) retentionByAge() {
	c.options.RetentionAge = time.Hour
	c.start()
	gen := NewGen(6)
	old := gen.Batch(2, 3)
	c.append(old)
	c.PutFlow(Flow(old.TraceIDs[0], Epoch, 3), nil)
	c.ok(c.Flush(c.Context()))
	c.now = c.now.Add(2 * time.Hour)
	fresh := gen.At(c.now.UnixNano()).Batch(2, 3)
	c.append(fresh)
	c.ok(c.Flush(c.Context()))
	c.ok(c.Maintain(c.Context()))
	for range 2 {
		c.holds("after retention", fresh)
		if _, err := c.Trace(c.Context(), old.TraceIDs[0]); !errors.Is(err, model.ErrNotFound) {
			c.Errorf("a trace past its age: %v, want ErrNotFound", err)
		}
		if p, err := c.Flows(c.Context(), model.FlowQuery{}); err != nil || p.Total != 0 {
			c.Errorf("%d flows past their age, %v", p.Total, err)
		}
		c.restartStore()
	}
}

func (c *contract) retentionBySize() {
	c.options.RetentionBytes = 100 << 10
	c.start()
	gen := NewGen(7)
	var batches []*model.Batch
	for range 8 {
		b := gen.Batch(40, 20) // some 30 KB in a block
		batches = append(batches, b)
		c.append(b)
		c.ok(c.Flush(c.Context()))
		c.now = c.now.Add(time.Second)
	}
	c.ok(c.Maintain(c.Context()))
	c.holds("after retention", batches[7])
	if _, err := c.Trace(c.Context(), batches[0].TraceIDs[0]); !errors.Is(err, model.ErrNotFound) {
		c.Errorf("the oldest trace above the size: %v, want ErrNotFound", err)
	}
}

// A limit below the size of anything still leaves what came last.
func (c *contract) retentionKeepsNewest() {
	c.options.RetentionBytes = 1
	c.start()
	gen := NewGen(9)
	first, last := gen.Batch(2, 3), gen.Batch(2, 3)
	for _, b := range []*model.Batch{first, last} {
		c.append(b)
		c.ok(c.Flush(c.Context()))
		c.now = c.now.Add(time.Second)
	}
	c.ok(c.Maintain(c.Context()))
	c.holds("after retention", last)
	if _, err := c.Trace(c.Context(), first.TraceIDs[0]); !errors.Is(err, model.ErrNotFound) {
		c.Errorf("the oldest trace above the size: %v, want ErrNotFound", err)
	}
}

func (c *contract) restart() {
	c.start()
	gen := NewGen(8)
	var batches []*model.Batch
	for i := range 10 {
		b := gen.Batch(2, 4)
		batches = append(batches, b)
		c.append(b)
		switch i % 4 {
		case 1:
			c.restartStore()
		case 3:
			c.ok(c.Flush(c.Context()))
		}
		c.holds(fmt.Sprintf("after %d batches", i+1), batches...)
	}
}

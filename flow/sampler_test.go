package flow_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/flowscope/flowscope/flow"
)

func traceID(n uint64) flow.TraceID {
	var id flow.TraceID
	binary.BigEndian.PutUint64(id[:8], n|1)
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}

// TestRatioKeepsWhatOpenTelemetryKeeps holds the ratio to the SDK's own, id by
// id: services of both kinds keep the same traces.
func TestRatioKeepsWhatOpenTelemetryKeeps(t *testing.T) {
	t.Parallel()
	source := rand.New(rand.NewPCG(1, 2))
	for _, share := range []float64{-1, 0, 1e-9, .01, .25, .5, .999999, 1, 7, math.NaN()} {
		ours, theirs := flow.Ratio(share), sdktrace.TraceIDRatioBased(share)
		kept := 0
		for i := range 20_000 {
			id := traceID(source.Uint64())
			if i == 0 {
				id = traceID(math.MaxUint64)
			}
			keep := ours.Sample(flow.Beginning{TraceID: id}) == flow.Keep
			if keep {
				kept++
			}
			result := theirs.ShouldSample(sdktrace.SamplingParameters{ParentContext: t.Context(), TraceID: trace.TraceID(id)})
			if !math.IsNaN(share) && keep != (result.Decision == sdktrace.RecordAndSample) {
				t.Fatalf("share %v: %v is kept: %v, OpenTelemetry's decision is %v", share, id, keep, result.Decision)
			}
		}
		if want := 20_000 * min(max(share, 0), 1); !math.IsNaN(share) && math.Abs(float64(kept)-want) > 300 {
			t.Errorf("share %v keeps %d of 20000", share, kept)
		} else if math.IsNaN(share) && kept > 0 {
			t.Errorf("no share keeps %d", kept)
		}
	}
}

func TestParentBasedDoesWhatTheCallerDid(t *testing.T) {
	t.Parallel()
	caller := flow.SpanContext{TraceID: traceID(7), SpanID: flow.SpanID{1}}
	s := flow.ParentBased(flow.Ratio(0))
	if d := s.Sample(flow.Beginning{Parent: caller}); d != flow.Measure {
		t.Errorf("what the caller does not keep is %v", d)
	}
	caller.Sampled = true
	if d := s.Sample(flow.Beginning{Parent: caller}); d != flow.Keep {
		t.Errorf("what the caller keeps is %v", d)
	}
	if d := s.Sample(flow.Beginning{}); d != flow.Measure {
		t.Errorf("what begins here is %v", d)
	}
	if d := flow.Cheap(s).Sample(flow.Beginning{}); d != flow.Drop {
		t.Errorf("cheaply it is %v", d)
	}
	if d := flow.Cheap(nil).Sample(flow.Beginning{}); d != flow.Keep {
		t.Errorf("without a sampler it is %v", d)
	}
}

func TestByOperationFindsTheMostSpecific(t *testing.T) {
	t.Parallel()
	marks := map[flow.TraceID]string{} // a sampler that says which one it is, by the id it gets
	at := func(name string) flow.Sampler {
		return sampler(func(b flow.Beginning) flow.Decision {
			marks[b.TraceID] = name
			return flow.Measure
		})
	}
	table := map[string]flow.Sampler{}
	for _, key := range []string{
		"checkout", "GET", "GET /products/{id}", "POST /products/{id}", "/products/new", "/products/{id}/reviews/{$}",
		"/assets/", "/files/{path...}", "/{$}", "job",
	} {
		table[key] = at(key)
	}
	delete(table, "GET")
	s := flow.ByOperation(table, at("other"))
	for i, c := range []struct{ operation, name, method, path, want string }{
		{operation: "checkout", name: "POST", method: "POST", path: "/products/7", want: "checkout"},
		{operation: "unknown", name: "job", want: "job"},
		{name: "POST", method: "POST", path: "/products/7", want: "POST /products/{id}"},
		{name: "HEAD", method: "HEAD", path: "/products/7", want: "GET /products/{id}"},
		{name: "PUT", method: "PUT", path: "/products/7", want: "other"},
		{name: "GET", method: "GET", path: "/products/new", want: "/products/new"},
		{name: "GET", method: "GET", path: "/products/7/reviews/", want: "/products/{id}/reviews/{$}"},
		{name: "GET", method: "GET", path: "/products/7/reviews/3", want: "other"},
		{name: "GET", method: "GET", path: "/products/", want: "other"},
		{name: "GET", method: "GET", path: "/assets/a/b.css", want: "/assets/"},
		{name: "GET", method: "GET", path: "/assets", want: "other"},
		{name: "GET", method: "GET", path: "/files/a/b", want: "/files/{path...}"},
		{name: "GET", method: "GET", path: "/", want: "/{$}"},
		{name: "GET", method: "OPTIONS", path: "*", want: "other"},
		{name: "work", want: "other"},
	} {
		id := traceID(uint64(i + 1))
		b := flow.Beginning{TraceID: id, Name: c.name, Operation: c.operation}
		if c.path != "" {
			b.Attrs = []flow.Attr{flow.String("http.request.method", c.method), flow.String("url.path", c.path)}
		}
		s.Sample(b)
		if marks[id] != c.want {
			t.Errorf("%+v is decided by %q", c, marks[id])
		}
	}
	if d := flow.ByOperation(nil, nil).Sample(flow.Beginning{}); d != flow.Keep {
		t.Errorf("an empty table decides %v", d)
	}
}

type sampler func(flow.Beginning) flow.Decision

func (s sampler) Sample(b flow.Beginning) flow.Decision { return s(b) }

// TestSamplersSeeTheOperation that attributes, a caller's header and baggage name.
func TestSamplersSeeTheOperation(t *testing.T) {
	t.Parallel()
	var seen []string
	tracker := flow.New(flow.WithSampler(sampler(func(b flow.Beginning) flow.Decision {
		seen = append(seen, b.Operation)
		return flow.Keep
	})))
	_, op := tracker.Start(t.Context(), "a", flow.String("flow.operation", "checkout"))
	op.End()
	_, op = tracker.Start(flow.WithBaggage(t.Context(), "flow.operation", "login"), "b")
	op.End()
	_, op = tracker.Start(t.Context(), "c")
	op.End()
	if fmt.Sprint(seen) != "[checkout login ]" {
		t.Errorf("the operations are %q", seen)
	}
}

func TestRateLimitedKeepsItsRateAndItsBurst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := flow.RateLimited(10, 5)
		count := func(n int) (kept int) {
			for range n {
				if s.Sample(flow.Beginning{}) == flow.Keep {
					kept++
				}
			}
			return kept
		}
		if kept := count(100); kept != 5 {
			t.Errorf("%d are kept at once", kept)
		}
		kept := 0
		for range 1000 { // ten seconds of a hundred a second
			pass(10 * time.Millisecond)
			kept += count(1)
		}
		if kept != 100 {
			t.Errorf("%d are kept in ten seconds", kept)
		}
		pass(time.Hour)
		if kept := count(100); kept != 5 {
			t.Errorf("%d are kept after a quiet hour", kept)
		}
	})
	for _, rate := range []float64{0, -1, math.NaN()} {
		if d := flow.RateLimited(rate, 5).Sample(flow.Beginning{}); d != flow.Measure {
			t.Errorf("a rate of %v decides %v", rate, d)
		}
	}
	once := flow.RateLimited(1e-300, 1)
	if a, b := once.Sample(flow.Beginning{}), once.Sample(flow.Beginning{}); a != flow.Keep || b != flow.Measure {
		t.Errorf("a flow in an age is %v, then %v", a, b)
	}
	if d := flow.RateLimited(math.Inf(1), 1).Sample(flow.Beginning{}); d != flow.Keep {
		t.Errorf("without a limit a flow is %v", d)
	}
}

// TestAdaptiveKeepsItsBudget runs flows of five operations at rates that jump,
// and looks at what each second keeps.
func TestAdaptiveKeepsItsBudget(t *testing.T) {
	t.Parallel()
	const budget, operations = 1000, 5
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New(flow.WithSampler(flow.Adaptive(budget)), flow.WithHistory(0, 0))
		source := rand.New(rand.NewPCG(3, 4))
		second := func(flows int) (kept int) {
			for range flows {
				ctx, root := tracker.StartSpec(t.Context(), flow.Spec{
					Name: "work", Parent: flow.SpanContext{TraceID: traceID(source.Uint64()), SpanID: flow.SpanID{1}},
				})
				for range operations - 1 {
					_, op := flow.Start(ctx, "step")
					op.End()
				}
				if root.SpanContext().Sampled {
					kept += operations
				}
				root.End()
				pass(time.Second / time.Duration(flows))
			}
			return kept
		}
		for range 5 {
			if kept := second(100); kept != 500 {
				t.Errorf("%d operations of 500 are kept below the budget", kept)
			}
		}
		for i := range 10 {
			kept := second(10_000)
			if kept > budget*1.2 {
				t.Errorf("second %d of 50000 operations keeps %d", i, kept)
			}
			if kept < budget*.6 {
				t.Errorf("second %d of 50000 operations keeps no more than %d", i, kept)
			}
		}
		kept := 0
		for range 12 { // the load is gone
			kept = second(100)
		}
		if kept < 400 {
			t.Errorf("%d operations of 500 are kept twelve seconds after the load", kept)
		}
	})
	if d := flow.Adaptive(0).Sample(flow.Beginning{}); d != flow.Measure {
		t.Errorf("without a budget a flow is %v", d)
	}
}

// TestAdaptiveLearnsInsideOthers: what flows cost is told to a sampler wherever
// it stands, once.
func TestAdaptiveLearnsInsideOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		adaptive := flow.Adaptive(100)
		tracker := flow.New(flow.WithHistory(0, 0), flow.WithSampler(
			flow.ParentBased(flow.ByOperation(map[string]flow.Sampler{"a": adaptive}, flow.Cheap(adaptive)))))
		kept := 0
		for i := range 5000 { // five seconds of 1000 flows of 10
			ctx, root := tracker.Start(t.Context(), "a")
			for range 9 {
				_, op := flow.Start(ctx, "step")
				op.End()
			}
			if root.SpanContext().Sampled && i >= 1000 {
				kept += 10
			}
			root.End()
			pass(time.Millisecond)
		}
		if kept < 200 || kept > 500 {
			t.Errorf("%d operations are kept in four seconds", kept)
		}
	})
}

// TestFailedAndSlowFlowsAreKept whatever was sampled.
func TestFailedAndSlowFlowsAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New(flow.WithSampler(flow.Ratio(0)), flow.WithSlow(time.Second))
		work := func(name string, takes time.Duration, err error) {
			ctx, root := tracker.Start(t.Context(), name)
			_, op := flow.Start(ctx, "step")
			pass(takes)
			op.Fail(err)
			op.End()
			root.End()
		}
		work("usual", time.Millisecond, nil)
		work("slow", time.Second, nil)
		work("failed below", time.Millisecond, errors.New("no"))
		if kept := tracker.Flows(0); len(kept) != 2 || kept[0].Operation() != "failed below" || kept[1].Operation() != "slow" {
			t.Errorf("%d flows are kept: %v", len(kept), kept)
		}
	})
}

func BenchmarkSample(b *testing.B) {
	begin := flow.Beginning{
		TraceID: traceID(1 << 62), Name: "GET",
		Attrs: []flow.Attr{flow.String("http.request.method", "GET"), flow.String("url.path", "/products/17/reviews")},
	}
	table := flow.ByOperation(map[string]flow.Sampler{
		"checkout": flow.Keep, "GET /products/{id}": flow.Drop, "/products/{id}/reviews": flow.Ratio(.1), "/assets/": flow.Drop,
	}, flow.Ratio(.5))
	for _, s := range []struct {
		name string
		of   flow.Sampler
	}{
		{"ratio", flow.Ratio(.1)},
		{"parent", flow.ParentBased(flow.Ratio(.1))},
		{"operation", table},
		{"rate", flow.RateLimited(100, 10)},
		{"adaptive", flow.Adaptive(1000)},
	} {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.of.Sample(begin)
			}
		})
	}
}

func ExampleByOperation() {
	tracker := flow.New(flow.WithSampler(flow.ParentBased(flow.ByOperation(map[string]flow.Sampler{
		"checkout":   flow.Keep,              // what earns the money
		"GET /users": flow.Ratio(.5),         // by trace id, the same ones in every service
		"cleanup":    flow.Adaptive(1000),    // so many operations a second
		"report":     flow.RateLimited(1, 5), // so many flows a second
		"/healthz":   flow.Drop,              // counted, no more
	}, flow.Ratio(.1)))))
	_, op := tracker.Start(context.Background(), "checkout")
	fmt.Println(op.SpanContext().Sampled)
	op.End()
	// Output: true
}

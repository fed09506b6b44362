package query_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var _ query.Reader = (*querytest.Reader)(nil)

const minute = int64(time.Minute)

// shopTime is the two minutes that have flows, and shopEnd the clock's time.
var (
	shopTime = query.Period{From: querytest.Epoch, To: querytest.Epoch + 2*minute}
	shopEnd  = time.Unix(0, shopTime.To)
)

func shop() (*query.Engine, *querytest.Reader) {
	r := querytest.New(analyze.Config{}, querytest.Shop())
	return query.New(r, analyze.Config{}, func() time.Time { return shopEnd }), r
}

func production() query.Filter {
	return query.Filter{Period: shopTime, Environment: "production"}
}

func TestOperations(t *testing.T) {
	e, _ := shop()
	all, err := e.Operations(t.Context(), query.Filter{Period: shopTime})
	if err != nil {
		t.Fatal(err)
	}
	if all.Period != shopTime || len(all.Operations) != 2 {
		t.Fatalf("got %d operations over %v", len(all.Operations), all.Period)
	}
	checkout := all.Operations[0]
	if checkout.Name != "checkout" || !slices.Equal(checkout.Environments, []string{"production", "staging"}) {
		t.Errorf("the busiest is %s in %v", checkout.Name, checkout.Environments)
	}
	if c := checkout.Counts; c.Total != 13 || c.Errors != 1 || c.Success != 12 || !near(c.Rate, 13.0/120) {
		t.Errorf("counts %+v", c)
	}
	if !slices.Equal(checkout.Series, []int64{7, 6}) {
		t.Errorf("series %v", checkout.Series)
	}
}

func TestOperationsThatReachAService(t *testing.T) {
	e, _ := shop()
	for _, c := range []struct {
		name   string
		filter query.Filter
		want   []string
		total  int64
	}{
		{"all of an operation counts", query.Filter{Period: shopTime, Service: "payment"}, []string{"checkout"}, 13},
		{"both", query.Filter{Period: shopTime, Service: "web"}, []string{"checkout", "browse"}, 14},
		{"another namespace", query.Filter{Period: shopTime, Service: "web", Namespace: "pay"}, nil, 0},
		{"a database is no service", query.Filter{Period: shopTime, Service: "carts"}, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := e.Operations(t.Context(), c.filter)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, op := range got.Operations {
				names = append(names, op.Name)
			}
			stats, err := e.Stats(t.Context(), c.filter)
			if err != nil || !slices.Equal(names, c.want) || stats.Counts.Total != c.total {
				t.Errorf("got %v and %d flows, want %v and %d (%v)", names, stats.Counts.Total, c.want, c.total, err)
			}
		})
	}
}

// The percentiles of two minutes together are those of all their flows: with
// twelve flows of 20 ms and one of 40, an average of the minutes' p99 would be 30.
func TestStatsMergesPercentiles(t *testing.T) {
	e, _ := shop()
	s, err := e.Stats(t.Context(), production())
	if err != nil {
		t.Fatal(err)
	}
	if s.Counts.Total != 13 || !within(s.Counts.Latency.P50, 20) || !within(s.Counts.Latency.P99, 40) {
		t.Errorf("counts %+v", s.Counts)
	}
	if len(s.Series) != 2 || s.Series[0].Count != 7 || s.Series[1].Errors != 1 || s.Series[1].Time != shopTime.From+minute {
		t.Errorf("series %+v", s.Series)
	}
	if want := (query.ServiceCount{Service: service("shop", "web"), Requests: 13, Errors: 1}); s.Services[0] != want {
		t.Errorf("services %+v", s.Services)
	}
}

func TestStatsOfThePeriodBefore(t *testing.T) {
	e, _ := shop()
	f := production()
	f.Period = query.Period{From: shopTime.From + minute, To: shopTime.To}
	s, err := e.Stats(t.Context(), f)
	if err != nil || s.Counts.Total != 6 || s.Previous.Total != 7 || s.Previous.Errors != 0 {
		t.Errorf("now %+v, before %+v (%v)", s.Counts, s.Previous, err)
	}
}

// A rate is over what has passed of a period, not over what is to come.
func TestRateOfARunningMinute(t *testing.T) {
	r := querytest.New(analyze.Config{}, querytest.Shop())
	now := time.Unix(0, shopTime.From+minute+30*int64(time.Second))
	e := query.New(r, analyze.Config{}, func() time.Time { return now })
	s, err := e.Stats(t.Context(), query.Filter{Period: query.Period{From: shopTime.From + 5, To: now.UnixNano()}})
	if err != nil || s.Period != shopTime || !near(s.Counts.Rate, float64(s.Counts.Total)/90) {
		t.Errorf("period %v, rate %v of %d (%v)", s.Period, s.Counts.Rate, s.Counts.Total, err)
	}
}

func TestOperationGraph(t *testing.T) {
	e, _ := shop()
	f := production()
	f.Operation = "checkout"
	g, err := e.OperationGraph(t.Context(), f)
	if err != nil || g.Flows != 12 {
		t.Fatalf("%d flows (%v)", g.Flows, err)
	}
	want := map[string]int64{"shop/web>shop/cart": 12, "shop/web>pay/payment": 12, "shop/cart>database:postgresql/carts": 12}
	for _, edge := range g.Graph.Edges {
		if id := edge.From.ID() + ">" + edge.To.ID(); want[id] != edge.Calls {
			t.Errorf("edge %s has %d calls, want %d", id, edge.Calls, want[id])
		} else {
			delete(want, id)
		}
	}
	if len(want) > 0 || len(g.Graph.Nodes) != 4 {
		t.Errorf("missing edges %v, %d nodes", want, len(g.Graph.Nodes))
	}
	total := 0.0
	for _, n := range g.Graph.Nodes {
		total += n.CriticalShare
		if n.ID() == "pay/payment" && (n.Status != analyze.NodeDegraded || !near(n.ErrorRate, 1.0/12)) {
			t.Errorf("payment is %v at %v", n.Status, n.ErrorRate)
		}
		if n.ID() == "shop/cart" && n.Info.Version != "" {
			t.Errorf("two versions are shown as %q", n.Info.Version)
		}
	}
	if !near(total, 1) {
		t.Errorf("critical shares add up to %v", total)
	}
}

func TestGraphLeavesOutWhatWasTakenBack(t *testing.T) {
	e, r := shop()
	f := &model.Flow{
		FlowSummary: &model.FlowSummary{Operation: "mistake", Start: querytest.Epoch},
		Shape: &model.Shape{
			Nodes: []model.Node{service("", "a")}, Edges: []model.Edge{{From: service("", "a"), To: service("", "b")}},
		},
		Visits: []model.Visit{{Requests: 1, Self: 5}}, Latencies: []int64{5}, Calls: make([]model.Call, 1),
	}
	r.AddFlow(f, 1)
	r.AddFlow(f, -1)
	g, err := e.OperationGraph(t.Context(), query.Filter{Period: shopTime, Operation: "mistake"})
	if err != nil || len(g.Graph.Nodes) != 0 || len(g.Graph.Edges) != 0 {
		t.Errorf("graph %+v (%v)", g.Graph, err)
	}
	ops, err := e.Operations(t.Context(), query.Filter{Period: shopTime})
	if err != nil || len(ops.Operations) != 2 {
		t.Errorf("operations %+v (%v)", ops.Operations, err)
	}
}

// Everything but flows and traces is read from rollups alone.
func TestRollupsSuffice(t *testing.T) {
	e, r := shop()
	r.RollupsOnly = true
	f := production()
	_, errStats := e.Stats(t.Context(), f)
	_, errOps := e.Operations(t.Context(), f)
	_, errGraph := e.OperationGraph(t.Context(), f)
	_, errDeps := e.Dependencies(t.Context(), f)
	_, errServices := e.Services(t.Context(), f)
	f.Service = "web"
	_, errService := e.Service(t.Context(), f)
	if err := errors.Join(errStats, errOps, errGraph, errDeps, errServices, errService); err != nil {
		t.Error(err)
	}
}

func TestErrorsAreNotSwallowed(t *testing.T) {
	e, r := shop()
	r.Fail = errors.New("disk on fire")
	f := production()
	f.Service = "web"
	for name, ask := range map[string]func(context.Context) error{
		"stats":        func(ctx context.Context) error { _, err := e.Stats(ctx, f); return err },
		"operations":   func(ctx context.Context) error { _, err := e.Operations(ctx, f); return err },
		"graph":        func(ctx context.Context) error { _, err := e.OperationGraph(ctx, f); return err },
		"dependencies": func(ctx context.Context) error { _, err := e.Dependencies(ctx, f); return err },
		"services":     func(ctx context.Context) error { _, err := e.Services(ctx, f); return err },
		"service":      func(ctx context.Context) error { _, err := e.Service(ctx, f); return err },
		"flows":        func(ctx context.Context) error { _, err := e.Flows(ctx, model.FlowQuery{}, true); return err },
		"trace":        func(ctx context.Context) error { _, err := e.Trace(ctx, model.TraceID{1}); return err },
	} {
		if err := ask(t.Context()); !errors.Is(err, r.Fail) {
			t.Errorf("%s returns %v", name, err)
		}
	}
}

func service(namespace, name string) model.Node {
	return model.Node{Kind: model.NodeService, Namespace: namespace, Name: name}
}

func near(got, want float64) bool { return math.Abs(got-want) < 1e-9 }

// within allows what sketches promise.
func within(got, want float64) bool { return math.Abs(got-want) <= want/100 }

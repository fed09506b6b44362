package analyze

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
)

// hostile makes a trace out of anything: parents that are missing, later,
// their own or in cycles, links anywhere, ids that repeat, clocks that differ.
func hostile(rng *rand.Rand, n int) []analyzetest.Span {
	services := []string{"a", "b", "c"}
	id := func() (id model.SpanID) { id[7], id[6] = byte(rng.IntN(n+1)), byte(rng.IntN(1+n/256)); return id }
	spans := make([]analyzetest.Span, n)
	for i := range spans {
		s := &spans[i]
		s.TraceID[0], s.ID, s.Parent = 1, id(), id()
		s.ID[0] = 1
		if rng.IntN(4) > 0 {
			s.Parent[0] = 1
		}
		s.Resource = analyzetest.Resource{Service: services[rng.IntN(3)], Host: services[rng.IntN(3)]}
		s.Name, s.Kind = services[rng.IntN(3)], model.Kind(rng.IntN(6))
		s.Status = model.StatusCode(rng.IntN(3))
		s.Start = analyzetest.Epoch + rng.Int64N(50)
		s.End = s.Start + rng.Int64N(30)
		if rng.IntN(3) == 0 {
			s.Links = []analyzetest.Link{{TraceID: s.TraceID, SpanID: id()}}
			s.Attrs = []analyzetest.Attr{{Key: "messaging.destination.name", Value: services[rng.IntN(3)]}}
		}
	}
	return spans
}

// What must hold of any trace whatever.
func TestAnyTrace(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 1))
		spans := hostile(rng, 1+rng.IntN(60))
		trace := analyzetest.Traces(analyzetest.Batch(spans))[0]
		v := Trace(trace, Config{}, nil)
		distinct := map[model.SpanKey]bool{}
		for _, s := range trace.Spans {
			distinct[s.Key()] = true
		}
		if len(v.Spans) != len(distinct) || int(v.Flow.SpanCount) != len(distinct) {
			t.Fatalf("seed %d: %d spans in, %d out", seed, len(distinct), len(v.Spans))
		}
		checkTimes(t, seed, v)
	}
}

func checkTimes(t *testing.T, seed uint64, v *Analysis) {
	t.Helper()
	var self, critical, path, visited, visitedCritical int64
	for i := range v.Spans {
		s := &v.Spans[i]
		if s.Self < 0 || s.Self > s.Duration() || s.Critical > s.Duration() || s.Offset < 0 || s.Parent >= i {
			t.Fatalf("seed %d: span %d: %+v", seed, i, s)
		}
		self, critical = self+s.Self, critical+s.Critical
	}
	at := int64(0)
	for _, s := range v.CriticalPath {
		if path += s.Duration; s.Duration <= 0 || s.Offset < at {
			t.Fatalf("seed %d: the critical path goes back: %+v", seed, v.CriticalPath)
		}
		at = s.Offset + s.Duration
	}
	requests := 0
	for _, n := range v.Flow.Visits {
		visited, visitedCritical = visited+n.Self, visitedCritical+n.Critical
		if n.Errors > n.Requests {
			t.Fatalf("seed %d: visit %+v", seed, n)
		}
		requests += int(n.Requests)
	}
	if requests != len(v.Flow.Latencies) {
		t.Fatalf("seed %d: %d requests, %d latencies", seed, requests, len(v.Flow.Latencies))
	}
	want := int64(0)
	if !v.Flow.NoRoot {
		want = v.Flow.Duration
	}
	if critical != want || path != want || visitedCritical != want || self != visited {
		t.Fatalf("seed %d: root %d, critical %d, path %d, by node %d; self %d, by node %d",
			seed, want, critical, path, visitedCritical, self, visited)
	}
}

// The order in which spans came and the batches they came in change nothing,
// and neither does what the Analyzer did before.
func TestOrderDoesNotMatter(t *testing.T) {
	used := New(Config{})
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 2))
		spans := hostile(rng, 1+rng.IntN(40))
		for i := range spans { // one id, one content
			spans[i].ID = model.SpanID{1, 0, 0, 0, 0, 0, 0, byte(i)}
		}
		want := asJSON(t, New(Config{}).Flow(analyzetest.Traces(analyzetest.Batch(spans))[0]))
		rng.Shuffle(len(spans), reflect.Swapper(spans))
		half := len(spans) / 2
		first, second := analyzetest.Batch(spans[:half]), analyzetest.Batch(spans[half:])
		if got := asJSON(t, used.Flow(analyzetest.Traces(first, second)[0])); got != want {
			t.Fatalf("seed %d: got\n%s\nwant\n%s", seed, got, want)
		}
		used.Forget(first)
		used.Forget(second)
	}
	if len(used.sources) != 0 {
		t.Errorf("%d batches are not forgotten", len(used.sources))
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Names and edges are bounded however many there are.
func TestNamesAreBounded(t *testing.T) {
	a := New(Config{MaxNames: 10})
	graph := model.NewGraph()
	operations := map[string]bool{}
	for i := range 100 {
		name := strings.Repeat("é", 200) + string(rune('A'+i))
		if i < 50 {
			name = name[len(name)-2:]
		}
		spans := []analyzetest.Span{{
			TraceID: model.TraceID{byte(i)}, ID: model.SpanID{1}, Name: name, Kind: model.KindClient,
			Resource: analyzetest.Resource{Service: "s" + name, Environment: "e" + name},
			Attrs:    []analyzetest.Attr{{Key: "db.system", Value: "d" + name}},
		}}
		f := a.Flow(analyzetest.Traces(analyzetest.Batch(spans))[0])
		graph.AddFlow(f, 1)
		operations[f.Operation+"|"+f.Environment] = true
		if len(f.Operation) > maxName || len(f.RootName) > maxName {
			t.Fatalf("a name of %d bytes", len(f.Operation))
		}
	}
	if len(operations) > 11 || !operations["(other)|(other)"] {
		t.Errorf("%d operations", len(operations))
	}
	if len(graph.Nodes) > 12 { // 10 and an "(other)" of each kind
		t.Errorf("%d nodes", len(graph.Nodes))
	}
	h := newHabits()
	n := newNames(10)
	to := n.node(model.Node{Name: "to"})
	for i := range int32(3 * maxEdges) {
		h.meet(&n, i, to)
	}
	if size := len(h.young.edges) + len(h.old.edges); size > 2*maxEdges {
		t.Errorf("%d edges", size)
	}
}

// A trace may be one long chain, or very wide, or chosen to make hashing slow.
func TestLargeTraces(t *testing.T) {
	const n = 100_000
	for name, parent := range map[string]func(i int) int{
		"chain": func(i int) int { return i - 1 },
		"wide":  func(int) int { return 0 },
		"cycle": func(i int) int { return (i + 1) % n },
	} {
		t.Run(name, func(t *testing.T) {
			spans := make([]analyzetest.Span, n)
			for i := range spans {
				s := &spans[i]
				s.ID, s.Parent = wideID(i), wideID(parent(i))
				s.Name, s.Kind, s.Status = "n", model.KindClient, model.StatusError
				s.Resource.Service = []string{"a", "b"}[i%2]
				s.Start, s.End = analyzetest.Epoch+int64(i), analyzetest.Epoch+2*n-int64(i)
			}
			if name != "cycle" {
				spans[0].Parent = model.SpanID{}
			}
			f := New(Config{}).Flow(&model.Trace{Spans: analyzetest.Traces(analyzetest.Batch(spans))[0].Spans})
			if f.SpanCount != n || f.NoRoot != (name == "cycle") {
				t.Errorf("%d spans, no root %v", f.SpanCount, f.NoRoot)
			}
		})
	}
}

// wideID has its number in the high half, as ids that were chosen to fall
// together in a table by their low bits.
func wideID(i int) model.SpanID {
	return model.SpanID{0: 1, 4: byte(i >> 24), 5: byte(i >> 16), 6: byte(i >> 8), 7: byte(i)}
}

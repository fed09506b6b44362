package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// chain is so many flows along web → cart → db, of which the nodes take so many
// ms themselves; each call spends as many ms on the way as wire says.
func chain(flows int, web, cart, db, wire float64) *Operation {
	op := &Operation{Name: "checkout", Flows: int64(flows), Nodes: make([]Node, 3), Edges: make([]Edge, 2)}
	call := func(n *Node, id string, whole, self float64) {
		n.ID, n.Requests, n.Self = id, n.Requests+1, n.Self+int64(self*nsPerMilli)
		n.Latency.Add(int64(whole * nsPerMilli))
	}
	for i := range flows {
		jitter := float64(i % 7)
		call(&op.Nodes[2], "db", db, db)
		call(&op.Nodes[1], "cart", cart+db, cart)
		call(&op.Nodes[0], "web", web+wire+cart+db+jitter, web+wire+jitter)
		op.Edges[0].Latency.Add(int64((wire + cart + db) * nsPerMilli))
		op.Edges[1].Latency.Add(int64(db * nsPerMilli))
	}
	for i, ends := range [][2]string{{"web", "cart"}, {"cart", "db"}} {
		op.Edges[i].From, op.Edges[i].To, op.Edges[i].Calls = ends[0], ends[1], int64(flows)
	}
	return op
}

// refused is the edges that a gate names.
func refused(t *testing.T, gate string, base, candidate *Operation) string {
	t.Helper()
	g, err := ParseGate(gate)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range g.Failed(Operations(base, candidate)) {
		names = append(names, fmt.Sprintf("%s>%s %s", c.From, c.To, c.Kind))
	}
	return fmt.Sprint(names)
}

// A change names the edge whose own time it is.
func TestAttribution(t *testing.T) {
	base := chain(200, 10, 10, 10, 2)
	for name, c := range map[string]struct {
		candidate *Operation
		want      string
	}{
		"same":               {chain(200, 10, 10, 10, 2), "[]"},
		"leaf":               {chain(200, 10, 10, 110, 2), "[cart>db slower]"},
		"middle":             {chain(200, 10, 110, 10, 2), "[web>cart slower]"},
		"on the way":         {chain(200, 10, 10, 10, 102), "[web>cart slower]"},
		"root":               {chain(200, 110, 10, 10, 2), "[>web slower]"},
		"leaf and middle":    {chain(200, 10, 60, 110, 2), "[cart>db slower web>cart slower]"},
		"leaf faster":        {chain(200, 10, 10, 5, 2), "[]"},
		"few flows":          {chain(3, 10, 10, 110, 2), "[]"},
		"less than the gate": {chain(200, 10, 10, 10.9, 2), "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := refused(t, "p95>10%", base, c.candidate); got != c.want {
				t.Errorf("refused %s, want %s", got, c.want)
			}
		})
	}
}

// The edge that is new is named, not what waits for it or comes after it.
func TestNewEdges(t *testing.T) {
	base, candidate := chain(200, 10, 10, 10, 2), chain(200, 10, 60, 10, 2)
	for _, e := range []Edge{{From: "cart", To: "fraud"}, {From: "fraud", To: "rules"}} {
		n := Node{ID: e.To, Requests: 200, Self: 200 * 25 * nsPerMilli}
		e.Calls = 200
		for range 200 {
			e.Latency.Add(50 * nsPerMilli)
			n.Latency.Add(50 * nsPerMilli)
		}
		candidate.Edges, candidate.Nodes = append(candidate.Edges, e), append(candidate.Nodes, n)
	}
	candidate.Nodes[1].Self = base.Nodes[1].Self // it waits for fraud
	if got := refused(t, "p95>10%,new-edge", base, candidate); got != "[cart>fraud added]" {
		t.Errorf("refused %s", got)
	}
	if got := refused(t, "removed-edge", candidate, base); got != "[cart>fraud removed]" {
		t.Errorf("refused %s", got)
	}
}

func TestErrorsAndCalls(t *testing.T) {
	base, candidate := chain(200, 10, 10, 10, 2), chain(200, 10, 10, 10, 2)
	candidate.Edges[1].Errors, candidate.Edges[0].Errors, candidate.Nodes[0].Errors = 30, 30, 30
	if got := refused(t, "errors>1%", base, candidate); got != "[cart>db failing more]" {
		t.Errorf("refused %s", got)
	}
	candidate = chain(200, 10, 10, 10, 2)
	candidate.Edges[0].Calls, candidate.Edges[1].Calls = 400, 400
	candidate.Nodes[1].Requests, candidate.Nodes[2].Requests = 400, 400
	if got := refused(t, "calls>10%", base, candidate); got != "[web>cart more calls]" {
		t.Errorf("refused %s", got)
	}
	candidate = chain(200, 10, 10, 10, 2)
	candidate.Edges[1].Retries = 20
	if got := refused(t, "retries>1%", base, candidate); got != "[cart>db more retries]" {
		t.Errorf("refused %s", got)
	}
}

// What explains a change is not always refused itself: then the change is.
func TestCausesThatPass(t *testing.T) {
	base, often := chain(200, 10, 10, 10, 2), chain(200, 10, 10, 30, 2)
	often.Nodes[2] = base.Nodes[2] // 3 calls of 10 ms each
	often.Nodes[2].Requests = 600
	often.Edges[1].Calls, often.Edges[1].Latency = 600, Latency{}
	often.Edges[1].Latency.AddN(10*nsPerMilli, 600)
	fraud := chain(200, 10, 10, 110, 2)
	fraud.Nodes[2].ID, fraud.Edges[1].To = "fraud", "fraud"
	for _, c := range []struct {
		gate      string
		candidate *Operation
		want      string
	}{
		{"p95>10%,calls>10%", often, "[cart>db more calls]"},
		{"p95>10%,errors>1%", often, "[web>cart slower]"},
		{"p95>10%,new-edge", fraud, "[cart>fraud added]"},
		{"p95>10%", fraud, "[web>cart slower]"},
	} {
		if got := refused(t, c.gate, base, c.candidate); got != c.want {
			t.Errorf("%s: refused %s, want %s", c.gate, got, c.want)
		}
	}
}

// Ten calls that each fail a little more are a caller that fails much more.
func TestManySmallCauses(t *testing.T) {
	fan := func(each int64) *Operation {
		op := &Operation{Name: "x", Flows: 2000, Nodes: []Node{{ID: "web", Requests: 2000, Errors: 9 * each}, {ID: "all", Requests: 2000, Errors: 9 * each}}}
		op.Edges = []Edge{{From: "web", To: "all", Calls: 2000, Errors: 9 * each}}
		for i := range 10 {
			to := fmt.Sprint("s", i)
			op.Nodes = append(op.Nodes, Node{ID: to, Requests: 2000, Errors: each})
			op.Edges = append(op.Edges, Edge{From: "all", To: to, Calls: 2000, Errors: each})
		}
		return op
	}
	if got := refused(t, "errors>1%", fan(0), fan(16)); got != "[web>all failing more]" {
		t.Errorf("refused %s", got)
	}
	if got := refused(t, "errors>1%", fan(0), fan(40)); strings.Contains(got, "web") || strings.Count(got, "all>") != 10 {
		t.Errorf("refused %s", got)
	}
}

// A cache that makes most calls faster and some much slower: the mean falls, and
// what is slower is not what the database takes more.
func TestQuantileAgainstMean(t *testing.T) {
	base, candidate := chain(200, 10, 100, 10, 2), chain(200, 10, 100, 12, 2)
	candidate.Edges[0].Latency, candidate.Nodes[1].Latency, candidate.Nodes[1].Self = Latency{}, Latency{}, 0
	for i := range 200 {
		own := int64(50 * nsPerMilli)
		if i%10 == 0 {
			own = 400 * nsPerMilli
		}
		candidate.Edges[0].Latency.Add(own + 14*nsPerMilli)
		candidate.Nodes[1].Latency.Add(own + 12*nsPerMilli)
		candidate.Nodes[1].Self += own
	}
	if got := refused(t, "p95>10%", base, candidate); got != "[cart>db slower web>cart slower]" {
		t.Errorf("refused %s", got)
	}
}

// From nothing to something is growth.
func TestSlowerThanNothing(t *testing.T) {
	took := func(ns int64) *Operation {
		op := &Operation{Name: "x", Flows: 200, Edges: []Edge{{From: "a", To: "b", Calls: 200}}}
		op.Edges[0].Latency.AddN(ns, 200)
		return op
	}
	for ns, want := range map[int64]string{0: "[]", 50: "[]", 500: "[a>b slower]", 1e8: "[a>b slower]"} {
		if got := refused(t, "p95>10%", took(0), took(ns)); got != want {
			t.Errorf("0 to %d ns: refused %s", ns, got)
		}
	}
	if got := refused(t, "p95>10%", took(100), took(150)); got != "[]" {
		t.Errorf("100 to 150 ns: refused %s", got)
	}
}

// A root is held to its terms when it is called back, too.
func TestRootThatIsCalledBack(t *testing.T) {
	back := func(own float64) *Operation { // gw → orders → gw → users
		op := &Operation{Name: "x", Flows: 200, Nodes: []Node{{ID: "gw"}, {ID: "orders"}, {ID: "users"}}}
		call := func(n int, whole, self float64) {
			op.Nodes[n].Requests++
			op.Nodes[n].Self += int64(self * nsPerMilli)
			op.Nodes[n].Latency.Add(int64(whole * nsPerMilli))
		}
		for range 200 {
			call(0, own+30, own)
			call(1, 30, 10)
			call(0, 20, 10)
			call(2, 10, 10)
		}
		for i, ends := range [][2]string{{"gw", "orders"}, {"orders", "gw"}, {"gw", "users"}} {
			e := Edge{From: ends[0], To: ends[1], Calls: 200}
			e.Latency.AddN(int64(30-10*i)*nsPerMilli, 200)
			op.Edges = append(op.Edges, e)
		}
		return op
	}
	if got := refused(t, "p95>10%,errors>1%,calls>10%,new-edge", back(10), back(10)); got != "[]" {
		t.Errorf("refused %s", got)
	}
	if got := refused(t, "p95>10%", back(10), back(110)); got != "[>gw slower]" {
		t.Errorf("refused %s", got)
	}
	failing := back(10)
	failing.Errors, failing.Nodes[0].Errors = 20, 20
	if got := refused(t, "errors>1%", back(10), failing); got != "[>gw failing more]" {
		t.Errorf("refused %s", got)
	}
	both := back(10) // users begins flows, too, and never fails
	both.Flows, both.Errors = 250, 100
	both.Nodes[2].Requests += 50
	if got := newSide(both).edges[pair{to: "users"}]; got == nil || got.Errors != 0 {
		t.Errorf("users begins %+v", got)
	}
	lost := back(10) // a few calls of which the caller's span did not come
	lost.Edges[2].Calls, lost.Nodes[2].Requests = 195, 200
	if changes := Operations(lost, lost); len(changes) > 0 || newSide(lost).edges[pair{to: "users"}] != nil {
		t.Errorf("users begins flows")
	}
}

// Another service begins the flows: no latency can be compared.
func TestRootOfAnotherName(t *testing.T) {
	base, renamed := chain(200, 10, 10, 10, 2), chain(200, 110, 10, 10, 2)
	renamed.Nodes[0].ID, renamed.Edges[0].From = "web2", "web2"
	if got := refused(t, "p95>10%,new-edge", base, renamed); got != "[>web2 added]" {
		t.Errorf("refused %s", got)
	}
	if got := refused(t, "removed-edge", base, renamed); got != "[>web removed]" {
		t.Errorf("refused %s", got)
	}
	inFront := chain(200, 10, 10, 10, 2) // of what began the flows
	inFront.Nodes = append(inFront.Nodes, Node{ID: "proxy", Requests: 200})
	inFront.Edges = append(inFront.Edges, Edge{From: "proxy", To: "web", Calls: 200})
	if got := refused(t, "new-edge,removed-edge", base, inFront); got != "[>proxy added]" {
		t.Errorf("refused %s", got)
	}
}

// Edges of a circle do not explain each other: one of them stands for itself.
func TestCircle(t *testing.T) {
	around := func(ns int64) *Operation {
		op := &Operation{Name: "x", Flows: 200, Edges: []Edge{{From: "a", To: "b", Calls: 200}, {From: "b", To: "a", Calls: 200}}}
		op.Nodes = []Node{{ID: "a", Requests: 200}, {ID: "b", Requests: 200}}
		for range 200 {
			for i := range 2 {
				op.Edges[i].Latency.Add(ns)
				op.Nodes[i].Latency.Add(ns)
			}
		}
		return op
	}
	if got := refused(t, "p50>10%", around(1e6), around(5e6)); got != "[a>b slower]" {
		t.Errorf("refused %s", got)
	}
}

// Noise is no alarm: of 400 comparisons of the same distribution hardly any is
// told from chance. 12 quantiles and shares each at 99 % and beyond, of which the
// intervals must be apart, give less than one in a hundred.
func TestNoFalseAlarms(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	noisy := func() *Operation {
		op := &Operation{Name: "x", Flows: 150, Edges: []Edge{{From: "a", To: "b", Calls: 150}}}
		for range 150 {
			op.Edges[0].Latency.Add(int64(1e6 * math.Exp(r.NormFloat64())))
			if r.Float64() < 0.05 {
				op.Edges[0].Errors++
			}
		}
		return op
	}
	gate, err := ParseGate("p50>0%,p95>0%,p99>0%,errors>0%,calls>0%")
	if err != nil {
		t.Fatal(err)
	}
	alarms := 0
	for range 400 {
		alarms += len(gate.Failed(Operations(noisy(), noisy())))
	}
	if alarms > 4 {
		t.Errorf("%d alarms in 400 comparisons of equal things", alarms)
	}
}

// The ranks are those that the binomial distribution gives: with one sample less
// the interval is open.
func TestRanks(t *testing.T) {
	for q, least := range map[float64]int64{0.50: 8, 0.95: 104, 0.99: 528} {
		if _, high := ranks(least, q, zMedium); high > least {
			t.Errorf("%d samples bound no q=%g", least, q)
		}
		if _, high := ranks(least-1, q, zMedium); high <= least-1 {
			t.Errorf("%d samples bound q=%g", least-1, q)
		}
		if got := bounding(q); got != least {
			t.Errorf("%d samples are said to bound q=%g", got, q)
		}
	}
	for _, n := range []int64{exact, exact + 1} { // where the two ways meet
		if low, high := ranks(n, 0.95, zMedium); low < 1870 || low > 1876 || high < 1924 || high > 1930 {
			t.Errorf("p95 of %d is between ranks %d and %d", n, low, high)
		}
	}
}

// The least changes that are certain are those that docs/ci-gate.md tells of.
func TestLeastChanges(t *testing.T) {
	first := func(certain func(n int64) Confidence) int64 {
		n := int64(1)
		for certain(n) == Low {
			n++
		}
		return n
	}
	for _, c := range []struct{ flows, errors, calls, edge int64 }{{160, 13, 210, 10}, {1000, 14, 1119, 11}} {
		n := c.flows
		errors := first(func(hits int64) Confidence { return sharesDiffer(0, n, hits, n) })
		calls := first(func(more int64) Confidence { return ratesDiffer(n, n, n+more, n) }) + n
		edge := first(func(used int64) Confidence { return missed(used, n, n) })
		if errors != c.errors || calls != c.calls || edge != c.edge {
			t.Errorf("%d flows: %d errors, %d calls, an edge in %d", n, errors, calls, edge)
		}
	}
}

func TestGateRefusesWhatIsWrong(t *testing.T) {
	for _, text := range []string{"", "p95", "p95>", "p95>10", "p95<10%", "p95>-1%", "p95>NaN%", "new-edge>1%", "p96>1%", "p95>1%,"} {
		if g, err := ParseGate(text); err == nil {
			t.Errorf("%q is read as %v", text, g)
		}
	}
}

func FuzzParseGate(f *testing.F) {
	for _, text := range []string{"p95>10%,errors>1%,new-edge", " p50 > 0% , removed-edge", "calls>1e2%,retries>.5%,p99>1%", "p95>,", "%>"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		g, err := ParseGate(text)
		if err != nil {
			return
		}
		again, err := ParseGate(g.String())
		if err != nil || !slices.Equal(again, g) {
			t.Errorf("%q is read as %v, and that as %v: %v", text, g, again, err)
		}
	})
}

func profileOf(ops ...*Operation) *Profile {
	p := &Profile{Format: Format, Version: FormatVersion, Made: time.Unix(0, 0).UTC()}
	for _, op := range ops {
		p.Operations = append(p.Operations, *op)
	}
	return p
}

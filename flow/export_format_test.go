package flow_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowscope/flowscope/flow"
)

// drawnSpan is an operation of a drawn flow; its caller is the last one above it
// that is one less deep. Times are ns.
type drawnSpan struct {
	Name        string
	Depth       int
	From, Until int64
}

func drawnFlow(spans []drawnSpan) flow.Trace {
	f := flow.Trace{TraceID: flow.TraceID{15: 1}}
	begin := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for i, s := range spans {
		span := flow.Span{
			SpanID: flow.SpanID{7: byte(i + 1), 6: byte((i + 1) >> 8)}, Name: s.Name,
			Start: begin.Add(time.Duration(s.From)), Duration: time.Duration(s.Until - s.From),
		}
		for n := i - 1; n >= 0 && s.Depth > 0; n-- {
			if spans[n].Depth == s.Depth-1 {
				span.ParentID = f.Spans[n].SpanID
				break
			}
		}
		f.Spans = append(f.Spans, span)
	}
	return f
}

// checkout draws, a character being 1 ms:
//
//	POST /checkout ────────────────────
//	load cart       ────
//	SELECT           ─
//	SELECT             ─
//	reserve              ──────          beside pay; fails
//	pay                  ──────────
//	send "mail"                      ─────── outlives the request
func checkout() flow.Trace {
	ms := int64(time.Millisecond)
	f := drawnFlow([]drawnSpan{
		{"POST /checkout", 0, 0, 20 * ms},
		{"load cart", 1, 1 * ms, 5 * ms},
		{"SELECT", 2, 2 * ms, 3*ms + 1},
		{"SELECT", 2, 4 * ms, 5 * ms},
		{"reserve", 1, 6 * ms, 12 * ms},
		{"pay", 1, 6 * ms, 16 * ms},
		{`send "mail" to <a@b.c>`, 1, 18 * ms, 25 * ms},
	})
	f.Spans[0].Attrs = []flow.Attr{flow.String("flow.operation", "checkout"), flow.Int("http.response.status_code", 200)}
	f.Spans[2].Attrs = []flow.Attr{flow.String("db.system.name", "sqlite"), flow.Float64("share", .25), flow.Bool("cached", false)}
	f.Spans[4].Status, f.Spans[4].Message = flow.Failed, "out of stock"
	f.Spans[4].Events = []flow.Event{{
		Time: f.Spans[4].Start.Add(1500), Name: "exception", Attrs: []flow.Attr{flow.String("exception.message", "out of stock")},
	}}
	return f
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]flow.Format{
		"checkout.json": flow.FormatJSON, "checkout.mmd": flow.FormatMermaid,
		"checkout.sankey.json": flow.FormatSankey, "checkout.trace.json": flow.FormatChrome,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := format.Write(&out, checkout()); err != nil {
				t.Fatal(err)
			}
			golden(t, "testdata/"+name, out.Bytes())
		})
	}
}

// TestSankeyIsTheDashboards writes cases with what WriteSankey makes of them, which
// web/test/unit/sankey.test.ts holds the dashboard's diagram to.
func TestSankeyIsTheDashboards(t *testing.T) {
	t.Parallel()
	type drawing struct {
		Spans []drawnSpan
		Want  json.RawMessage
	}
	var cases []drawing
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test repeats
	for _, size := range []int{1, 3, 6, 10, 20, 40, 200} {
		for names := 2; names <= 80; names *= 6 {
			spans := randomSpans(random, size, names)
			var out bytes.Buffer
			if err := flow.WriteSankey(&out, drawnFlow(spans)); err != nil {
				t.Fatal(err)
			}
			checkSankey(t, out.Bytes())
			cases = append(cases, drawing{spans, bytes.TrimSpace(out.Bytes())})
		}
	}
	var text bytes.Buffer
	for i, c := range cases {
		line, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%s%s\n", map[bool]string{true: "[", false: ","}[i == 0], line)
	}
	text.WriteString("]\n")
	golden(t, "testdata/sankey_cases.json", text.Bytes())
}

// randomSpans makes operations in call order: siblings by when they began.
// Some run beside others, some outlive their caller.
func randomSpans(random *rand.Rand, size, names int) []drawnSpan {
	spans := []drawnSpan{{"root", 0, 0, 100_000}}
	var grow func(above drawnSpan, many int)
	grow = func(above drawnSpan, many int) {
		kids := 1 + random.IntN(4)
		starts := make([]int64, kids)
		for i := range starts {
			starts[i] = above.From + random.Int64N(above.Until-above.From+1)
		}
		slices.Sort(starts)
		for _, from := range starts {
			if len(spans) >= size {
				return
			}
			s := drawnSpan{fmt.Sprintf("step %d", random.IntN(names)), above.Depth + 1, from, from + random.Int64N(50_000)}
			spans = append(spans, s)
			grow(s, many/kids)
		}
	}
	for len(spans) < size {
		grow(spans[0], size)
	}
	return spans
}

type sankeyJSON struct {
	Nodes []struct {
		Name                       string
		Depth, Calls, Errors       int
		Value, Source, Self, Steps int64
	}
	Links []struct {
		Source, Target int
		Value          int64
	}
	Total int64
}

// checkSankey holds a diagram to what must be true of each: nothing is lost or
// counted twice, to the nanosecond.
func checkSankey(t *testing.T, text []byte) sankeyJSON {
	t.Helper()
	var d sankeyJSON
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	in, out := make([]int64, len(d.Nodes)), make([]int64, len(d.Nodes))
	for _, l := range d.Links {
		in[l.Target] += l.Value
		out[l.Source] += l.Value
		if l.Value <= 0 || d.Nodes[l.Target].Depth != d.Nodes[l.Source].Depth+1 {
			t.Errorf("link %+v goes nowhere", l)
		}
	}
	var source, self int64
	for i, n := range d.Nodes {
		if in[i]+n.Source != n.Value || out[i]+n.Self != n.Value || n.Source < 0 || n.Self < 0 || n.Value <= 0 {
			t.Errorf("node %+v gets %d and hands on %d", n, in[i], out[i])
		}
		source += n.Source
		self += n.Self
	}
	if source != d.Total || self != d.Total {
		t.Errorf("%d came, %d stayed, %d in all", source, self, d.Total)
	}
	return d
}

func TestSankeyAddsFlowsUp(t *testing.T) {
	t.Parallel()
	var one, two bytes.Buffer
	if err := flow.WriteSankey(&one, checkout()); err != nil {
		t.Fatal(err)
	}
	if err := flow.WriteSankey(&two, checkout(), checkout()); err != nil {
		t.Fatal(err)
	}
	if a, b := checkSankey(t, one.Bytes()), checkSankey(t, two.Bytes()); b.Total != 2*a.Total || len(a.Nodes) != len(b.Nodes) {
		t.Errorf("two flows are %+v, one is %+v", b, a)
	}
	var none bytes.Buffer
	if err := flow.WriteSankey(&none); err != nil || none.String() != `{"nodes":[],"links":[],"total":0}`+"\n" {
		t.Errorf("no flow is %q, %v", none.String(), err)
	}
}

type chromeJSON struct {
	TraceEvents []struct {
		Name     string
		Ph       string
		At       json.Number `json:"ts"`
		Dur      json.Number
		PID, TID int
		Args     map[string]any
	}
}

// checkChrome holds a trace to what Perfetto needs: complete events of one lane
// lie within each other or apart.
func checkChrome(t *testing.T, text []byte) (complete int) {
	t.Helper()
	var trace chromeJSON
	if err := json.Unmarshal(text, &trace); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	type lane struct{ pid, tid int }
	type interval struct{ from, until int64 }
	lanes := map[lane][]interval{}
	for _, e := range trace.TraceEvents {
		if e.Ph != "X" {
			continue
		}
		complete++
		from, took := nanos(t, e.At), nanos(t, e.Dur)
		in := lane{e.PID, e.TID}
		for _, o := range lanes[in] {
			apart := from+took <= o.from || o.until <= from
			within := o.from <= from && from+took <= o.until || from <= o.from && o.until <= from+took
			if !apart && !within {
				t.Errorf("%s at %d for %d overlaps %+v in lane %+v", e.Name, from, took, o, in)
			}
		}
		lanes[in] = append(lanes[in], interval{from, from + took})
	}
	return complete
}

// nanos reads µs with three decimals.
func nanos(t *testing.T, micros json.Number) int64 {
	t.Helper()
	whole, rest, found := strings.Cut(string(micros), ".")
	var ns int64
	if _, err := fmt.Sscanf(whole+rest, "%d", &ns); err != nil || !found || len(rest) != 3 {
		t.Fatalf("%q is no time: %v", micros, err)
	}
	return ns
}

func TestChromeLanesNest(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // a test repeats
	for range 50 {
		spans := randomSpans(random, 60, 10)
		var out bytes.Buffer
		if err := flow.WriteChrome(&out, drawnFlow(spans), checkout()); err != nil {
			t.Fatal(err)
		}
		if got := checkChrome(t, out.Bytes()); got != len(spans)+len(checkout().Spans) {
			t.Errorf("%d events of %d operations", got, len(spans))
		}
	}
}

func TestMermaidIsBounded(t *testing.T) {
	t.Parallel()
	spans := []drawnSpan{{"root", 0, 0, 1000}}
	for i := range 100 {
		spans = append(spans, drawnSpan{fmt.Sprintf("step %d %s", i, strings.Repeat("x", 300)), 1, int64(i), int64(i + 5)})
	}
	var out bytes.Buffer
	if err := flow.WriteMermaid(&out, drawnFlow(spans)); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Count(text, "-->") != 59 || !strings.Contains(text, `more["41 more"]`) || len(text) > 10_000 {
		t.Errorf("the flowchart is %s", text)
	}
}

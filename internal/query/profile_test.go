package query_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/analyze/compare"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

// A profile is what the graph of the operation is made of, and can be read.
func TestProfile(t *testing.T) {
	e, _ := shop()
	f := production()
	f.Operation = "checkout"
	p, err := e.Profile(t.Context(), f, query.Release{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Operations) != 1 || p.Operations[0].Flows != 12 || p.Operations[0].Errors != 1 || len(p.Operations[0].Edges) != 3 || p.Sampled {
		t.Errorf("profile %+v", p)
	}
	body, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := compare.Read(body); err != nil {
		t.Error(err)
	}
}

// A release has the flows in which the service ran it; what it counts is what
// the rollups count.
func TestProfileOfRelease(t *testing.T) {
	e, _ := shop()
	for _, c := range []struct {
		release       query.Release
		flows, failed int64
	}{
		{query.Release{Service: "cart", Version: "1.0"}, 6, 0},
		{query.Release{Version: "1.1"}, 6, 1},
		{query.Release{Service: "web", Version: "1.1"}, 0, 0},
	} {
		p, err := e.Profile(t.Context(), production(), c.release)
		if err != nil {
			t.Fatal(err)
		}
		var flows, failed int64
		for i := range p.Operations {
			flows, failed = flows+p.Operations[i].Flows, failed+p.Operations[i].Errors
		}
		if flows != c.flows || failed != c.failed || p.Release != c.release.Version {
			t.Errorf("%+v: %d flows, %d failed", c.release, flows, failed)
		}
	}
}

// A rare operation is there, too, when busy ones have run since, with as many
// flows of each.
func TestProfileOfReleaseByOperation(t *testing.T) {
	var spans []analyzetest.Span
	add := func(operation string, n int) {
		for i := range n {
			drawn, err := analyzetest.Draw(fmt.Sprint(operation, i), "web: x [server] |===  flow.operation="+operation+" @env=production @version=1.0")
			if err != nil {
				t.Fatal(err)
			}
			drawn[0].Start += int64(len(spans)) * int64(time.Millisecond)
			drawn[0].End += int64(len(spans)) * int64(time.Millisecond)
			spans = append(spans, drawn...)
		}
	}
	add("rare", 30)
	add("busy", 230)
	add("busier", 240)
	r := querytest.New(analyze.Config{}, analyzetest.Batch(spans))
	e := query.New(r, analyze.Config{}, func() time.Time { return shopEnd })
	for operation, want := range map[string]string{"": "[busier 200 busy 200 rare 30] true", "rare": "[rare 30] false", "busy": "[busy 200] true"} {
		f := production()
		f.Operation = operation
		p, err := e.Profile(t.Context(), f, query.Release{Version: "1.0"})
		if err != nil {
			t.Fatal(err)
		}
		var flows []string
		for i := range p.Operations {
			flows = append(flows, fmt.Sprint(p.Operations[i].Name, " ", p.Operations[i].Flows))
		}
		if got := fmt.Sprint(flows, p.Sampled); got != want {
			t.Errorf("%q: %s, want %s", operation, got, want)
		}
	}
}

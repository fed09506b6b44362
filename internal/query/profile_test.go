package query_test

import (
	"encoding/json"
	"testing"

	"github.com/flowscope/flowscope/internal/analyze/compare"
	"github.com/flowscope/flowscope/internal/query"
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

package flowhttp_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/flowhttp"
)

// checkout is a flow of five operations with attributes.
func checkout(b *testing.B, tracker *flow.Tracker) {
	b.Helper()
	ctx, op := tracker.StartSpec(b.Context(), flow.Spec{Name: "POST /orders", Kind: flow.Server})
	for range 4 {
		_, inner := flow.Start(ctx, "load", flow.String("db.system.name", "sqlite"), flow.Int("rows", 3))
		inner.End()
	}
	op.End()
}

// BenchmarkFlow is what a flow costs when nobody looks, and what it costs to be
// counted for a dashboard that is mounted.
func BenchmarkFlow(b *testing.B) {
	for _, mounted := range []bool{false, true} {
		b.Run(fmt.Sprintf("mounted=%v", mounted), func(b *testing.B) {
			tracker := flow.New()
			if mounted {
				tracker.View()
			}
			b.ReportAllocs()
			for b.Loop() {
				checkout(b, tracker)
			}
		})
	}
}

// BenchmarkAnswers asks a process that keeps 1,000 flows: at first, and when it
// has been asked before.
func BenchmarkAnswers(b *testing.B) {
	for _, path := range []string{"stats", "flows", "api/v1/flows", "api/v1/operations", "api/v1/traces?spanName=nothing"} {
		for _, first := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/first=%v", path, first), func(b *testing.B) {
				var h http.Handler
				begin := func() {
					tracker := flow.New()
					h = mux("/debug/flow/", flowhttp.Handler(tracker))
					for range 1000 {
						checkout(b, tracker)
					}
					if w := get(h, "/debug/flow/"); w.Code != http.StatusOK {
						b.Fatal(w.Code)
					}
				}
				begin()
				b.ReportAllocs()
				for b.Loop() {
					if first {
						b.StopTimer()
						begin()
						b.StartTimer()
					}
					if w := get(h, "/debug/flow/"+path); w.Code != http.StatusOK {
						b.Fatal(w.Code, w.Body)
					}
				}
			})
		}
	}
}

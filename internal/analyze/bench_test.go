package analyze

import (
	"fmt"
	"testing"

	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
)

func BenchmarkFlow(b *testing.B) {
	for _, size := range []int{10, 100, 10_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) { benchmarkFlow(b, size) })
	}
}

func benchmarkFlow(b *testing.B, size int) {
	b.Helper()
	traces := tracesOf(size, max(20_000/size, 2))
	a := New(Config{})
	b.ReportAllocs()
	spans := 0
	for b.Loop() {
		for _, t := range traces {
			a.Count(t)
			spans += len(t.Spans)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(spans), "ns/span")
}

// tracesOf makes n traces of about size spans with nine attributes each, by
// putting generated flows below one root, one after the other.
func tracesOf(size, n int) []*model.Trace {
	var all []analyzetest.Span
	for i := range n {
		truth := analyzetest.Generate(analyzetest.Plan{
			Seed: uint64(i), Services: 12, Operations: 4, Flows: size/5 + 1, Start: analyzetest.Epoch, FailEvery: 100,
		})
		spans := truth.Spans[:min(size, len(truth.Spans))]
		for s := range spans {
			spans[s].TraceID = model.TraceID{0: 1, 8: byte(i >> 8), 9: byte(i)}
			if s > 0 && spans[s].Parent.IsZero() {
				spans[s].Parent = spans[0].ID
			}
			spans[s].Attrs = append(spans[s].Attrs, attributes()...)
		}
		all = append(all, spans...)
	}
	return analyzetest.Traces(analyzetest.Batch(all))
}

func attributes() []analyzetest.Attr {
	attrs := []analyzetest.Attr{{Key: "http.response.status_code", Value: "200"}}
	for _, key := range []string{
		"http.request.method", "url.path", "url.scheme", "user_agent.original",
		"http.route", "network.protocol.version", "client.address", "thread.name",
	} {
		attrs = append(attrs, analyzetest.Attr{Key: key, Value: "the value of " + key})
	}
	return attrs
}

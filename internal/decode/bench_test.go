package decode

import (
	"testing"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/test/otlpgen"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// benchSpans is a request as a busy SDK or a collector's batch processor
// sends it.
const benchSpans = 1000

func BenchmarkDecodeProto(b *testing.B) {
	body := otlpgen.Request(benchSpans, 1)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		var batch model.Batch
		if report, err := Proto(&batch, body); err != nil || report.Accepted != benchSpans {
			b.Fatal(report, err)
		}
	}
	perSpan(b)
}

func BenchmarkDecodeJSON(b *testing.B) {
	body, err := ptraceotlp.NewExportRequestFromTraces(otlpgen.Traces(benchSpans, 1)).MarshalJSON()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		var batch model.Batch
		if report, err := JSON(&batch, body); err != nil || report.Accepted != benchSpans {
			b.Fatal(report, err)
		}
	}
	perSpan(b)
}

// BenchmarkPdataUnmarshal is the reference: the collector's own decoder on the
// same bytes.
func BenchmarkPdataUnmarshal(b *testing.B) {
	body := otlpgen.Request(benchSpans, 1)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if err := ptraceotlp.NewExportRequest().UnmarshalProto(body); err != nil {
			b.Fatal(err)
		}
	}
	perSpan(b)
}

func perSpan(b *testing.B) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchSpans, "ns/span")
}

// BenchmarkDecodeCompact is how a receiver decodes: into one batch again and
// again, of which the spans leave in a copy of their size.
func BenchmarkDecodeCompact(b *testing.B) {
	body := otlpgen.Request(benchSpans, 1)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	var scratch model.Batch
	size := 0
	for b.Loop() {
		scratch.Reset()
		if report, err := Proto(&scratch, body); err != nil || report.Accepted != benchSpans {
			b.Fatal(report, err)
		}
		size = scratch.Compact().Size()
	}
	perSpan(b)
	b.ReportMetric(float64(size)/benchSpans, "held-B/span")
}

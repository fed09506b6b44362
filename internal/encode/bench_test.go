package encode

import (
	"testing"

	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/test/otlpgen"
)

func BenchmarkEncode(b *testing.B) {
	const spans = 1000
	var batch model.Batch
	if _, err := decode.Proto(&batch, otlpgen.Request(spans, 1)); err != nil {
		b.Fatal(err)
	}
	for name, encode := range map[string]func([]byte, []model.Span) []byte{"proto": Proto, "json": JSON} {
		b.Run(name, func(b *testing.B) {
			all := spansOf(&batch)
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = encode(dst[:0], all)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/spans, "ns/span")
		})
	}
}

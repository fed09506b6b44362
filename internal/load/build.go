package load

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/flowscope/flowscope/internal/model"
)

// newTemplate encodes a request of exactly n spans.
func newTemplate(n int, r *rand.Rand) (*template, error) {
	spans, lengths := plan(n)
	body, err := proto.Marshal(encodable(spans, r))
	if err != nil {
		return nil, fmt.Errorf("encode a request: %w", err)
	}
	t := &template{
		body: body, rand: r, lengths: lengths, spanIDs: make([]uint64, n),
		ids: make([]model.TraceID, len(lengths)), ends: make([]int64, len(lengths)), stretch: make([]int64, len(lengths)),
	}
	for _, p := range spans {
		t.spans = append(t.spans, place{trace: p.trace, parent: p.parent, start: int64(p.start), end: int64(p.start + p.took)})
	}
	return t, t.locate()
}

// planned is a span that is going to be encoded. Its parent is an index among
// all planned.
type planned struct {
	call
	trace int
}

// plan takes the shop's operations in turn, as whole traces, until there are n
// spans; what is left at the end is filled with the shapes that still fit. It
// returns the spans grouped by service, as a collector sends them, and how
// long each trace is in ns.
func plan(n int) (spans []planned, lengths []int64) {
	shapes := shop()
	for i := 0; len(spans) < n; i++ {
		shape := shapes[i%len(shapes)]
		if len(shape) > n-len(spans) {
			continue // the health check, one span, always fits
		}
		root := len(spans)
		for _, c := range shape {
			if c.parent >= 0 {
				c.parent += root
			}
			spans = append(spans, planned{call: c, trace: len(lengths)})
		}
		lengths = append(lengths, int64(shape[0].took))
	}
	return byService(spans), lengths
}

// byService sorts spans by service and keeps their parents right.
func byService(spans []planned) []planned {
	order := make([]int, len(spans))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(spans[a].service, spans[b].service) })
	moved := make([]int, len(spans))
	for to, from := range order {
		moved[from] = to
	}
	sorted := make([]planned, len(spans))
	for to, from := range order {
		sorted[to] = spans[from]
		if above := sorted[to].parent; above >= 0 {
			sorted[to].parent = moved[above]
		}
	}
	return sorted
}

// encodable is the request that carries the spans, with ids and times that are
// only there to be replaced.
func encodable(spans []planned, r *rand.Rand) *collector.ExportTraceServiceRequest {
	request := new(collector.ExportTraceServiceRequest)
	var scope *tracepb.ScopeSpans
	for i, p := range spans {
		if i == 0 || p.service != spans[i-1].service {
			scope = &tracepb.ScopeSpans{Scope: &commonpb.InstrumentationScope{Name: "go.opentelemetry.io/contrib/instrumentation", Version: "0.72.0"}}
			request.ResourceSpans = append(request.ResourceSpans, &tracepb.ResourceSpans{
				Resource: &resourcepb.Resource{Attributes: resource(p.service)}, ScopeSpans: []*tracepb.ScopeSpans{scope},
			})
		}
		s := p.encodable(r)
		if i%couponEvery == couponEvery-1 {
			s.Attributes = append(s.Attributes, text("shop.coupon", fmt.Sprintf("SAVE-%05d", r.IntN(100_000))))
		}
		scope.Spans = append(scope.Spans, s)
	}
	return request
}

func (p planned) encodable(r *rand.Rand) *tracepb.Span {
	failed := r.IntN(50) == 0
	s := &tracepb.Span{
		TraceId: make([]byte, 16), SpanId: make([]byte, 8), Name: p.name, Kind: p.kind,
		StartTimeUnixNano: 1, EndTimeUnixNano: 1, // zero would not be encoded
		Attributes: p.attributes(r, failed), Flags: 1, // sampled
	}
	if p.parent >= 0 {
		s.ParentSpanId = make([]byte, 8)
	}
	if failed {
		s.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "503 Service Unavailable"}
	}
	return s
}

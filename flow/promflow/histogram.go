package promflow

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/flowscope/flowscope/flow"
)

// histogram is the durations of an operation as a classic and a native
// histogram in one. The client library makes constant ones of either sort only.
type histogram struct {
	desc     *prometheus.Desc
	of       *flow.OperationStat
	constant prometheus.Labels
	bounds   []time.Duration
	began    time.Time
}

var _ prometheus.Metric = (*histogram)(nil)

func (h *histogram) Desc() *prometheus.Desc { return h.desc }

// Write writes the histogram down.
func (h *histogram) Write(to *dto.Metric) error {
	to.Label = h.labels()
	out := &dto.Histogram{
		SampleCount:      proto.Uint64(uint64(h.of.Latency.Count())),
		SampleSum:        proto.Float64(h.of.Latency.Sum().Seconds()),
		CreatedTimestamp: timestamppb.New(h.began),
	}
	for _, b := range h.of.Histogram(h.bounds) {
		if b.Bound == flow.Everything && (len(h.bounds) == 0 || b.Example == nil) {
			continue // readers add it; it is here for its exemplar only
		}
		bucket := &dto.Bucket{UpperBound: proto.Float64(seconds(b.Bound)), CumulativeCount: proto.Uint64(uint64(b.Count))}
		if b.Example != nil {
			bucket.Exemplar = exemplar(b.Example)
		}
		out.Bucket = append(out.Bucket, bucket)
	}
	h.native(out)
	newest := h.of.Examples[max(0, len(h.of.Examples)-maxExemplars):]
	for i := range newest {
		out.Exemplars = append(out.Exemplars, exemplar(&newest[i]))
	}
	to.Histogram = out
	return nil
}

func (h *histogram) labels() []*dto.LabelPair {
	out := []*dto.LabelPair{pair("flow", h.of.Flow), pair("operation", h.of.Operation)}
	for _, name := range slices.Sorted(maps.Keys(h.constant)) {
		out = append(out, pair(name, h.constant[name]))
	}
	slices.SortFunc(out, func(a, b *dto.LabelPair) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return out
}

// maxExemplars is how many exemplars Prometheus' own native histograms have.
const maxExemplars = 10

const (
	// schema is that of the tracker's buckets: 64 between two powers of two.
	schema = 6
	// shift is how many buckets there are from a nanosecond to a second, in
	// full: 64 × log₂ 10⁹ = 1913.43. Prometheus numbers a bucket by its upper
	// bound, the tracker by its lower one.
	shift = 1913 - 1
)

// native adds the buckets of a native histogram: runs of neighbours, and each
// count as its difference to the one before.
func (h *histogram) native(out *dto.Histogram) {
	out.Schema = proto.Int32(schema)
	// What took no time is all that is in the zero bucket. A nanosecond is the
	// shortest there is, and its bucket begins above half of one.
	out.ZeroThreshold = proto.Float64(0.5e-9)
	out.ZeroCount = proto.Uint64(uint64(h.of.Latency.Zero()))
	var span *dto.BucketSpan
	var next int32
	var before int64
	for index, count := range h.of.Latency.Buckets {
		at := index - shift
		if span == nil || at != next {
			span = &dto.BucketSpan{Offset: proto.Int32(at - next), Length: proto.Uint32(0)}
			out.PositiveSpan = append(out.PositiveSpan, span)
		}
		*span.Length++
		out.PositiveDelta = append(out.PositiveDelta, count-before)
		before, next = count, at+1
	}
}

// exemplar leads from a bucket to a flow.
func exemplar(e *flow.Exemplar) *dto.Exemplar {
	return &dto.Exemplar{
		Label:     []*dto.LabelPair{pair("span_id", e.SpanID.String()), pair("trace_id", e.TraceID.String())},
		Value:     proto.Float64(time.Duration(e.Nanoseconds).Seconds()),
		Timestamp: timestamppb.New(time.Unix(0, e.At)),
	}
}

func pair(name, value string) *dto.LabelPair {
	return &dto.LabelPair{Name: proto.String(name), Value: proto.String(value)}
}

// seconds is a bucket's bound.
func seconds(d time.Duration) float64 {
	if d == flow.Everything {
		return math.Inf(1)
	}
	return d.Seconds()
}

package inprocess

import (
	"cmp"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// execution is a flow as a tree of operations. Durations are ns.
type execution struct {
	ID          string    `json:"id"`
	TraceID     string    `json:"trace_id"`
	Name        string    `json:"name"`
	StartTime   time.Time `json:"start_time"`
	EndTime     time.Time `json:"end_time"`
	Duration    int64     `json:"duration"`
	Error       string    `json:"error,omitempty"`
	UserID      string    `json:"user_id,omitempty"`
	RequestPath string    `json:"request_path,omitempty"`
	StatusCode  int64     `json:"status_code,omitempty"`
	Operations  []*step   `json:"operations"`
}

// step is one operation of a flow.
type step struct {
	Name      string            `json:"name"`
	StartTime time.Time         `json:"start_time"`
	EndTime   time.Time         `json:"end_time"`
	Duration  int64             `json:"duration"`
	Error     string            `json:"error,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Children  []*step           `json:"children,omitempty"`
}

func executionOf(t *model.Trace) *execution {
	spans := slices.Clone(t.Spans)
	slices.SortStableFunc(spans, func(a, b model.Span) int { return cmp.Compare(a.Start(), b.Start()) })
	steps := map[model.SpanID]*step{}
	for _, s := range spans {
		steps[s.ID()] = stepOf(s)
	}
	out := &execution{ID: t.ID.String(), TraceID: t.ID.String(), Operations: []*step{}}
	for _, s := range spans {
		if above := steps[s.ParentID()]; above != nil && above != steps[s.ID()] {
			above.Children = append(above.Children, steps[s.ID()])
			continue
		}
		out.Operations = append(out.Operations, steps[s.ID()])
		if len(out.Operations) == 1 {
			out.head(s)
		}
	}
	return out
}

// head takes what the flow's first operation says of the flow.
func (e *execution) head(s model.Span) {
	first := stepOf(s)
	e.Name, e.StartTime, e.EndTime, e.Duration, e.Error = first.Name, first.StartTime, first.EndTime, first.Duration, first.Error
	e.UserID, e.RequestPath = first.Metadata["enduser.pseudo.id"], first.Metadata["url.path"]
	if v, ok := s.Attr("http.response.status_code"); ok && v.Type == model.TypeInt {
		e.StatusCode = v.Int()
	}
}

func stepOf(s model.Span) *step {
	out := &step{
		Name: s.Name(), StartTime: time.Unix(0, s.Start()).UTC(), EndTime: time.Unix(0, s.End()).UTC(), Duration: s.Duration(),
	}
	if s.Status() == model.StatusError {
		out.Error = cmp.Or(s.StatusMessage(), s.Name()+" failed")
	}
	for _, a := range s.Attrs() {
		if out.Metadata == nil {
			out.Metadata = map[string]string{}
		}
		out.Metadata[s.Batch.Strings.Get(a.Key)] = s.Batch.Value(a).Text()
	}
	return out
}

// memoryStats reads what the runtime counts without stopping it.
func memoryStats() map[string]any {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/allocs:bytes"},
		{Name: "/memory/classes/total:bytes"}, {Name: "/gc/cycles/total:gc-cycles"},
	}
	metrics.Read(samples)
	const mb = 1 << 20
	return map[string]any{
		"alloc_mb": samples[0].Value.Uint64() / mb, "total_alloc_mb": samples[1].Value.Uint64() / mb,
		"sys_mb": samples[2].Value.Uint64() / mb, "num_gc": samples[3].Value.Uint64(),
	}
}

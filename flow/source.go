package flow

import (
	"context"
	"net/http"
	"time"

	"github.com/flowscope/flowscope/internal/inprocess"
	"github.com/flowscope/flowscope/internal/model"
)

// View is what the tracker recorded, for package flowhttp to show. The first call
// begins to count flow graphs; a tracker that nobody looks at does not.
func (t *Tracker) View() *inprocess.View {
	t.viewed.Do(func() { t.view = inprocess.NewView(source{t}) })
	return t.view
}

// source is a Tracker as an inprocess.Source.
type source struct{ t *Tracker }

func (s source) Kept(n uint64) (records [][]byte, next, missed uint64) { return s.t.history.read(n) }

func (s source) Bounds() (first, next uint64) { return s.t.history.bounds() }

func (s source) Record(n uint64) []byte { return s.t.history.record(n) }

func (s source) WaitKept(ctx context.Context, n uint64) error { return s.t.history.wait(ctx, n) }

func (s source) Ended(n uint64) (records [][]byte, next, missed uint64) {
	records, next, missed = s.t.tap.Load().read(n)
	return records, next, missed + s.t.untapped.Swap(0)
}

// maxTapped is more flows than fit into a tap.
const maxTapped = 1 << 16

func (s source) Tap(bytes int, ready func()) {
	tap := newRing(maxTapped, bytes)
	tap.ready = ready
	s.t.tap.Store(tap)
}

func (s source) Request(records [][]byte) []byte { return s.t.request(records) }

func (s source) Metrics() http.Handler { return s.t.MetricsHandler() }

func (s source) Now() time.Time { return s.t.now() }

func (s source) Facts() map[string]any {
	h := s.t.Health()
	facts := map[string]any{"runtime": h.Runtime}
	add(facts, "slos", h.SLOs)
	add(facts, "anomalies", h.Anomalies)
	add(facts, "errors", h.Errors)
	add(facts, "pools", h.Pools)
	add(facts, "caches", h.Caches)
	add(facts, "limits", h.Limits)
	if e := s.t.Exporters(); len(e) > 0 {
		facts["exporters"] = e
	}
	return facts
}

// add leaves out what there is nothing of.
func add[T any](facts map[string]any, name string, list []T) {
	if len(list) > 0 {
		facts[name] = list
	}
}

// maxOpen is how many running flows are listed.
const maxOpen = 1000

func (s source) Open() (out model.OpenFlows, at []inprocess.Running) {
	out = model.OpenFlows{Total: s.t.Totals().Active, At: s.t.now()}
	node := model.Node{Name: s.t.Service()}
	for _, a := range s.t.Active(maxOpen) {
		f := &model.OpenFlow{
			TraceID: model.TraceID(a.TraceID), Operation: a.Name, Environment: s.t.cfg.environment,
			Start: a.Start.UnixNano(), End: a.Start.Add(a.Elapsed).UnixNano(),
			RootService: node, RootName: a.Name, Services: []model.Node{node}, Current: node,
			SpanCount: uint32(a.Steps), ErrorCount: uint32(a.Failed),
		}
		where := inprocess.Running{Current: a.Current}
		for _, attr := range a.Attrs {
			switch attr.key {
			case operationKey:
				f.Operation = attr.text
			case "url.path":
				where.Path = attr.text
			}
		}
		out.List = append(out.List, f)
		at = append(at, where)
	}
	return out, at
}

func (s source) Paths() []inprocess.Path {
	stats := s.t.Stats()
	out := make([]inprocess.Path, len(stats))
	for i := range stats {
		st := &stats[i]
		out[i] = inprocess.Path{Names: st.Path, Calls: st.Calls, Errors: st.Errors, Last: st.Last, Latency: &st.Latency.sketch}
	}
	return out
}

func (s source) Status() inprocess.Status {
	totals := s.t.Totals()
	return inprocess.Status{
		Service: s.t.Service(), Version: s.t.cfg.version, Environment: s.t.cfg.environment,
		Enabled: s.t.Enabled(), Sampler: samplerName(s.t.cfg.sampler), Since: totals.Since,
		Flows: totals.Flows, Active: int64(totals.Active), Dropped: totals.TooBig + totals.Dropped,
		Kept: totals.HistoryFlows, MostKept: totals.HistoryMost, Bytes: totals.HistoryBytes, MostBytes: totals.HistoryLimit,
	}
}

// samplerName is how flows are chosen, in a word or two.
func samplerName(s Sampler) string {
	if s == nil {
		return "all"
	}
	if named, ok := s.(interface{ String() string }); ok {
		return named.String()
	}
	return "custom"
}

// Ignore does nothing for a flow that is complete: a handler may go on behind
// an http.TimeoutHandler. Nor does it for one that no request is.
func (s source) Ignore(r *http.Request) {
	op := current(r.Context())
	if op == nil || !op.serves() {
		return
	}
	op.run.mu.Lock()
	defer op.run.mu.Unlock()
	if !op.run.done {
		op.run.ignored = true
		op.run.shard.leave(op.run)
	}
}

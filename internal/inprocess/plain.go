package inprocess

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/sketch"
)

// addPlain adds the endpoints that are read with curl. Two of their paths are
// those of screens, too: a browser that navigates there gets the screen.
func (v *View) addPlain(mux *http.ServeMux, screens http.Handler) {
	mux.HandleFunc("GET /stats", v.answer(v.stats))
	mux.Handle("GET /operations", orScreen(screens, v.answer(v.operations)))
	mux.HandleFunc("GET /flows", v.flows)
	mux.Handle("GET /flows/{id}", orScreen(screens, v.answer(v.flow)))
	mux.HandleFunc("GET /active", v.answer(v.active))
	mux.HandleFunc("GET /dependencies", v.answer(v.dependencies))
	mux.HandleFunc("GET /health", v.answer(v.health))
	mux.Handle("GET /metrics", notStored(v.source.Metrics()))
}

func notStored(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		h.ServeHTTP(w, r)
	})
}

// answer sends what an endpoint returns as JSON. None of them takes parameters.
func (v *View) answer(of func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, err := parameters(r)
		var body any
		if err == nil {
			body, err = of(r)
		}
		if err != nil {
			rest.WriteProblem(w, r, err)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		rest.WriteJSON(w, http.StatusOK, body)
	}
}

// parameters reads a request's parameters, of which it must have no others than
// those named, and each once.
func parameters(r *http.Request, known ...string) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, rest.BadParameter("", "the query string is malformed: "+err.Error())
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch {
		case !slices.Contains(known, name):
			return nil, &rest.Problem{Status: http.StatusBadRequest, Code: "unknown_parameter", Field: name,
				Detail: fmt.Sprintf("unknown parameter %q; accepted: %s", name, cmp.Or(strings.Join(known, ", "), "none"))}
		case len(values[name]) > 1:
			return nil, rest.BadParameter(name, fmt.Sprintf("%s is given %d times, once is accepted", name, len(values[name])))
		}
	}
	return values, nil
}

// stats is the recorder at a glance.
func (v *View) stats(*http.Request) (any, error) {
	s := v.source.Status()
	out := map[string]any{
		"enabled": s.Enabled, "service": s.Service, "sampler": s.Sampler,
		"total_operations": len(byName(v.source.Paths())), "total_flows": s.Flows,
		"active_flows": s.Active, "kept_flows": s.Kept, "max_flow_history": s.MostKept,
		"history_bytes": s.Bytes, "max_history_bytes": s.MostBytes, "dropped": s.Dropped,
		"runtime_stats": runtimeStats(), "since": s.Since.UTC(), "collected_at": v.source.Now().UTC(),
	}
	maps.Copy(out, v.source.Facts())
	return out, nil
}

func runtimeStats() map[string]any {
	return map[string]any{
		"goroutines": runtime.NumGoroutine(), "cpu_count": runtime.NumCPU(),
		"memory_stats": memoryStats(),
	}
}

// operation is what the operations of one name did, wherever they ran.
// Durations are ns.
type operation struct {
	Name            string    `json:"name"`
	TotalCalls      int64     `json:"total_calls"`
	TotalDuration   int64     `json:"total_duration"`
	AverageDuration int64     `json:"average_duration"`
	MinDuration     int64     `json:"min_duration"`
	MaxDuration     int64     `json:"max_duration"`
	P50             int64     `json:"p50_duration"`
	P95             int64     `json:"p95_duration"`
	P99             int64     `json:"p99_duration"`
	ErrorCount      int64     `json:"error_count"`
	ErrorRate       float64   `json:"error_rate"`
	LastCalled      time.Time `json:"last_called"`
	Dependencies    []string  `json:"dependencies"`

	latency sketch.Sketch
}

// byName adds up paths by their last name, the most called first.
func byName(paths []Path) []*operation {
	names := map[string]*operation{}
	named := func(name string) *operation {
		o := names[name]
		if o == nil {
			o = &operation{Name: name, Dependencies: []string{}}
			names[name] = o
		}
		return o
	}
	for i := range paths {
		p := &paths[i]
		o := named(p.name())
		o.TotalCalls += p.Calls
		o.ErrorCount += p.Errors
		o.latency.Merge(p.Latency)
		if p.Last.After(o.LastCalled) {
			o.LastCalled = p.Last.UTC()
		}
		if n := len(p.Names); n > 1 {
			caller := named(p.Names[n-2])
			if !slices.Contains(caller.Dependencies, o.Name) {
				caller.Dependencies = append(caller.Dependencies, o.Name)
			}
		}
	}
	all := slices.AppendSeq([]*operation{}, maps.Values(names))
	slices.SortFunc(all, func(a, b *operation) int {
		return cmp.Or(cmp.Compare(b.TotalCalls, a.TotalCalls), cmp.Compare(a.Name, b.Name))
	})
	for _, o := range all {
		o.finish()
	}
	return all
}

func (o *operation) finish() {
	l := &o.latency
	o.TotalDuration, o.AverageDuration = int64(l.Sum()), int64(l.Mean())
	o.MinDuration, o.MaxDuration = l.Min(), l.Max()
	o.P50, o.P95, o.P99 = int64(l.Quantile(.5)), int64(l.Quantile(.95)), int64(l.Quantile(.99))
	o.ErrorRate = float64(o.ErrorCount) / float64(max(o.TotalCalls, 1))
	slices.Sort(o.Dependencies)
}

func (v *View) operations(*http.Request) (any, error) {
	all := byName(v.source.Paths())
	return map[string]any{"operations": all, "count": len(all)}, nil
}

// dependencies is which operations call which, and the same as a graph.
func (v *View) dependencies(*http.Request) (any, error) {
	type edge struct {
		Source string `json:"source"`
		Target string `json:"target"`
	}
	calls := map[string][]string{}
	nodes := map[string]any{}
	edges := []edge{}
	for _, o := range byName(v.source.Paths()) {
		nodes[o.Name] = map[string]string{"id": o.Name}
		for _, d := range o.Dependencies {
			edges = append(edges, edge{o.Name, d})
		}
		if len(o.Dependencies) > 0 {
			calls[o.Name] = o.Dependencies
		}
	}
	return map[string]any{"dependencies": calls, "graph": map[string]any{"nodes": nodes, "edges": edges}}, nil
}

// manyGoroutines is when a service of a few hundred requests at a time has
// begun to leak them.
const manyGoroutines = 10_000

// health is whether the recorder does well, and what it noticed of the process.
func (v *View) health(*http.Request) (any, error) {
	s := v.source.Status()
	issues := []string{}
	if s.Dropped > 0 {
		issues = append(issues, fmt.Sprintf("%d flows or operations could not be kept", s.Dropped))
	}
	if n := runtime.NumGoroutine(); n > manyGoroutines {
		issues = append(issues, fmt.Sprintf("%d goroutines", n))
	}
	out := map[string]any{
		"status": "healthy", "tracker": map[bool]string{true: "enabled", false: "disabled"}[s.Enabled],
		"operations": len(byName(v.source.Paths())), "flows": s.Kept, "memory": memoryStats(),
		"goroutines": runtime.NumGoroutine(), "timestamp": v.source.Now().UTC(), "issues": issues,
	}
	if len(issues) > 0 {
		out["status"] = "warning"
	}
	maps.Copy(out, v.source.Facts())
	return out, nil
}

func (v *View) flow(r *http.Request) (any, error) {
	id, err := model.ParseTraceID(r.PathValue("id"))
	if err != nil {
		return nil, rest.BadParameter("id", err.Error())
	}
	t, err := reader{v}.Trace(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return executionOf(t), nil
}

// active is what runs.
func (v *View) active(*http.Request) (any, error) {
	type running struct {
		ID      string    `json:"id"`
		Name    string    `json:"name"`
		Start   time.Time `json:"start_time"`
		Elapsed int64     `json:"elapsed"` // ns
		Current string    `json:"current"`
		Path    string    `json:"request_path,omitempty"`
		Steps   uint32    `json:"operations"`
		Errors  uint32    `json:"errors"`
	}
	open, at := v.source.Open()
	flows := []running{}
	for i, f := range open.List {
		flows = append(flows, running{
			f.TraceID.String(), f.RootName, time.Unix(0, f.Start).UTC(), max(0, open.At.UnixNano()-f.Start),
			at[i].Current, at[i].Path, f.SpanCount, f.ErrorCount,
		})
	}
	return map[string]any{"flows": flows, "count": open.Total}, nil
}

package inprocess

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/api/dashboard"
	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/web"
)

// Config says where and to whom the flows are shown. The zero Config shows
// them to the machine they run on.
type Config struct {
	// Prefix is the path below which browsers find the handler. When it is empty it
	// is read off the pattern of the router and off what http.StripPrefix took
	// away; DefaultPrefix is the last guess.
	Prefix string
	// Guard says who may look. Nil is LocalOnly.
	Guard rest.Guard
}

// DefaultPrefix is where the dashboard usually is.
const DefaultPrefix = "/debug/flow"

// View is what is known of the flows that a Source recorded. A process has one
// of each Source. It is safe for concurrent use and has nothing to close: while
// no flow ends and nobody asks it does nothing.
type View struct {
	source Source
	api    *rest.API
	hub    *live.Hub

	due atomic.Bool // a look at what ended is coming

	kept    *kept
	counted *counted
}

// NewView begins to count the flows that end.
func NewView(s Source) *View {
	v := &View{source: s, hub: live.New(live.Config{Events: 1 << 10, Bytes: 1 << 20, Followers: 100})}
	rules := analyze.Config{}
	v.kept, v.counted = newKept(s, rules), newCounted(s, rules, v.hub)
	v.api = rest.New(rest.Config{
		Query: query.New(reader{v}, rules, s.Now), Live: v.hub, Now: s.Now,
		Open: func(context.Context) (model.OpenFlows, error) {
			open, _ := s.Open()
			return open, nil
		},
		OpenKnown: true,
		Status:    func() any { return v.status() }, Version: version(),
	})
	s.Tap(tapBytes, v.ended)
	return v
}

// ended has flows that end counted soon. Every flow calls it: mostly it only reads.
func (v *View) ended() {
	if !v.due.Load() && !v.due.Swap(true) {
		time.AfterFunc(every, v.look)
	}
}

func (v *View) look() {
	v.due.Store(false)
	v.counted.Lock()
	more := v.counted.sync()
	v.counted.Unlock()
	if more {
		v.ended()
	}
}

const module = "github.com/flowscope/flowscope"

// version is Flowscope's own, as the program was built with it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module {
			return m.Version
		}
	}
	return ""
}

// Handler serves a View. It is safe for concurrent use and has nothing to close.
type Handler struct {
	*View
	cfg      Config
	mounts   mounts
	servers  shutdowns
	observed http.Handler
}

// New returns a Handler of a View.
func New(v *View, c Config) *Handler {
	if c.Guard == nil {
		c.Guard = LocalOnly
	}
	h := &Handler{View: v, cfg: c}
	h.observed = rest.Observe(http.HandlerFunc(h.guarded), report)
	return h
}

// ServeHTTP answers below whatever prefix the handler is mounted at.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.source.Ignore(r)
	h.observed.ServeHTTP(w, r)
}

func (h *Handler) guarded(w http.ResponseWriter, r *http.Request) {
	if err := h.cfg.Guard(r); err != nil {
		rest.Refuse(w, r, err)
		return
	}
	if r.URL.Query().Get("follow") == "true" {
		bound, done := h.servers.bind(r)
		defer done()
		r = bound
	}
	prefix, path := h.cfg.split(r)
	m, err := h.mounts.at(prefix, h.mount)
	if err != nil {
		rest.WriteProblem(w, r, err)
		return
	}
	m.ServeHTTP(w, below(r, path))
}

// mount is everything the handler serves, for one prefix.
func (h *Handler) mount(prefix string) (http.Handler, error) {
	screens, err := dashboard.New(web.Files(), prefix)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	h.api.Mount(mux, "")
	h.addPlain(mux, screens)
	mux.Handle("/", orNothing(screens))
	return mux, nil
}

// report tells the developer what a client is not told. It is rare, and a fault.
func report(r *http.Request, e rest.Exchange) {
	if e.Panic != nil || e.Err != nil {
		slog.ErrorContext(r.Context(), "flow: the dashboard failed to answer", "path", r.URL.Path, "request_id", e.ID,
			"error", e.Err, "panic", e.Panic, "stack", string(e.Stack))
	}
}

// processStatus is what the process says of itself, as the dashboard asks it.
type processStatus struct {
	Mode              string    `json:"mode"`
	Service           string    `json:"service"`
	Version           string    `json:"version"`
	Environment       string    `json:"environment"`
	StartTime         time.Time `json:"startTime"`
	UptimeSeconds     float64   `json:"uptimeSeconds"`
	CountedSince      time.Time `json:"countedSince"` // rates and comparisons go no further back
	FlowsTotal        int64     `json:"flowsTotal"`
	FlowsKept         int       `json:"flowsKept"`
	FlowsLimit        int       `json:"flowsLimit"`
	FlowsActive       int64     `json:"flowsActive"`
	HistoryBytes      int       `json:"historyBytes"`
	HistoryLimitBytes int       `json:"historyLimitBytes"`
	FlowsDropped      int64     `json:"flowsDropped"`
	Goroutines        int       `json:"goroutines"`
	HeapBytes         uint64    `json:"heapBytes"`
	Enabled           bool      `json:"enabled"`
	Sampler           string    `json:"sampler"`
}

func (v *View) status() processStatus {
	s := v.source.Status()
	return processStatus{
		Mode: "process", Service: s.Service, Version: s.Version, Environment: s.Environment,
		StartTime: s.Since.UTC(), UptimeSeconds: v.source.Now().Sub(s.Since).Seconds(),
		CountedSince: reader{v}.Began().UTC(),
		FlowsTotal:   s.Flows + s.Active, FlowsKept: s.Kept, FlowsLimit: s.MostKept, FlowsActive: s.Active,
		HistoryBytes: s.Bytes, HistoryLimitBytes: s.MostBytes, FlowsDropped: s.Dropped,
		Goroutines: runtime.NumGoroutine(), HeapBytes: heap(), Enabled: s.Enabled, Sampler: s.Sampler,
	}
}

// heap is how many bytes live and dead objects take; reading it stops nobody.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

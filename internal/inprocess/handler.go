package inprocess

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
)

// Config says where and to whom the flows are shown. The zero Config shows
// them to the machine they run on.
type Config struct {
	// Prefix is the path below which the handler is mounted. When it is empty it
	// is read off the pattern of the http.ServeMux, or off what http.StripPrefix
	// took away; DefaultPrefix is the last guess.
	Prefix string
	// Guard refuses requests by an error, whose text the client gets. Nil is
	// LocalOnly.
	Guard func(*http.Request) error
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
		Status:    func() any { return v.status() }, Version: s.Status().Version,
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

// Handler serves a View. It is safe for concurrent use and has nothing to close.
type Handler struct {
	*View
	cfg    Config
	mounts mounts
}

// New returns a Handler of a View.
func New(v *View, c Config) *Handler {
	if c.Guard == nil {
		c.Guard = LocalOnly
	}
	return &Handler{View: v, cfg: c}
}

// ServeHTTP answers below whatever prefix the handler is mounted at.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.source.Ignore(r)
	prefix, path := h.cfg.split(r)
	m, err := h.mounts.at(prefix, h.mount)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.RawPath = path, ""
	m.ServeHTTP(w, inner)
}

// mount is everything the handler serves, for one prefix.
func (h *Handler) mount(prefix string) (http.Handler, error) {
	screens, err := newScreens(prefix)
	if err != nil {
		return nil, fmt.Errorf("open dashboard: %w", err)
	}
	mux := http.NewServeMux()
	h.api.Mount(mux, "")
	h.addPlain(mux, screens)
	mux.Handle("/", screens)
	guarded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h.cfg.Guard(r); err != nil {
			refuse(w, r, err)
			return
		}
		mux.ServeHTTP(w, r)
	})
	return rest.Observe(guarded, func(*http.Request, rest.Exchange) {}), nil
}

// processStatus is what the process says of itself, as the dashboard asks it.
type processStatus struct {
	Mode              string    `json:"mode"`
	Service           string    `json:"service"`
	Version           string    `json:"version"`
	Environment       string    `json:"environment"`
	StartTime         time.Time `json:"startTime"`
	UptimeSeconds     float64   `json:"uptimeSeconds"`
	FlowsTotal        int64     `json:"flowsTotal"`
	FlowsKept         int       `json:"flowsKept"`
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
		FlowsTotal: s.Flows + s.Active, FlowsKept: s.Kept, FlowsActive: s.Active,
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

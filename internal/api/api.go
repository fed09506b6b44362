package api

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/flowscope/flowscope/internal/api/dashboard"
	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
)

// Config is what the handler is made of. Query, Live, Open, Version, Dashboard,
// Status, Ready, Registry and Logger are required.
type Config struct {
	Version   string // of Flowscope
	Query     *query.Engine
	Live      *live.Hub
	Open      func(context.Context) (model.OpenFlows, error)     // what is not counted yet
	Counted   func(context.Context, model.TraceID) (bool, error) // nil is that all flows are
	Dashboard fs.FS                                              // the built dashboard, index.html at its root
	Status    func() Status
	Ready     func() Readiness
	Registry  *prometheus.Registry // what /metrics shows, and where the handler's own metrics go
	Logger    *slog.Logger

	Now     func() time.Time // the clock that "now" in a parameter means; nil is time.Now
	Timeout time.Duration    // of one API request; 0 is rest.DefaultTimeout
	Pprof   bool             // serve /debug/pprof

	// CheckHost refuses requests whose Host is neither localhost, an address nor
	// one of AllowedHosts, so that a web page cannot reach a server on loopback by
	// rebinding its own name to 127.0.0.1.
	CheckHost    bool
	AllowedHosts []string

	// Guard says who may ask, whichever way: REST, GraphQL, WebSockets, metrics,
	// the dashboard. Only whether the server lives and is ready is told to anybody.
	// Nil lets all ask.
	Guard rest.Guard
}

// server is a Config with its defaults filled in.
type server struct {
	Config
	rest *rest.API
}

// New returns the handler of everything Flowscope serves over HTTP. It is safe
// for concurrent use and has nothing to close. It fails when the handler's
// metrics are already registered or the dashboard has no index.html.
func New(c Config) (http.Handler, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Timeout == 0 {
		c.Timeout = rest.DefaultTimeout
	}
	doc, err := openAPIJSON()
	if err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	s := &server{Config: c}
	s.rest = s.answers(doc)
	mux := http.NewServeMux()
	s.rest.Mount(mux, "")
	graphql, err := s.graphql()
	if err != nil {
		return nil, err
	}
	mux.Handle("/graphql", graphql)
	if err := s.addOperational(mux); err != nil {
		return nil, err
	}
	metrics, err := newMetrics(c.Registry)
	if err != nil {
		return nil, err
	}
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(minCompressed), gzhttp.CompressionLevel(compression),
		gzhttp.ContentTypes(compressible))
	if err != nil {
		return nil, fmt.Errorf("set up compression: %w", err)
	}
	return rest.Observe(s.checkHost(s.guarded(unlessStream(compress(mux), mux))), func(r *http.Request, e rest.Exchange) {
		metrics.observe(r, &e)
		s.log(r, &e)
	}), nil
}

// answers is the REST API with what a server adds to it.
func (s *server) answers(doc []byte) *rest.API {
	return rest.New(rest.Config{
		Query: s.Query, Live: s.Live, Open: s.Open, Counted: s.Counted, Status: s.status, Version: s.Version, Now: s.Now, Timeout: s.Timeout,
		More: map[string]func(*http.Request) (any, error){"ws": s.socket, "openapi.json": openAPI(doc)},
	})
}

// isStream tells the requests whose answers must not be held back to be
// compressed.
func isStream(r *http.Request) bool {
	return upgrades(r) || (r.URL.Path == "/api/v1/flows" && r.URL.Query().Get("follow") == "true")
}

// unlessStream has streams answered by another handler.
func unlessStream(most, streams http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isStream(r) {
			streams.ServeHTTP(w, r)
			return
		}
		most.ServeHTTP(w, r)
	})
}

// Compression at level 1 costs a third of the default's time for a tenth more
// bytes, and most clients are near. Under 1 KiB the answer fits one packet
// anyway.
const (
	compression   = 1
	minCompressed = 1024
)

const jsonType = "application/json"

// compressible lists what is not already compressed, as fonts and images are.
var compressible = []string{
	jsonType, "application/problem+json", "application/x-protobuf", "text/html", "text/css", "text/javascript", "text/plain", "image/svg+xml",
}

// addOperational adds what is not the API: health, metrics, profiles, dashboard.
func (s *server) addOperational(mux *http.ServeMux) error {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		rest.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.Registry, promhttp.HandlerOpts{
		DisableCompression: true, // the handler around it compresses
	}))
	if !s.Pprof { // or the dashboard would answer, whose paths are open
		mux.HandleFunc("GET /debug/pprof/", func(w http.ResponseWriter, r *http.Request) {
			rest.WriteProblem(w, r, &rest.Problem{Status: http.StatusNotFound, Code: "not_found", Detail: "profiles are not served: start the server with --pprof"})
		})
	} else {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	screens, err := dashboard.New(s.Dashboard, "")
	if err != nil {
		return err
	}
	mux.Handle("/", screens)
	return nil
}

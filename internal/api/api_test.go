package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/api/apitest"
	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

var update = flag.Bool("update", false, "rewrite what the golden files in testdata expect")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is when the shop of querytest closes.
var now = apitest.Now()

// fixture is a handler over the shop of querytest, and what is behind it.
type fixture struct {
	http.Handler
	reader   *querytest.Reader
	registry *prometheus.Registry
	live     *live.Hub
	log      *logBuffer
}

// logBuffer takes the log of a connection that outlives what the test looks at.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func newFixture(tb testing.TB, change func(*Config)) *fixture {
	tb.Helper()
	f := &fixture{
		reader:   querytest.New(analyze.Config{}, querytest.Shop()),
		registry: prometheus.NewRegistry(),
		live:     live.New(live.Config{Now: func() time.Time { return now }}),
		log:      &logBuffer{},
	}
	tb.Cleanup(f.live.Close)
	c := Config{
		Version: "test",
		Live:    f.live, Open: apitest.Open,
		Query: query.New(f.reader, analyze.Config{}, apitest.Now), Dashboard: dashboardFiles(),
		Status: func() Status {
			return Status{StartTime: now.Add(-time.Hour), UptimeSeconds: 3600,
				OTLPGRPC: "127.0.0.1:4317", OTLPHTTP: "off", SpansReceived: 2, SpansStored: 1, StoreBytes: 5}
		},
		Ready:    func() Readiness { return Readiness{Ready: true, Components: map[string]string{"store": "ok"}} },
		Registry: f.registry, Now: apitest.Now,
		Logger: slog.New(slog.NewJSONHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&c)
	}
	h, err := New(c)
	if err != nil {
		tb.Fatal(err)
	}
	f.Handler = h
	return f
}

func dashboardFiles() fs.FS {
	return fstest.MapFS{
		"index.html":          {Data: []byte("<!doctype html><title>Flowscope</title>")},
		"favicon.svg":         {Data: []byte("<svg/>")},
		"assets/index-abc.js": {Data: []byte("console.log(1)")},
	}
}

// get answers a request that comes with the given header fields, in pairs.
func (f *fixture) get(url string, header ...string) *httptest.ResponseRecorder {
	return f.do(http.MethodGet, url, header...)
}

func (f *fixture) do(method, url string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

// problemIn decodes an answer that should be a problem.
func problemIn(t *testing.T, w *httptest.ResponseRecorder) rest.Problem {
	t.Helper()
	var p rest.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%d %s is no problem: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	if p.Status != w.Code || p.RequestID == "" || p.RequestID != w.Header().Get("X-Request-Id") {
		t.Errorf("status %d, request id %q in problem %+v", w.Code, w.Header().Get("X-Request-Id"), p)
	}
	return p
}

func golden(t *testing.T, name string, body []byte) {
	t.Helper()
	apitest.Golden(t, *update, name, body)
}

package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

var update = flag.Bool("update", false, "rewrite what the golden files in testdata expect")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is when the shop of querytest closes.
var now = time.Unix(0, querytest.Epoch).Add(2 * time.Minute).UTC()

// fixture is a handler over the shop of querytest, and what is behind it.
type fixture struct {
	http.Handler
	reader   *querytest.Reader
	registry *prometheus.Registry
	live     *live.Hub
	log      *bytes.Buffer
}

func newFixture(tb testing.TB, change func(*Config)) *fixture {
	tb.Helper()
	f := &fixture{
		reader:   querytest.New(analyze.Config{}, querytest.Shop()),
		registry: prometheus.NewRegistry(),
		live:     live.New(live.Config{}),
		log:      &bytes.Buffer{},
	}
	tb.Cleanup(f.live.Close)
	clock := func() time.Time { return now }
	c := Config{
		Live: f.live, Open: func(context.Context) (model.OpenFlows, error) { return openShop(), nil },
		Query: query.New(f.reader, analyze.Config{}, clock), Dashboard: dashboardFiles(),
		Status: func() Status {
			return Status{Version: "test", StartTime: now.Add(-time.Hour), UptimeSeconds: 3600,
				OTLPGRPC: "127.0.0.1:4317", OTLPHTTP: "off", SpansReceived: 2, SpansStored: 1, StoreBytes: 5}
		},
		Ready:    func() Readiness { return Readiness{Ready: true, Components: map[string]string{"store": "ok"}} },
		Registry: f.registry, Now: clock,
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

// openShop is what is open when the shop closes.
func openShop() model.OpenFlows {
	web, cart := model.Node{Namespace: "shop", Name: "web"}, model.Node{Namespace: "shop", Name: "cart"}
	at := now.UnixNano()
	return model.OpenFlows{At: now, Total: 3, List: []*model.OpenFlow{
		{TraceID: model.TraceID{1}, Start: at - 5e8, End: at, Services: []model.Node{cart}, Current: cart, SpanCount: 1},
		{TraceID: model.TraceID{2}, Operation: "checkout", Environment: "production", Start: at - 2e9, End: at - 1e9,
			RootService: web, RootName: "POST /checkout", Services: []model.Node{cart, web}, Current: web, SpanCount: 7, ErrorCount: 1},
		{TraceID: model.TraceID{3}, Operation: "checkout", Environment: "production", Start: at - 1e9, End: at, Services: []model.Node{cart}, Current: cart, SpanCount: 2},
	}}
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
func problemIn(t *testing.T, w *httptest.ResponseRecorder) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != problemType {
		t.Fatalf("%d %s is no problem: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	if p.Status != w.Code || p.RequestID == "" || p.RequestID != w.Header().Get("X-Request-Id") {
		t.Errorf("status %d, request id %q in problem %+v", w.Code, w.Header().Get("X-Request-Id"), p)
	}
	return p
}

// Two traces of the shop.
const (
	aCheckout       = "checkout-0"
	aFailedCheckout = "checkout-11"
)

// questions is a request to every endpoint, by the name of its golden file.
func questions() map[string]string {
	checkout, failed := querytest.TraceID(aCheckout).String(), querytest.TraceID(aFailedCheckout).String()
	return map[string]string{
		"flows":             "/api/v1/flows?operation=checkout&environment=production&pageSize=2&sort=duration",
		"flows_bare":        "/api/v1/flows?graph=false&status=error&service=payment&namespace=pay&minDuration=1ms&maxDuration=1m",
		"flows_none":        "/api/v1/flows?startTime=0&endTime=60",
		"flows_active":      "/api/v1/flows?status=active&environment=production&pageSize=1&sort=duration",
		"flow":              "/api/v1/flows/" + failed,
		"traces":            "/api/v1/traces?operation=checkout&limit=2&startTime=now-5m&endTime=now",
		"traces_spans":      "/api/v1/traces?service=cart&kind=client&attribute=db.system.name=postgresql&attribute=resource.service.version!~2.*&limit=1",
		"traces_none":       "/api/v1/traces?attribute=nothing=at%20all&sort=duration",
		"trace":             "/api/v1/traces/" + checkout,
		"trace_otlp":        "/api/v1/traces/" + checkout + "?format=otlp",
		"operations":        "/api/v1/operations?startTime=now-2m&pageSize=10",
		"operation_stats":   "/api/v1/operations/checkout/stats?environment=production&startTime=now-2m",
		"operation_unknown": "/api/v1/operations/GET%20%2Fcart/stats?startTime=now-2m",
		"operation_graph":   "/api/v1/operations/checkout/graph?environment=production&startTime=now-2m",
		"operation_compare": "/api/v1/operations/checkout/compare?environment=production&baseline=now-2m..now-1m&candidate=now-1m..now",
		"profile":           "/api/v1/profile?operation=checkout&environment=production&startTime=now-2m",
		"profile_release":   "/api/v1/profile?service=cart&release=1.1&startTime=now-2m",
		"stats":             "/api/v1/stats?service=catalog&startTime=now-1m",
		"dependencies":      "/api/v1/dependencies?service=cart&startTime=now-2m",
		"dependencies_none": "/api/v1/dependencies?namespace=pay&environment=nowhere",
		"services":          "/api/v1/services?environment=production&startTime=now-2m",
		"service":           "/api/v1/services/cart?namespace=shop&startTime=now-2m",
		"status":            "/api/v1/status",
	}
}

// Every endpoint answers as its golden file says.
func TestGolden(t *testing.T) {
	f := newFixture(t, nil)
	for name, url := range questions() {
		t.Run(name, func(t *testing.T) {
			w := f.get(url)
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != jsonType || w.Header().Get("Cache-Control") != "no-store" {
				t.Fatalf("GET %s: %d %v %s", url, w.Code, w.Header(), w.Body)
			}
			golden(t, name, w.Body.Bytes())
		})
	}
}

// golden compares an answer with testdata/name.json, which is indented.
func golden(t *testing.T, name string, body []byte) {
	t.Helper()
	var got bytes.Buffer
	if err := json.Indent(&got, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(file, got.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
	}
}

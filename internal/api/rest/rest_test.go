package rest

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/api/apitest"
	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

var update = flag.Bool("update", false, "rewrite what the golden files in testdata expect")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is when the shop of querytest closes.
var now = apitest.Now()

// fixture is an API over the shop of querytest, and what is behind it.
type fixture struct {
	http.Handler
	api    *API
	reader *querytest.Reader
	live   *live.Hub
}

func newFixture(tb testing.TB, change func(*Config)) *fixture {
	tb.Helper()
	f := &fixture{reader: querytest.New(analyze.Config{}, querytest.Shop()), live: live.New(live.Config{})}
	tb.Cleanup(f.live.Close)
	c := Config{
		Query: query.New(f.reader, analyze.Config{}, apitest.Now), Live: f.live, Open: apitest.Open, Now: apitest.Now,
		Status: func() any { return map[string]any{"mode": "process", "startTime": now.Add(-time.Hour)} }, Version: "test",
	}
	if change != nil {
		change(&c)
	}
	f.api = New(c)
	mux := http.NewServeMux()
	f.api.Mount(mux, "")
	f.Handler = Observe(mux, func(*http.Request, Exchange) {})
	return f
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
func problemIn(t *testing.T, w *httptest.ResponseRecorder) Problem {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != problemType {
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

// Every endpoint answers as its golden file says.
func TestGolden(t *testing.T) {
	f := newFixture(t, nil)
	for name, url := range apitest.Questions() {
		t.Run(name, func(t *testing.T) {
			w := f.get(url)
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != jsonType || w.Header().Get("Cache-Control") != "no-store" {
				t.Fatalf("GET %s: %d %v %s", url, w.Code, w.Header(), w.Body)
			}
			golden(t, name, w.Body.Bytes())
		})
	}
}

// Below another path the answers are the same, whether a router cuts it off or not.
func TestMountedBelow(t *testing.T) {
	f := newFixture(t, nil)
	whole, cut := http.NewServeMux(), http.NewServeMux()
	f.api.Mount(whole, "/debug/flow")
	cut.Handle("/debug/flow/", http.StripPrefix("/debug/flow", f.Handler))
	handlers := map[string]http.Handler{"whole": Observe(whole, func(*http.Request, Exchange) {}), "cut": cut}
	for name, h := range handlers {
		below := &fixture{Handler: h}
		for _, path := range []string{"/api/v1/services?startTime=now-2m", "/api/v1/operations/%2F/stats", "/api/v1/operations/GET%20%2Fcart/stats?startTime=now-2m"} {
			if w := below.get("/debug/flow" + path); w.Code != http.StatusOK || w.Body.String() != f.get(path).Body.String() {
				t.Errorf("%s %s: %d %s", name, path, w.Code, w.Body)
			}
		}
		if p := problemIn(t, below.get("/debug/flow/api/v1/nothing")); p.Code != "no_such_endpoint" || !strings.Contains(p.Detail, "flows/{flowId}") {
			t.Errorf("%s: %+v", name, p)
		}
		if p := problemIn(t, below.do(http.MethodPost, "/debug/flow/api/v1/flows")); p.Status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// Read says what a request is answered with.
func TestRead(t *testing.T) {
	f := newFixture(t, nil)
	for endpoint, c := range map[string]struct{ name, path string }{
		"services":                         {"", "services?startTime=now-2m"},
		"operations/{operationName}/stats": {"GET /cart", "operations/GET%20%2Fcart/stats?startTime=now-2m"},
		"traces/{traceId}":                 {querytest.TraceID(apitest.Checkout).String(), "traces/" + querytest.TraceID(apitest.Checkout).String() + "?format=otlp"},
	} {
		_, query, _ := strings.Cut(c.path, "?")
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.api.Read(t.Context(), now, endpoint, c.name, values)
		if want := f.get("/api/v1/" + c.path).Body.String(); err != nil || string(got) != want {
			t.Errorf("%s: %s, %v, want %s", endpoint, got, err, want)
		}
	}
	if _, err := f.api.Read(t.Context(), now, "nothing", "", nil); err == nil {
		t.Error("an endpoint that is not there answers")
	}
	if _, err := f.api.Read(t.Context(), now, "flows", "", url.Values{"follow": {"true"}}); err == nil {
		t.Error("a stream is read to its end")
	}
	_, err := f.api.Read(t.Context(), now, "services", "", url.Values{"color": {"red"}})
	if p := ProblemOf(err); p.Code != "unknown_parameter" || p.Field != "color" {
		t.Errorf("%+v", p)
	}
}

// More endpoints are held to the same rules as the rest.
func TestMore(t *testing.T) {
	f := newFixture(t, func(c *Config) {
		c.More = map[string]func(*http.Request) (any, error){
			"more":         func(*http.Request) (any, error) { return map[string]int{"a": 1}, nil },
			"openapi.json": func(*http.Request) (any, error) { return Document{"text/plain", []byte("doc")}, nil },
		}
	})
	if w := f.get("/api/v1/more"); w.Body.String() != `{"a":1}` || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	if w := f.get("/api/v1/openapi.json"); w.Body.String() != "doc" || w.Header().Get("Content-Type") != "text/plain" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	if p := problemIn(t, f.get("/api/v1/more?x=1")); p.Code != "unknown_parameter" {
		t.Errorf("%+v", p)
	}
	if p := problemIn(t, f.get("/api/v1/nothing")); !strings.Contains(p.Detail, "/api/v1/openapi.json lists") {
		t.Errorf("%+v", p)
	}
}

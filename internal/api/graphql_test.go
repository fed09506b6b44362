package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/api/apitest"
	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

// ask posts a GraphQL query.
func (f *fixture) ask(t *testing.T, query string, variables any) *httptest.ResponseRecorder {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", jsonType)
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

// graphQuery is a query of testdata/graphql, with the ids of two traces put in.
func graphQuery(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "graphql", name+".graphql"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("CHECKOUT", querytest.TraceID(apitest.Checkout).String(), "FAILED", querytest.TraceID(apitest.FailedCheckout).String()).Replace(string(text))
}

// What the queries of testdata/graphql answer, which between them name every field, is
// in its golden file.
func TestGraphQLGolden(t *testing.T) {
	f := newFixture(t, nil)
	files, err := filepath.Glob("testdata/graphql/*.graphql")
	if err != nil || len(files) < 9 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".graphql")
		t.Run(name, func(t *testing.T) {
			w := f.ask(t, graphQuery(t, name), nil)
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != jsonType || w.Header().Get("Cache-Control") != "no-store" {
				t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
			}
			golden(t, "graphql/"+name, w.Body.Bytes())
		})
	}
}

// What REST and GraphQL both say, they say alike.
func TestGraphQLSaysWhatRESTSays(t *testing.T) {
	f := newFixture(t, nil)
	for _, c := range []struct{ rest, restAt, query, at string }{
		{"flows", "flows", "flows", "flows.edges"},
		{"flow", "", "flow", "flow"},
		{"flow", "criticalPath", "flow", "flow.criticalPath"},
		{"flow", "sequence", "flow", "flow.sequence"},
		{"flow", "errors", "flow", "flow.errors"},
		{"traces_spans", "traces", "traces", "traces.edges"},
		{"traces_spans", "scanned", "traces", "traces.scanned"},
		{"trace", "", "trace", "trace"},
		{"trace", "spans", "trace", "trace.spans"},
		{"operations", "operations", "operations", "operations.edges"},
		{"operations", "period", "operations", "operations.period"},
		{"operation_graph", "", "operation", "operation.graph"},
		{"operation_graph", "nodes", "operation", "operation.graph.nodes"},
		{"operation_stats", "stats", "operation", "operation.stats.stats"},
		{"operation_stats", "series", "operation", "operation.stats.series"},
		{"operation_stats", "previous", "operation", "operation.stats.previous"},
		{"services", "services", "services", "services.edges"},
		{"service", "service", "service", "service"},
		{"dependencies", "nodes", "overview", "dependencies.nodes"},
		{"dependencies", "edges", "overview", "dependencies.edges"},
		{"dependencies", "metadata", "overview", "dependencies.metadata"},
		{"status", "", "overview", "status"},
	} {
		rest := valueAt(t, f.get(apitest.Questions()[c.rest]).Body.Bytes(), c.restAt)
		graph := valueAt(t, f.ask(t, graphQuery(t, c.query), nil).Body.Bytes(), "data."+c.at)
		if same := compare(t, c.at, rest, graph); same < 2 {
			t.Errorf("%s: only %d values compared", c.at, same)
		}
	}
}

// valueAt decodes JSON and follows a path of names.
func valueAt(t *testing.T, body []byte, path string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(path, ".") {
		if name != "" {
			object, _ := v.(map[string]any)
			v = object[name]
		}
	}
	return v
}

// compare holds what two answers both have to each other, and counts it. A
// value that REST leaves out is null, false, 0 or empty in GraphQL.
func compare(t *testing.T, at string, rest, graph any) (compared int) {
	t.Helper()
	switch r := rest.(type) {
	case []any:
		g, ok := graph.([]any)
		if !ok || len(g) != len(r) {
			t.Errorf("%s: REST has %d, GraphQL %v", at, len(r), graph)
			return 0
		}
		for i := range r {
			compared += compare(t, at, r[i], g[i])
		}
		return compared + 1
	case map[string]any:
		g, ok := graph.(map[string]any)
		if node, listed := g["node"].(map[string]any); listed && g["cursor"] != nil {
			g = node
		}
		if !ok {
			t.Errorf("%s: REST has %v, GraphQL %v", at, rest, graph)
		}
		for name, value := range r {
			if _, asked := g[name]; asked {
				compared += compare(t, at+"."+name, value, g[name])
			}
		}
		return compared
	}
	if !reflect.DeepEqual(rest, graph) {
		t.Errorf("%s: REST has %v, GraphQL %v", at, rest, graph)
	}
	return 1
}

// Damage is said in every answer that has some, and a failure keeps its reason
// for the log.
func TestGraphQLDamage(t *testing.T) {
	f := newFixture(t, nil)
	f.reader.Partial = true
	w := f.ask(t, `{
		flows { partial } operations { partial } services { partial } service(name: "cart") { partial }
		operation(name: "checkout", startTime: "now-2m") { graph { partial } stats { partial } }
		dependencies { partial } stats { partial }
	}`, nil)
	if said := strings.Count(w.Body.String(), `"partial":true`); w.Code != http.StatusOK || said != 8 {
		t.Errorf("said %d times: %s", said, w.Body)
	}
	f.reader.Fail = errors.New("disk on fire")
	w = f.ask(t, `{ a: stats { partial } b: flows { partial } status { version } }`, nil)
	if body := w.Body.String(); strings.Contains(body, "fire") || !strings.Contains(body, `"code":"internal"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if record := f.lastRecord(t); record["error"] != "disk on fire" || record["level"] != "ERROR" || record["route"] != "/graphql" {
		t.Errorf("log %v", record)
	}
}

// What REST refuses, GraphQL refuses with the same code and name.
func TestGraphQLProblems(t *testing.T) {
	f := newFixture(t, nil)
	for _, c := range []struct{ query, code, field, says string }{
		{`{ flow(flowId: "123") { id } }`, "invalid_trace_id", "flowId", "32 hexadecimal digits"},
		{`{ trace(traceId: "123") { id } }`, "invalid_trace_id", "traceId", "32 hexadecimal digits"},
		{`{ trace(traceId: "` + strings.Repeat("a", 32) + `") { id } }`, "not_found", "", "nothing of that name"},
		{`{ service(name: "nobody") { name } }`, "not_found", "", "nothing of that name"},
		{`{ stats(startTime: "yesterday") { partial } }`, "invalid_parameter", "startTime", "RFC 3339"},
		{`{ flows(minDuration: "2s", maxDuration: "1s") { partial } }`, "invalid_parameter", "minDuration", "longer than"},
		{`{ traces(attribute: ["key"]) { partial } }`, "invalid_parameter", "attribute", "key=value"},
		{`{ traces(after: "0.abc") { partial } }`, "invalid_parameter", "after", "not a cursor"},
	} {
		var a struct {
			Errors []struct {
				Message    string
				Extensions struct{ Code, Field string }
			}
		}
		w := f.ask(t, c.query, nil)
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK || len(a.Errors) != 1 {
			t.Errorf("%s: %d %s", c.query, w.Code, w.Body)
			continue
		}
		if e := a.Errors[0]; e.Extensions.Code != c.code || e.Extensions.Field != c.field || !strings.Contains(e.Message, c.says) {
			t.Errorf("%s: %+v", c.query, e)
		}
	}
}

// The pages of a search have each of its traces once, wherever one goes on.
// The status that a flow has while it is open is one of its detail, and selects
// none of a list.
func TestGraphQLActiveFlow(t *testing.T) {
	f := newFixture(t, uncounted)
	id := map[string]any{"id": querytest.TraceID(apitest.Checkout).String()}
	w := f.ask(t, `query($id: ID!) { flow(flowId: $id) { status } trace(traceId: $id) { status } }`, id)
	if got := w.Body.String(); got != `{"data":{"flow":{"status":"active"},"trace":{"status":"active"}}}` {
		t.Errorf("%s", got)
	}
	if w := f.ask(t, `{ flows(status: active) { totalCount } }`, nil); !strings.Contains(w.Body.String(), `"errors"`) {
		t.Errorf("%s", w.Body)
	}
}

func TestGraphQLTracePages(t *testing.T) {
	f := newFixture(t, nil)
	var all []string
	after, more := any(nil), true
	for page := 0; more; page++ {
		w := f.ask(t, `query($c: String) { traces(first: 4, after: $c, startTime: "now-5m", endTime: "now") {
			pageInfo { hasNextPage endCursor } edges { cursor node { id } } } }`, map[string]any{"c": after})
		var a struct {
			Data struct {
				Traces struct {
					PageInfo struct {
						HasNextPage bool
						EndCursor   string
					}
					Edges []struct {
						Cursor string
						Node   struct{ ID string }
					}
				}
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || len(a.Data.Traces.Edges) == 0 {
			t.Fatal(err, w.Body)
		}
		found := a.Data.Traces
		for _, e := range found.Edges {
			all = append(all, e.Node.ID)
		}
		after, more = found.PageInfo.EndCursor, found.PageInfo.HasNextPage
		if page == 1 { // behind the second row of this page
			all, after, more = all[:len(all)-2], found.Edges[1].Cursor, true
		}
	}
	slices.Sort(all)
	if len(all) != 14 || len(slices.Compact(all)) != 14 {
		t.Errorf("%d traces, %v", len(all), all)
	}
}

func TestGraphQLTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(c *Config) {
			c.Query = query.New(apitest.Stuck{Reader: querytest.New(analyze.Config{})}, analyze.Config{}, time.Now)
		})
		began := time.Now()
		w := f.ask(t, `{ flows { totalCount } }`, nil)
		if w.Code != http.StatusGatewayTimeout || !strings.Contains(w.Body.String(), `"code":"timeout"`) || time.Since(began) != rest.DefaultTimeout {
			t.Errorf("after %v: %d %s", time.Since(began), w.Code, w.Body)
		}
	})
}

// GraphQL is behind the same checks as the rest.
func TestGraphQLHostCheck(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.CheckHost = true })
	r := httptest.NewRequest(http.MethodGet, "/graphql?query=%7Bstatus%7Bversion%7D%7D", nil)
	for host, want := range map[string]int{"localhost:4319": http.StatusOK, "evil.example.com": http.StatusMisdirectedRequest} {
		r.Host = host
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		if w.Code != want || w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s: %d %v", host, w.Code, w.Header())
		}
	}
}

// The examples of docs/graphql.md are answered without an error.
func TestGraphQLExamples(t *testing.T) {
	f := newFixture(t, nil)
	text, err := os.ReadFile("../../docs/graphql.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```graphql\n")[1:]
	if len(blocks) < 4 {
		t.Fatalf("%d examples", len(blocks))
	}
	for _, block := range blocks {
		example, _, _ := strings.Cut(block, "```")
		if strings.HasPrefix(example, "subscription") {
			message, err := json.Marshal(map[string]any{"type": "subscribe", "id": "a", "payload": map[string]string{"query": example}})
			if err != nil {
				t.Fatal(err)
			}
			dialGraphQL(t, f).send(string(message))
			eventually(t, "the example follows", func() bool { return f.live.Stats().Subscriptions == 1 })
			continue
		}
		w := f.ask(t, example, map[string]any{"id": querytest.TraceID(apitest.Checkout).String()})
		if w.Code != http.StatusOK || strings.Contains(w.Body.String(), `"extensions"`) {
			t.Errorf("%s\n%d %s", example, w.Code, w.Body)
		}
	}
}

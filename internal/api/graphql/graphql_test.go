package graphql

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite testdata/introspection.json")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a REST API that has some rows of each list, and notes what it is asked.
type fake struct {
	rows int
	gone bool // f2 is

	feeds    chan *fakeFeed // that are followed
	stopping chan struct{}

	mu     sync.Mutex
	asked  []string
	open   int        // feeds
	closed *sync.Cond // one of them was
}

func (f *fake) rest(_ context.Context, _ time.Time, endpoint, name string, params url.Values) ([]byte, error) {
	f.mu.Lock()
	f.asked = append(f.asked, endpoint+" "+name+"?"+params.Encode())
	f.mu.Unlock()
	switch {
	case name == "panic":
		panic("oh")
	case name == "boom":
		return nil, fmt.Errorf("disk on fire")
	case name == "f2" && f.gone:
		return nil, &Error{Code: "not_found", Detail: "gone"}
	case name == "big":
		return []byte(`{"traceId": "big", "spans": []}` + strings.Repeat(" ", 2<<20)), nil
	case strings.HasSuffix(endpoint, "}"):
		return fmt.Appendf(nil, `{"flowId": %q, "traceId": %q, "status": "success", "graph": {}, "spans": []}`, name, name), nil
	case params.Get("cursor") == "other":
		return nil, bad("cursor", "cursor is not a cursor that this server gave")
	case endpoint == "traces":
		return []byte(`{"traces": [{"flowId": "a", "traceId": "a", "cursor": "ca"}, {"flowId": "b", "traceId": "b", "cursor": "cb"}], "nextCursor": "c1", "partial": true, "reasons": ["time_limit"]}`), nil
	case endpoint == "stats", endpoint == "status":
		return []byte("{}"), nil
	default:
		return f.list(endpoint, params), nil
	}
}

func (f *fake) list(endpoint string, params url.Values) []byte {
	size, _ := strconv.Atoi(params.Get("pageSize"))
	page, _ := strconv.Atoi(params.Get("page"))
	var rows []string
	for i := max(page-1, 0) * size; i < f.rows && len(rows) < size; i++ {
		rows = append(rows, fmt.Sprintf(`{"flowId": "f%d", "traceId": "f%d", "name": "n%d"}`, i, i, i))
	}
	return fmt.Appendf(nil, `{%q: [%s], "total": %d}`, endpoint, strings.Join(rows, ","), f.rows)
}

func newHandler(tb testing.TB, f *fake) *handler {
	tb.Helper()
	made, err := New(Config{REST: f.rest, Follow: f.follow, Stopping: f.stopping, Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		tb.Fatal(err)
	}
	h, ok := made.(*handler)
	if !ok {
		tb.Fatalf("it is a %T", made)
	}
	return h
}

// answer is what comes back.
type answer struct {
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Extensions struct{ Code, Field string }
	}
}

func post(tb testing.TB, h http.Handler, query, variables string) (status int, a answer) {
	tb.Helper()
	body := fmt.Sprintf(`{"query": %s, "variables": %s}`, strconv.Quote(query), variables)
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		tb.Fatalf("%v in %s", err, w.Body)
	}
	return w.Code, a
}

// What is served describes itself as the golden file says, and every type,
// field and value has a description.
func TestIntrospection(t *testing.T) {
	status, a := post(t, newHandler(t, &fake{}), introspection, "null")
	if status != http.StatusOK || len(a.Errors) > 0 {
		t.Fatal(status, a.Errors)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, a.Data, "", " "); err != nil {
		t.Fatal(err)
	}
	const file = "testdata/introspection.json"
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the schema served is not that of %s (%v); -update rewrites it", file, err)
	}
	type described struct{ Name, Description string }
	var schema struct {
		Schema struct {
			Types []struct {
				described
				Fields, EnumValues []described
			}
		} `json:"__schema"`
	}
	if err := json.Unmarshal(a.Data, &schema); err != nil {
		t.Fatal(err)
	}
	for _, one := range schema.Schema.Types {
		if strings.HasPrefix(one.Name, "__") {
			continue
		}
		for _, d := range append(append(one.Fields, one.EnumValues...), one.described) {
			if d.Description == "" {
				t.Errorf("%s of %s has no description", d.Name, one.Name)
			}
		}
	}
}

// introspection is the query that tools send.
const introspection = `query IntrospectionQuery {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types { ...FullType }
    directives { name description locations args { ...InputValue } }
  }
}
fragment FullType on __Type {
  kind name description
  fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
  inputFields { ...InputValue } interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
fragment TypeRef on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name } } } } } } }
}`

// Each limit refuses with its code before anything is read, and what is just
// below it passes.
func TestLimits(t *testing.T) {
	deep := func(n int) string {
		return `{ flow(flowId: "x") { ` + strings.Repeat("trace { flow { ", n) + "id" + strings.Repeat(" } }", n) + " } }"
	}
	wide := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "a%d:id ", i)
		}
		return `{ flow(flowId: "x") { ` + b.String() + "} }"
	}
	for _, c := range []struct {
		name, query, code string
		status            int
	}{
		{"depth", deep(6), "", 200},
		{"too deep", deep(8), "query_too_deep", 400},
		{"selections", wide(490), "", 200},
		{"too many selections", wide(510), "query_too_large", 400},
		{"bytes", "{status{version}}" + strings.Repeat(" ", MaxQuery-17), "", 200},
		{"too many bytes", "{status{version}}" + strings.Repeat(" ", MaxQuery), "query_too_large", 413},
		{"reads", `{ flows(first: 200) { edges { node { graph { nodes { id } } } } } }`, "", 200},
		{"too many reads", `{ flows(first: 200) { edges { node { graph { nodes { id } } trace { id } } } } }`, "query_too_expensive", 200},
		{"bytes read", `{ trace(traceId: "big") { a1: id a2: id a3: id a4: id a5: id a6: id spans { id } } }`, "", 200},
		{"too many bytes read", `{ trace(traceId: "big") { a1: id a2: id a3: id a4: id spans { a5: id a6: id a7: id a8: id } } }`, "query_too_expensive", 200},
		{"too many in two fields", `{ a: flows(first: 200) { edges { node { trace { id } } } } b: services(first: 200) { edges { node { operations } } } }`, "query_too_expensive", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{}
			status, a := post(t, newHandler(t, f), c.query, "null")
			code := ""
			if len(a.Errors) > 0 {
				code = a.Errors[0].Extensions.Code
			}
			if status != c.status || code != c.code {
				t.Errorf("%d %+v", status, a.Errors)
			}
			if c.name == "too many reads" && len(f.asked) > 0 {
				t.Errorf("asked %v", f.asked)
			}
		})
	}
}

// What is asked for twice in a request is read once.
func TestReadsAreShared(t *testing.T) {
	f := &fake{rows: 3}
	_, a := post(t, newHandler(t, f), `{
		flows { edges { node { criticalPath { name } errors { name } trace { spans { id } flow { sequence { name } } } } } }
		again: flows { edges { node { graph2: criticalPath { name } } } }
		flow(flowId: "f1") { graph { nodes { id } } }
	}`, "null")
	if len(a.Errors) > 0 || len(f.asked) != 1+3+3 {
		t.Errorf("%+v, asked %d times: %q", a.Errors, len(f.asked), f.asked)
	}
}

// Pages of every size and start are the rows of the list, each once, in order.
func TestPaging(t *testing.T) {
	f := &fake{rows: 11}
	h := newHandler(t, f)
	for size := 1; size <= 12; size++ {
		var names []string
		after, more, within := "", true, false
		for more {
			cursor := "null"
			if after != "" {
				cursor = strconv.Quote(after)
			}
			_, a := post(t, h, `query($n: Int, $c: String) { operations(first: $n, after: $c) { totalCount pageInfo { hasNextPage endCursor } edges { cursor node { name } } } }`,
				fmt.Sprintf(`{"n": %d, "c": %s}`, size, cursor))
			var got struct {
				Operations connection[operation]
			}
			if err := json.Unmarshal(a.Data, &got); err != nil || len(a.Errors) > 0 || got.Operations.TotalCount != 11 || len(got.Operations.Edges) > size {
				t.Fatal(err, a.Errors, string(a.Data))
			}
			for _, e := range got.Operations.Edges {
				names = append(names, e.Node.Name)
			}
			// Go on behind the first row of the first page: within a page of REST.
			if e := got.Operations.Edges; !within && len(e) > 1 {
				names, after, within = names[:1], e[0].Cursor, true
				continue
			}
			after, more = *got.Operations.PageInfo.EndCursor, got.Operations.PageInfo.HasNextPage
		}
		if got := strings.Join(names, " "); got != "n0 n1 n2 n3 n4 n5 n6 n7 n8 n9 n10" {
			t.Errorf("pages of %d: %s", size, got)
		}
	}
}

// A cursor of traces is that of REST.
func TestTraceCursors(t *testing.T) {
	f := &fake{}
	h := newHandler(t, f)
	_, a := post(t, h, `{ traces(first: 2) { partial reasons pageInfo { hasNextPage endCursor } edges { cursor node { id } } } }`, "null")
	want := `{"traces":{"partial":true,"reasons":["time_limit"],"pageInfo":{"hasNextPage":true,"endCursor":"c1"},` +
		`"edges":[{"cursor":"ca","node":{"id":"a"}},{"cursor":"cb","node":{"id":"b"}}]}}`
	if string(a.Data) != want {
		t.Errorf("got %s", a.Data)
	}
	post(t, h, `{ traces(first: 2, after: "ca") { edges { node { id } } } }`, "null")
	if f.asked[1] != "traces ?cursor=ca&limit=2" {
		t.Errorf("asked %s", f.asked)
	}
}

// Without first, or with a variable that is not given or null, a page has as many
// rows as the schema says.
func TestFirst(t *testing.T) {
	for query, variables := range map[string]string{
		`{ operations { totalCount } }`:                                "null",
		`{ operations(first: null) { totalCount } }`:                   "null",
		`query($n: Int) { operations(first: $n) { totalCount } }`:      "{}",
		`query($n: Int!) { operations(first: $n) { totalCount } }`:     `{"n": 100}`,
		`query($o: Int = 100) { operations(first: $o) { totalCount }}`: "{}",
		`query($m: Int) { operations(first: $m) { totalCount } }`:      `{"m": null}`,
	} {
		f := &fake{rows: 1}
		_, a := post(t, newHandler(t, f), query, variables)
		if len(a.Errors) > 0 || len(f.asked) != 1 || !strings.Contains(f.asked[0], "pageSize=100") {
			t.Errorf("%s: %+v, asked %q", query, a.Errors, f.asked)
		}
	}
}

// What retention takes between two reads is missing from its row alone.
func TestGoneTrace(t *testing.T) {
	f := &fake{rows: 4, gone: true}
	status, a := post(t, newHandler(t, f), `{ flows { edges { node { id trace { spans { id } } sequence { step } criticalPath { name } errors { name } } } } }`, "null")
	if n := strings.Count(string(a.Data), `"trace":null,"sequence":[],"criticalPath":[],"errors":[]`); status != http.StatusOK || len(a.Errors) > 0 || n != 1 {
		t.Errorf("%d %+v %s", status, a.Errors, a.Data)
	}
}

// A service of a list is asked for as what it is, also without a namespace or an
// environment.
func TestServiceOfList(t *testing.T) {
	f := &fake{rows: 1}
	_, a := post(t, newHandler(t, f), `{ services { edges { node { name partial } } } service(name: "a", namespace: "", environment: "e") { name } }`, "null")
	asked := strings.Join(f.asked, "\n")
	if len(a.Errors) > 0 || !strings.Contains(asked, "services/{serviceName} n0?exact=true") || !strings.Contains(asked, "services/{serviceName} a?environment=e&exact=true") {
		t.Errorf("%+v, asked\n%s", a.Errors, asked)
	}
}

package graphql

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// What is wrong with a query is said with a code and the argument at fault.
func TestErrors(t *testing.T) {
	h := newHandler(t, &fake{rows: 1})
	for _, c := range []struct {
		query, variables, code, field string
		status                        int
	}{
		{`{ flows(operaton: "x") { totalCount } }`, "null", "unknown_parameter", "operaton", 400},
		{`{ flows(first: "x") { totalCount } }`, "null", "invalid_parameter", "first", 400},
		{`{ flows(first: 0) { totalCount } }`, "null", "invalid_parameter", "first", 200},
		{`{ flows(first: 201) { totalCount } }`, "null", "invalid_parameter", "first", 200},
		{`{ traces(first: -1) { partial } }`, "null", "invalid_parameter", "first", 200},
		{`{ services(first: 1001) { totalCount } }`, "null", "invalid_parameter", "first", 200},
		{`{ flows(after: "cm93") { totalCount } }`, "null", "invalid_parameter", "after", 200},
		{`{ flows(status: failed) { totalCount } }`, "null", "invalid_parameter", "status", 400},
		{"{\n flows(operation: \"é\", first: [1]) { totalCount } }", "null", "invalid_parameter", "first", 400},
		{`{ traces(attribute: [1]) { partial } }`, "null", "invalid_parameter", "attribute", 400},
		{`query($n: Int) { flows(first: $n) { totalCount } }`, `{"n": "x"}`, "invalid_parameter", "n", 400},
		{`query($n: Int) { flows(first: $n) { totalCount } }`, `{"n": 5e9}`, "invalid_parameter", "n", 400},
		{`query($a: [String!]) { traces(attribute: $a) { partial } }`, `{"a": ["x", 5]}`, "invalid_parameter", "a", 400},
		{`query($a: [String!]) { traces(attribute: $a) { partial } }`, `{"a": ["x", null]}`, "invalid_parameter", "a", 400},
		{`query($s: FlowStatus) { flows(status: $s) { partial } }`, `{"s": "failed"}`, "invalid_parameter", "s", 400},
		{`{ service(name: "") { name } }`, "null", "invalid_parameter", "name", 200},
		{`{ flow { id } }`, "null", "invalid_parameter", "flowId", 400},
		{`{ nothing }`, "null", "invalid_query", "", 400},
		{`{ flows { totalCount }`, "null", "invalid_query", "", 400},
		{`mutation { flows }`, "null", "invalid_query", "", 400},
		{`subscription { flows }`, "null", "invalid_query", "", 400},
		{`{ flow(flowId: "boom") { id } }`, "null", "internal", "", 200},
		{`{ flow(flowId: "panic") { id } }`, "null", "internal", "", 200},
	} {
		t.Run(c.query, func(t *testing.T) {
			status, a := post(t, h, c.query, c.variables)
			if status != c.status || len(a.Errors) == 0 || a.Errors[0].Extensions.Code != c.code || a.Errors[0].Extensions.Field != c.field {
				t.Fatalf("%d %+v", status, a.Errors)
			}
			if text := a.Errors[0].Message; !strings.Contains(text, c.field) || text == "" || strings.Contains(text, "fire") {
				t.Errorf("message %q", text)
			}
		})
	}
}

// A time is taken as REST takes it.
func TestTimeArguments(t *testing.T) {
	for _, value := range []string{`"now-1h"`, `"2027-01-15T08:00:00Z"`, `"1800000000000000001"`, `1800000000`, `1800000000000.0`} {
		for _, query := range []string{`{ stats(startTime: ` + value + `) { partial } }`, `query($t: Time) { stats(startTime: $t) { partial } }`} {
			f := &fake{}
			_, a := post(t, newHandler(t, f), query, `{"t": `+value+`}`)
			want := "stats ?startTime=" + url.QueryEscape(strings.TrimSuffix(strings.Trim(value, `"`), ".0"))
			if len(a.Errors) > 0 || len(f.asked) != 1 || f.asked[0] != want {
				t.Errorf("%s: %+v, asked %q", query, a.Errors, f.asked)
			}
		}
	}
}

// Unix ns are as exact in variables as in a query.
func TestTimeVariable(t *testing.T) {
	f := &fake{}
	_, a := post(t, newHandler(t, f), `query($t: Time) { stats(startTime: $t) { partial } }`, `{"t": 1800000000000000001}`)
	if len(a.Errors) > 0 || len(f.asked) != 1 || f.asked[0] != "stats ?startTime=1800000000000000001" {
		t.Errorf("%+v, asked %q", a.Errors, f.asked)
	}
}

func TestAliases(t *testing.T) {
	for query, want := range map[string]int{
		`{ a: b c d : e(f: 1, g: {h: ")"}) { i: j } } # k: l`:    3,
		`query q($a: Int = 1) { b(c: """ "d": ( """) { e: f } }`: 1,
		`{ a(b: "c\"d: (") { e: f } }`:                           1,
	} {
		if got := aliases(query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	for n, want := range map[int]int64{0: 1, 3: 8, 8: 256, 9: MaxSelections, 100: MaxSelections} {
		if got := repeats("{" + strings.Repeat(" a: b", n) + "}"); got != want {
			t.Errorf("%d aliases: %d, want %d", n, got, want)
		}
	}
}

// Requests that are none are answered in GraphQL's form.
func TestRequests(t *testing.T) {
	h := newHandler(t, &fake{})
	good := url.Values{"query": {`query a($t: Time) { stats(startTime: $t) { partial } } query b { nothing: __typename }`}, "operationName": {"a"}, "variables": {`{"t": 5}`}}
	for _, c := range []struct {
		method, url, contentType, body string
		status                         int
		says                           string
	}{
		{"GET", "/graphql?" + good.Encode(), "", "", 200, `{"data":{"stats":{"partial":false}}}`},
		{"GET", "/graphql", "", "", 400, "query is missing"},
		{"GET", "/graphql?query=%7Bstatus%7Bversion%7D%7D&x=1", "", "", 400, `"code":"unknown_parameter","field":"x"`},
		{"GET", "/graphql?query=a&query=b", "", "", 400, "2 times"},
		{"GET", "/graphql?query=a&variables=1", "", "", 400, `"field":"variables"`},
		{"GET", "/graphql?a=%zz", "", "", 400, "malformed"},
		{"POST", "/graphql", "text/plain", `{"query":"{__typename}"}`, 415, "application/json"},
		{"POST", "/graphql", "", `{"query":"{__typename}"}`, 415, "application/json"},
		{"POST", "/graphql", "application/json", `{"query":`, 400, "no GraphQL request"},
		{"POST", "/graphql", "application/json", `[]`, 400, "no GraphQL request"},
		{"POST", "/graphql", "application/json", `{}`, 400, "query is missing"},
		{"POST", "/graphql", "application/json", strings.Repeat(" ", maxBody+1), 413, "query_too_large"},
		{"PUT", "/graphql", "application/json", `{}`, 405, "method_not_allowed"},
	} {
		r := httptest.NewRequest(c.method, c.url, strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.contentType)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %q: %d %s", c.method, c.url, c.body, w.Code, w.Body)
		}
	}
}

// No body makes the handler panic or answer with a status of the server's fault.
func FuzzBody(f *testing.F) {
	f.Add(`{"query": "{ flows(first: 2) { edges { cursor node { id trace { spans { id } } } } } }"}`)
	f.Add(`{"query": "query($t: Time) { stats(startTime: $t) { partial } }", "variables": {"t": [1]}}`)
	f.Add(`{"query": "{ ...a } fragment a on Query { ...a }", "operationName": "x"}`)
	f.Add("{\"query\": \"{ flows(after: \\\"cm93OjE\\\", startTime: {a: [$b]}) { totalCount } }\"}")
	h := newHandler(f, &fake{rows: 2})
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/api/apitest"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

func loadOpenAPI(t *testing.T) *openapi3.T {
	t.Helper()
	body := newFixture(t, nil).get("/api/v1/openapi.json").Body.Bytes()
	doc, err := openapi3.NewLoader().LoadFromData(body)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

// patterns is what a server has handlers of the REST API for.
func patterns() []string {
	list := (&server{}).answers(nil).Endpoints()
	for i := range list {
		list[i] = "GET /api/v1/" + list[i]
	}
	return list
}

// What is served is described, and what is described is served.
func TestOpenAPIDescribesEveryRoute(t *testing.T) {
	doc := loadOpenAPI(t)
	served := map[string]bool{}
	for _, pattern := range patterns() {
		served[pattern] = true
		method, path, _ := strings.Cut(pattern, " ")
		item := doc.Paths.Value(path)
		if item == nil || item.GetOperation(method) == nil {
			t.Errorf("%s is not described", pattern)
		}
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			if !served[method+" "+path] {
				t.Errorf("%s %s is described but not served", method, path)
			}
		}
	}
}

// Each endpoint accepts exactly the query parameters that are described: the
// ones it asks for when it is given none.
func TestOpenAPIDescribesEveryParameter(t *testing.T) {
	doc, f := loadOpenAPI(t), newFixture(t, nil)
	for _, pattern := range patterns() {
		_, path, _ := strings.Cut(pattern, " ")
		p := problemIn(t, f.get(strings.NewReplacer("{", "", "}", "").Replace(path)+"?nonsense="))
		_, list, _ := strings.Cut(p.Detail, "accepted: ")
		accepted := strings.Split(list, ", ")
		if list == "none" {
			accepted = nil
		}
		if p.Code != "unknown_parameter" {
			t.Errorf("%s accepts nonsense: %+v", pattern, p)
		}
		var described []string
		for _, ref := range operationOf3(doc, pattern).Parameters {
			if ref.Value.In == openapi3.ParameterInQuery {
				described = append(described, ref.Value.Name)
			}
		}
		slices.Sort(described)
		slices.Sort(accepted)
		if !slices.Equal(described, accepted) {
			t.Errorf("%s: described %v, accepted %v", pattern, described, accepted)
		}
	}
}

func operationOf3(doc *openapi3.T, pattern string) *openapi3.Operation {
	method, path, _ := strings.Cut(pattern, " ")
	return doc.Paths.Value(path).GetOperation(method)
}

// Every answer fits its schema, which allows no field it does not name.
func TestAnswersFitOpenAPI(t *testing.T) {
	doc, f := loadOpenAPI(t), newFixture(t, nil)
	asked := map[string]bool{}
	for name, url := range apitest.Questions() {
		t.Run(name, func(t *testing.T) { asked[validate(t, doc, f, url)] = true })
	}
	for name, url := range map[string]string{
		"unknown parameter": "/api/v1/flows?x=1",
		"bad id":            "/api/v1/flows/xyz",
		"not found":         "/api/v1/traces/00000000000000000000000000000001",
		"no service":        "/api/v1/services/nobody",
		"openapi":           "/api/v1/openapi.json",
		"no upgrade":        "/api/v1/ws",
	} {
		t.Run(name, func(t *testing.T) { asked[validate(t, doc, f, url)] = true })
	}
	for _, pattern := range patterns() {
		if !asked[pattern] {
			t.Errorf("%s was not asked", pattern)
		}
	}
}

// An open flow has a status that no list of counted flows has.
func TestActiveFlowFitsOpenAPI(t *testing.T) {
	doc, f := loadOpenAPI(t), newFixture(t, uncounted)
	id := querytest.TraceID(apitest.Checkout).String()
	validate(t, doc, f, "/api/v1/flows/"+id)
	validate(t, doc, f, "/api/v1/traces/"+id)
}

// uncounted is of a server whose flows are all open.
func uncounted(c *Config) {
	c.Counted = func(context.Context, model.TraceID) (bool, error) { return false, nil }
}

// A span that has everything a span can have is described.
func TestRichTraceFitsOpenAPI(t *testing.T) {
	f := newFixture(t, nil)
	*f.reader = *querytest.New(analyze.Config{}, apitest.RichTrace())
	validate(t, loadOpenAPI(t), f, "/api/v1/traces/"+model.TraceID{1}.String())
}

// The validation itself must fail for a field that is not described.
func TestOpenAPIRefusesUndescribedFields(t *testing.T) {
	doc := loadOpenAPI(t)
	schema := doc.Components.Schemas["FlowEdge"].Value
	edge := map[string]any{
		"from": "a", "to": "b", "callCount": 1.0, "errorCount": 0.0, "errorRate": 0.0, "avgLatency": 1.0, "p50Latency": 1.0,
		"p95Latency": 1.0, "p99Latency": 1.0, "retryCount": 0.0, "circuitBreakCount": 0.0,
	}
	if err := schema.VisitJSON(edge); err != nil {
		t.Fatal(err)
	}
	edge["callcount"] = 1.0
	if schema.VisitJSON(edge) == nil {
		t.Error("a field that is not described passes")
	}
	delete(edge, "callcount")
	delete(edge, "retryCount")
	if schema.VisitJSON(edge) == nil {
		t.Error("a missing field passes")
	}
}

// validate asks and holds the answer to its description. It returns the
// pattern that was asked.
func validate(t *testing.T, doc *openapi3.T, f *fixture, url string) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, url, nil)
	mux := http.NewServeMux()
	for _, pattern := range patterns() {
		mux.Handle(pattern, http.NotFoundHandler())
	}
	_, pattern := mux.Handler(r)
	w := f.get(url)
	_, path, _ := strings.Cut(pattern, " ")
	item := doc.Paths.Value(path)
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: r, Route: &routers.Route{Spec: doc, Path: path, PathItem: item, Method: r.Method, Operation: item.Get},
		},
		Status: w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(context.WithoutCancel(t.Context()), input); err != nil {
		t.Errorf("%s: %v\n%s", url, err, w.Body)
	}
	return pattern
}

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

// What is served is described, and what is described is served.
func TestOpenAPIDescribesEveryRoute(t *testing.T) {
	doc := loadOpenAPI(t)
	served := (&server{}).endpoints()
	for pattern := range served {
		method, path, _ := strings.Cut(pattern, " ")
		item := doc.Paths.Value(path)
		if item == nil || item.GetOperation(method) == nil {
			t.Errorf("%s is not described", pattern)
		}
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			if served[method+" "+path] == nil {
				t.Errorf("%s %s is described but not served", method, path)
			}
		}
	}
}

// Each endpoint accepts exactly the query parameters that are described: the
// ones it asks for when it is given none.
func TestOpenAPIDescribesEveryParameter(t *testing.T) {
	doc := loadOpenAPI(t)
	s := &server{}
	for pattern, answer := range s.endpoints() {
		p := &params{values: map[string][]string{"nonsense": {""}}, now: now}
		if _, err := answer(httptest.NewRequest(http.MethodGet, "/", nil), p); err == nil {
			t.Errorf("%s accepts nonsense", pattern)
		}
		var described []string
		for _, ref := range operationOf3(doc, pattern).Parameters {
			if ref.Value.In == openapi3.ParameterInQuery {
				described = append(described, ref.Value.Name)
			}
		}
		slices.Sort(described)
		slices.Sort(p.known)
		if !slices.Equal(described, p.known) {
			t.Errorf("%s: described %v, accepted %v", pattern, described, p.known)
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
	patterns := map[string]bool{}
	for name, url := range questions() {
		t.Run(name, func(t *testing.T) { patterns[validate(t, doc, f, url)] = true })
	}
	for name, url := range map[string]string{
		"unknown parameter": "/api/v1/flows?x=1",
		"bad id":            "/api/v1/flows/xyz",
		"not found":         "/api/v1/traces/00000000000000000000000000000001",
		"no service":        "/api/v1/services/nobody",
		"openapi":           "/api/v1/openapi.json",
		"no upgrade":        "/api/v1/ws",
	} {
		t.Run(name, func(t *testing.T) { patterns[validate(t, doc, f, url)] = true })
	}
	for pattern := range (&server{}).endpoints() {
		if !patterns[pattern] {
			t.Errorf("%s was not asked", pattern)
		}
	}
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
	for pattern := range (&server{}).endpoints() {
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

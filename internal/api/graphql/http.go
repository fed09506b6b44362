package graphql

import (
	"context"
	"encoding/json"
	stderrors "errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	gg "github.com/graph-gophers/graphql-go"
	"github.com/graph-gophers/graphql-go/errors"
)

// request is a query as GraphQL over HTTP has it.
type request struct {
	Query         string    `json:"query"`
	OperationName string    `json:"operationName"`
	Variables     variables `json:"variables"`
}

// ServeHTTP answers a query. The status is 200 when it was executed, whatever
// became of its fields; what is wrong with the request or the query is a 4xx, in
// the same form. A request for a WebSocket gets one.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		h.serveSocket(w, r)
		return
	}
	q, status, fault := readRequest(w, r)
	if fault != nil {
		if status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", "GET, HEAD, POST")
		}
		write(w, status, refusal(fault))
		return
	}
	answer := h.answer(r.Context(), q)
	write(w, statusOf(answer), answer)
}

// answer executes a query.
func (h *handler) answer(ctx context.Context, q request) *gg.Response {
	if h.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, h.Timeout)
		defer cancel()
	}
	answer := h.schema.Exec(withRun(ctx, h.REST, h.Now(), q.Query), q.Query, q.OperationName, q.Variables)
	if slices.ContainsFunc(answer.Errors, isUnfit) {
		answer.Data = nil // what is wrong with a variable is wrong with the request
	}
	explain(q, answer.Errors)
	return answer
}

// refusal is the answer to what is not executed.
func refusal(fault *Error) *gg.Response {
	return &gg.Response{Errors: []*errors.QueryError{{Message: fault.Detail, Extensions: fault.Extensions()}}}
}

// executed reports whether a query was, whatever became of its fields.
func executed(answer *gg.Response) bool {
	return len(answer.Errors) == 0 || (len(answer.Data) > 0 && answer.Errors[0].Extensions["code"] != tooLarge)
}

// statusOf tells a query that could not be executed from one that was.
func statusOf(answer *gg.Response) int {
	switch {
	case executed(answer):
		return http.StatusOK
	case answer.Errors[0].Extensions["code"] == "timeout":
		return http.StatusGatewayTimeout
	default:
		return http.StatusBadRequest
	}
}

func write(w http.ResponseWriter, status int, answer *gg.Response) {
	body, err := json.Marshal(answer)
	if err != nil { // a message is text, a path strings and numbers
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body) //nolint:errcheck // the client has gone
}

func bad(field, detail string) *Error {
	return &Error{Code: "invalid_parameter", Field: field, Detail: detail}
}

// readRequest reads a query from the parameters of a GET or the body of a POST.
func readRequest(w http.ResponseWriter, r *http.Request) (q request, status int, fault *Error) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		q, fault = fromURL(r.URL.RawQuery)
	case http.MethodPost:
		// Anything else could come from another site's form.
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			return q, http.StatusUnsupportedMediaType, bad("", "the body of a POST is application/json")
		}
		q, fault = fromBody(http.MaxBytesReader(w, r.Body, maxBody))
	default:
		return q, http.StatusMethodNotAllowed, &Error{Code: "method_not_allowed", Detail: "GraphQL is asked with GET or POST"}
	}
	switch {
	case fault != nil && fault.Code == tooLarge:
		return q, http.StatusRequestEntityTooLarge, fault
	case fault != nil:
		return q, http.StatusBadRequest, fault
	}
	fault = q.check()
	if fault != nil && fault.Code == tooLarge {
		return q, http.StatusRequestEntityTooLarge, fault
	}
	return q, http.StatusBadRequest, fault
}

// check looks at what every query must be, however it came.
func (q *request) check() *Error {
	switch {
	case q.Query == "":
		return bad("query", "query is missing")
	case len(q.Query) > MaxQuery:
		return &Error{Code: tooLarge, Field: "query", Detail: fmt.Sprintf("query has %d bytes, %d are accepted", len(q.Query), MaxQuery)}
	}
	return nil
}

func fromURL(raw string) (q request, fault *Error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q, bad("", "the query string is malformed: "+err.Error())
	}
	for name, list := range values {
		switch {
		case name != "query" && name != "operationName" && name != "variables":
			return q, &Error{Code: "unknown_parameter", Field: name,
				Detail: fmt.Sprintf("unknown parameter %q; accepted: query, operationName, variables", name)}
		case len(list) > 1:
			return q, bad(name, fmt.Sprintf("%s is given %d times, once is accepted", name, len(list)))
		}
	}
	q.Query, q.OperationName = values.Get("query"), values.Get("operationName")
	if v := values.Get("variables"); v != "" {
		if err := json.Unmarshal([]byte(v), &q.Variables); err != nil {
			return q, bad("variables", "variables are no JSON object: "+err.Error())
		}
	}
	return q, nil
}

func fromBody(body io.Reader) (q request, fault *Error) {
	content, err := io.ReadAll(body)
	var large *http.MaxBytesError
	switch {
	case stderrors.As(err, &large):
		return q, &Error{Code: tooLarge, Detail: fmt.Sprintf("the body has more than %d bytes", maxBody)}
	case err != nil:
		return q, bad("", "the body could not be read")
	}
	if err := json.Unmarshal(content, &q); err != nil {
		return q, bad("", "the body is no GraphQL request in JSON: "+err.Error())
	}
	return q, nil
}

package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/flowscope/flowscope/internal/model"
)

// problem is an error as RFC 9457 has it. Code is stable: programs may rely on
// it. Detail is for people.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Code      string `json:"code"`
	Field     string `json:"field,omitempty"` // the parameter at fault
	RequestID string `json:"requestId"`
}

// Error makes a problem an error, so that answers can return one.
func (p *problem) Error() string { return p.Detail }

// badParameter says what is wrong with a parameter and what is accepted.
func badParameter(field, detail string) *problem {
	return &problem{Status: http.StatusBadRequest, Code: "invalid_parameter", Field: field, Detail: detail}
}

// problemOf maps an error to what the client may know of it.
func problemOf(err error) problem {
	var p *problem
	switch {
	case errors.As(err, &p):
		return *p
	case errors.Is(err, model.ErrNotFound) && errors.Is(err, model.ErrPartial):
		return problem{Status: http.StatusNotFound, Code: "not_found",
			Detail: "there is nothing of that id in what can be read; a damaged block may have it"}
	case errors.Is(err, model.ErrNotFound):
		return problem{Status: http.StatusNotFound, Code: "not_found", Detail: "there is nothing of that name or id"}
	case errors.Is(err, context.DeadlineExceeded):
		return problem{Status: http.StatusGatewayTimeout, Code: "timeout",
			Detail: "the answer took too long; a shorter time range is quicker"}
	case errors.Is(err, context.Canceled):
		return problem{Status: statusClientGone, Code: "client_gone", Detail: "the client closed the request"}
	default:
		return problem{Status: http.StatusInternalServerError, Code: "internal",
			Detail: "the server failed to answer; its log says why under this request's id"}
	}
}

// statusClientGone is what proxies log when nobody is left to answer.
const statusClientGone = 499

// writeProblem answers a request with an error. What the client is not told
// goes to the request's log record.
func writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		noteError(r.Context(), err)
	}
	p.Type = "about:blank"
	p.Title = http.StatusText(p.Status)
	p.RequestID = requestID(r.Context())
	w.Header().Set("Cache-Control", "no-store")
	writeTyped(w, p.Status, problemType, p)
}

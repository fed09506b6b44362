package rest

import (
	"context"
	"errors"
	"net/http"

	"github.com/flowscope/flowscope/internal/model"
)

// Problem is an error as RFC 9457 has it. Code is stable: programs may rely on
// it. Detail is for people.
type Problem struct { //nolint:errname // the RFC's word
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Code      string `json:"code"`
	Field     string `json:"field,omitempty"` // the parameter at fault
	RequestID string `json:"requestId"`
}

// Error makes a problem an error, so that answers can return one.
func (p *Problem) Error() string { return p.Detail }

// BadParameter says what is wrong with a parameter and what is accepted.
func BadParameter(field, detail string) *Problem {
	return &Problem{Status: http.StatusBadRequest, Code: "invalid_parameter", Field: field, Detail: detail}
}

// ProblemOf maps an error to what the client may know of it.
func ProblemOf(err error) Problem {
	var p *Problem
	switch {
	case errors.As(err, &p):
		return *p
	case errors.Is(err, model.ErrNotFound) && errors.Is(err, model.ErrPartial):
		return Problem{Status: http.StatusNotFound, Code: "not_found",
			Detail: "there is nothing of that id in what can be read; a damaged block may have it"}
	case errors.Is(err, model.ErrNotFound):
		return Problem{Status: http.StatusNotFound, Code: "not_found", Detail: "there is nothing of that name or id"}
	case errors.Is(err, context.DeadlineExceeded):
		return Problem{Status: http.StatusGatewayTimeout, Code: "timeout",
			Detail: "the answer took too long; a shorter time range is quicker"}
	case errors.Is(err, context.Canceled):
		return Problem{Status: statusClientGone, Code: "client_gone", Detail: "the client closed the request"}
	default:
		return Problem{Status: http.StatusInternalServerError, Code: "internal",
			Detail: "the server failed to answer; its log says why under this request's id"}
	}
}

// statusClientGone is what proxies log when nobody is left to answer.
const statusClientGone = 499

// WriteProblem answers a request with an error. What the client is not told
// goes to the request's log record.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := ProblemOf(err)
	if p.Status >= http.StatusInternalServerError {
		NoteError(r.Context(), err)
	}
	p.Type = "about:blank"
	p.Title = http.StatusText(p.Status)
	p.RequestID = requestID(r.Context())
	w.Header().Set("Cache-Control", "no-store")
	writeTyped(w, p.Status, problemType, p)
}

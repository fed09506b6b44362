package demo

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// statusClientGone is nginx's code for a caller that hung up before the answer.
const statusClientGone = 499

// failure is why a request cannot be served: the HTTP status to answer and a reason for people.
type failure struct {
	status int
	reason string
	cause  error
}

func (f *failure) Error() string { return f.reason }

func (f *failure) Unwrap() error { return f.cause }

// ErrorType is the value of the error.type attribute.
func (f *failure) ErrorType() string {
	if f.status == http.StatusGatewayTimeout {
		return "timeout"
	}
	return strconv.Itoa(f.status)
}

// asFailure gives any error of a step the status a server answers with.
func asFailure(err error) *failure {
	var f *failure
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{http.StatusGatewayTimeout, "deadline exceeded", err}
	case errors.Is(err, context.Canceled):
		return &failure{statusClientGone, "caller went away", err}
	default:
		return &failure{http.StatusInternalServerError, err.Error(), err}
	}
}

// callFailure is asFailure for a call to another service that got no answer.
func callFailure(service string, err error) *failure {
	switch {
	case errors.Is(err, circuitOpenError{}):
		return &failure{http.StatusServiceUnavailable, service + ": " + circuitOpenError{}.Error(), err}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return asFailure(err)
	default:
		return &failure{http.StatusBadGateway, service + ": " + err.Error(), err}
	}
}

// statusFailure is what an answer of 400 and above means to the caller: our caller's fault and overload are passed on, the rest
// is a bad gateway.
func statusFailure(service string, status int) *failure {
	if status == http.StatusGatewayTimeout {
		return &failure{status, "deadline exceeded", nil}
	}
	reason := service + " answered " + strconv.Itoa(status) + " " + http.StatusText(status)
	if status >= 500 && status != http.StatusServiceUnavailable {
		status = http.StatusBadGateway
	}
	return &failure{status, reason, nil}
}

// endSpan ends a span of our own making with the outcome err.
func endSpan(span trace.Span, err error) {
	if err != nil {
		f := asFailure(err)
		span.SetAttributes(semconv.ErrorType(f))
		span.SetStatus(codes.Error, f.reason)
	}
	span.End()
}

package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/model"
)

func (s *server) log(r *http.Request, e *rest.Exchange) {
	if e.Panic != nil {
		s.Logger.Error("panic in request", "request_id", e.ID, "panic", e.Panic, "stack", string(e.Stack))
	}
	level := slog.LevelDebug
	switch {
	case e.Status >= http.StatusInternalServerError, e.Err != nil:
		level = slog.LevelError
	case e.Status >= http.StatusBadRequest:
		level = slog.LevelInfo
	}
	attrs := []slog.Attr{
		slog.String("request_id", e.ID), slog.String("method", r.Method), slog.String("route", route(r)),
		slog.Int("status", e.Status), slog.Duration("duration", e.Took),
	}
	if id, ok := callerTrace(r); ok {
		attrs = append(attrs, slog.String("trace_id", id.String()))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.Any("error", e.Err))
	}
	s.Logger.LogAttrs(context.WithoutCancel(r.Context()), level, "request", attrs...)
}

// route is the pattern a request matched: a bounded set, unlike its path.
func route(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	_, path, found := strings.Cut(r.Pattern, " ")
	if !found {
		return r.Pattern
	}
	return path
}

// callerTrace is the trace that the request says it belongs to: the second field
// of the W3C header "00-<trace id>-<parent id>-<flags>".
func callerTrace(r *http.Request) (model.TraceID, bool) {
	fields := strings.Split(r.Header.Get("Traceparent"), "-")
	if len(fields) < 4 {
		return model.TraceID{}, false
	}
	id, err := model.ParseTraceID(fields[1])
	return id, err == nil
}

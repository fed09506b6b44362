package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// exchange is what is noted about a request while it is answered.
type exchange struct {
	http.ResponseWriter
	id     string
	status int  // 0 until the header is written
	stream bool // how long it takes is up to the client

	mu  sync.Mutex // fields of a GraphQL answer fail side by side
	err error      // why the server failed, for the log
}

func (e *exchange) WriteHeader(status int) {
	if e.status == 0 {
		e.status = status
	}
	e.ResponseWriter.WriteHeader(status)
}

func (e *exchange) Write(b []byte) (int, error) {
	if e.status == 0 {
		e.status = http.StatusOK
	}
	return e.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (e *exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }

type exchangeKey struct{}

func requestID(ctx context.Context) string {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return e.id
	}
	return ""
}

func noteStream(ctx context.Context) {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		e.stream = true
	}
}

func noteError(ctx context.Context, err error) {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.err = err
	}
}

// observe gives a request its id, logs and counts it, and turns a panic into a
// 500 that harms nobody else.
func (s *server) observe(m *metrics, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		e := &exchange{ResponseWriter: w, id: idOf(r)}
		w.Header().Set("X-Request-Id", e.id)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e))
		defer func() {
			aborted := s.recovered(m, e, r, recover())
			m.observe(r, e, time.Since(began))
			s.log(r, e, time.Since(began))
			if aborted {
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(e, r)
	})
}

// recovered deals with a panic. It reports true when the connection has to be
// cut, because part of an answer is out already.
func (s *server) recovered(m *metrics, e *exchange, r *http.Request, cause any) (abort bool) {
	switch cause {
	case nil:
		return false
	case http.ErrAbortHandler:
		return true
	}
	m.panics.Inc()
	s.Logger.Error("panic in request", "request_id", e.id, "panic", cause, "stack", string(debug.Stack()))
	if e.status != 0 {
		return true
	}
	writeProblem(e, r, fmt.Errorf("panic: %v", cause))
	return false
}

func (s *server) log(r *http.Request, e *exchange, took time.Duration) {
	level := slog.LevelDebug
	switch {
	case e.status >= http.StatusInternalServerError, e.err != nil:
		level = slog.LevelError
	case e.status >= http.StatusBadRequest:
		level = slog.LevelInfo
	}
	attrs := []slog.Attr{
		slog.String("request_id", e.id), slog.String("method", r.Method), slog.String("route", route(r)),
		slog.Int("status", e.status), slog.Duration("duration", took),
	}
	if id, ok := callerTrace(r); ok {
		attrs = append(attrs, slog.String("trace_id", id.String()))
	}
	if e.err != nil {
		attrs = append(attrs, slog.Any("error", e.err))
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

// maxRequestID fits a UUID and most tracing headers.
const maxRequestID = 64

// idOf takes over the request's own id when it is short and plain, so that a
// proxy's logs and ours meet; else it makes one.
func idOf(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	if id == "" || len(id) > maxRequestID || strings.ContainsFunc(id, notPlain) {
		return rand.Text()
	}
	return id
}

func notPlain(c rune) bool {
	plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_.:", c)
	return !plain
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

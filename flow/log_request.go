package flow

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// requestInfo is what the context of a logged request carries.
type requestInfo struct {
	id      string
	handler *Handler
}

type requestKey struct{}

func requestOf(ctx context.Context) *requestInfo {
	r, _ := ctx.Value(requestKey{}).(*requestInfo)
	return r
}

// RequestID is the id of the request that ctx belongs to, empty outside of a
// RequestLogger.
func RequestID(ctx context.Context) string {
	if r := requestOf(ctx); r != nil {
		return r.id
	}
	return ""
}

const (
	requestIDHeader = "X-Request-Id"
	requestIDKey    = "request.id"
	// maxRequestID is what a caller's request id may take: two UUIDs.
	maxRequestID = 72
	// maxAgent bounds the user agent in a record, in bytes.
	maxAgent = 256
)

// RequestLogger logs each request when it arrives and when it is answered: its
// route, status, bytes and duration. It stands between the tracker's middleware
// and the router, so that its records name the flow:
//
//	http.ListenAndServe(addr, tracker.Middleware(flow.RequestLogger(logger)(mux)))
//
// The request has the id that came in X-Request-Id when that is a plain and
// short one, else a new one. The answer and requests through Transport carry it
// on, RequestID reads it, and Logger has it in every record. Answers of 500 and
// more are logged as errors. A nil logger is slog's default.
//
// When the router is a http.ServeMux, it is asked for the route before it
// serves: the flow has its name from the beginning.
func RequestLogger(logger *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		mux, _ := next.(*http.ServeMux)
		return &requestLogger{next: next, mux: mux, logger: logger}
	}
}

type requestLogger struct {
	next   http.Handler
	mux    *http.ServeMux // that next is, else nil
	logger *slog.Logger
}

func (l *requestLogger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if requestOf(r.Context()) != nil { // it is logged already
		l.next.ServeHTTP(w, r)
		return
	}
	began := time.Now()
	logger := l.logger
	if logger == nil {
		logger = slog.Default()
	}
	info := &requestInfo{id: r.Header.Get(requestIDHeader), handler: handlerOf(logger)}
	if !isPlainID(info.id) {
		info.id = newTraceID().String()
	}
	w.Header().Set(requestIDHeader, info.id)
	ctx := context.WithValue(r.Context(), requestKey{}, info)
	current(ctx).Set(String(requestIDKey, info.id))
	request := r.WithContext(ctx)
	answer, ours := w.(*response)
	if !ours {
		answer = &response{ResponseWriter: w}
	}
	route := l.route(answer, request)

	own := info.handler.of(ctx)
	own.quiet = true // the flow has it all
	log := slog.New(own)
	log.LogAttrs(ctx, slog.LevelInfo, "request started", slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.String("route", route), slog.String("remote_addr", r.RemoteAddr), slog.String("user_agent", plain(r.UserAgent(), maxAgent)))
	defer func() {
		cause := recover()
		r.Pattern = request.Pattern // which http.ServeMux told the copy of the request
		if request.Pattern != "" {
			route = routeOf(request.Pattern)
		}
		logAnswer(ctx, log, r, answer, route, time.Since(began), cause)
		if cause != nil {
			panic(cause)
		}
	}()
	l.next.ServeHTTP(answer, request)
}

// route names the flow as early as a http.ServeMux knows it.
func (l *requestLogger) route(w *response, r *http.Request) string {
	if l.mux == nil {
		return ""
	}
	_, pattern := l.mux.Handler(r)
	route := routeOf(pattern)
	if op := current(r.Context()); op != nil && op.parent == nil && route != "" {
		Route(r, route)
		w.early = op.Name()
	}
	return route
}

func logAnswer(ctx context.Context, log *slog.Logger, r *http.Request, w *response, route string, took time.Duration, cause any) {
	status, level := w.code(cause != nil), slog.LevelInfo
	if status >= http.StatusInternalServerError || cause != nil {
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.String("route", route), slog.Int("status", status),
		slog.Int64("bytes", w.bytes), slog.Float64("duration_ms", float64(took)/float64(time.Millisecond)),
	}
	if cause != nil {
		attrs = append(attrs, slog.String("panic", textOfAny(cause)))
	}
	log.LogAttrs(ctx, level, "request completed", attrs...)
}

// isPlainID reports whether an id may be repeated in headers and logs.
func isPlainID(id string) bool {
	for i := range len(id) {
		if c := id[i]; !isAlnum(c) && c != '-' && c != '_' && c != '.' && c != ':' && c != '/' && c != '+' && c != '=' {
			return false
		}
	}
	return id != "" && len(id) <= maxRequestID
}

package rest

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
)

// Exchange is what became of a request.
type Exchange struct {
	ID     string // the request's id
	Status int    // 0 when nothing was written
	Stream bool   // how long it took was up to the client
	Took   time.Duration
	Err    error  // why the answer failed, when the client is not told
	Panic  any    // what the handler panicked with, nil when it did not
	Stack  []byte // where
}

// exchange is what is noted about a request while it is answered.
type exchange struct {
	http.ResponseWriter
	Exchange

	mu sync.Mutex // over Err: fields of a GraphQL answer fail side by side
}

func (e *exchange) WriteHeader(status int) {
	if e.Status == 0 {
		e.Status = status
	}
	e.ResponseWriter.WriteHeader(status)
}

func (e *exchange) Write(b []byte) (int, error) {
	if e.Status == 0 {
		e.Status = http.StatusOK
	}
	return e.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (e *exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }

type exchangeKey struct{}

func requestID(ctx context.Context) string {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return e.ID
	}
	return ""
}

// NoteStream notes that how long the exchange takes is up to the client.
func NoteStream(ctx context.Context) {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		e.Stream = true
	}
}

// NoteError notes why an answer failed for the one who is told of the exchange.
func NoteError(ctx context.Context, err error) {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.Err = err
	}
}

// NoteFailure notes an error of a part of the exchange. A stream's record would
// come when it has ended, and is not waited for.
func NoteFailure(ctx context.Context, log *slog.Logger, err error) {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok && e.Stream {
		log.ErrorContext(ctx, "failure in stream", "request_id", e.ID, "error", err)
		return
	}
	NoteError(ctx, err)
}

// Observe gives requests their id, turns a panic into a 500 that harms nobody
// else, and tells what became of each request. The request that tell is given
// has the pattern that it matched.
func Observe(next http.Handler, tell func(*http.Request, Exchange)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		e := &exchange{ResponseWriter: w, Exchange: Exchange{ID: idOf(r)}}
		w.Header().Set("X-Request-Id", e.ID)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e))
		defer func() {
			aborted := e.recovered(r, recover())
			e.Took = time.Since(began)
			e.mu.Lock()
			told := e.Exchange
			e.mu.Unlock()
			tell(r, told)
			if aborted {
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(e, r)
	})
}

// recovered deals with a panic. It reports true when the connection has to be
// cut, because part of an answer is out already.
func (e *exchange) recovered(r *http.Request, cause any) (abort bool) {
	switch cause {
	case nil:
		return false
	case http.ErrAbortHandler:
		return true
	}
	e.Panic, e.Stack = cause, debug.Stack()
	if e.Status != 0 {
		return true
	}
	WriteProblem(e, r, fmt.Errorf("panic: %v", cause))
	return false
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

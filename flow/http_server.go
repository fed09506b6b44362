package flow

import (
	"net/http"
	"strings"
)

// Middleware records every request as a flow, or as a part of the caller's when
// it came with a traceparent header. The flow is named by its method and the
// http.ServeMux pattern that served it, never by its path; Route names it for
// other routers. Requests of these names only are in the statistics, so that
// they stay few. A panic is recorded and goes on. Within a request that the
// tracker records already another Middleware of it records nothing.
//
// The ResponseWriter that handlers get can do all that the server's can.
func (t *Tracker) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.handle(next, w, r) })
}

func (t *Tracker) handle(next http.Handler, w http.ResponseWriter, r *http.Request) {
	if op := current(r.Context()); !t.enabled.Load() || op != nil && op.run.tracker == t && op.serves() {
		next.ServeHTTP(w, r)
		return
	}
	t.serve(next, w, r)
}

// serves reports whether an operation is part of a request that is recorded.
// Others may be in a request's context as well: main's in all of a server.
func (o *Op) serves() bool {
	o.run.mu.Lock()
	defer o.run.mu.Unlock()
	for ; o != nil; o = o.parent {
		if o.span != nil && o.kind == Server {
			return true
		}
	}
	return false
}

func (t *Tracker) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	ctx, caller := Extract(r.Context(), r.Header)
	attrs := [4]Attr{String("http.request.method", method(r.Method)), String("url.path", r.URL.Path)}
	n := 2
	if names := r.Header["X-Operation-Name"]; len(names) > 0 && names[0] != "" {
		attrs[n] = String(operationKey, names[0])
		n++
	}
	ctx, op := t.root(ctx, method(r.Method), origin{kind: Server, parent: caller}, attrs[:n])
	request := r.WithContext(ctx)
	answer := response{ResponseWriter: w}
	defer func() {
		cause := recover()
		if cause != nil && cause != http.ErrAbortHandler { //nolint:errorlint // a panic's value, which net/http compares so, too
			op.Panicked(cause)
		}
		r.Pattern = request.Pattern // for who stands in front and sees only its own copy
		answer.finish(op, request, cause)
		if cause != nil {
			panic(cause)
		}
	}()
	next.ServeHTTP(&answer, request)
}

// finish ends the operation with what is known when the request was answered,
// or when a panic ended that.
func (w *response) finish(op *Op, r *http.Request, cause any) {
	now := op.run.now()
	if !op.lock() {
		return
	}
	defer op.run.mu.Unlock()
	w.describeLocked(op, r, cause)
	op.finishLocked(now, now)
}

func (w *response) describeLocked(op *Op, r *http.Request, cause any) {
	w.nameLocked(op, r)
	status := w.code(cause != nil)
	if w.bytes > 0 {
		size := Int64("http.response.body.size", w.bytes)
		op.setLocked(&size)
	}
	if cause == http.ErrAbortHandler { //nolint:errorlint // as above
		op.status = Failed
		op.messageLocked("the answer was aborted")
		if w.status == 0 { // the connection is closed without one
			return
		}
	}
	code := Int("http.response.status_code", status)
	op.setLocked(&code)
	if status >= http.StatusInternalServerError && op.status == Unset {
		op.status = Failed
	}
}

// nameLocked names the operation by the pattern that served it, unless somebody
// who knows better has named it.
func (w *response) nameLocked(op *Op, r *http.Request) {
	route := routeOf(r.Pattern)
	if route == "" {
		return
	}
	verb := method(r.Method)
	if op.name == verb || op.name == w.early {
		op.name = r.Pattern
		if !strings.HasPrefix(r.Pattern, verb+" ") || len(r.Pattern) != len(verb)+1+len(route) { // it names no method, or a host
			op.name = verb + " " + route
		}
	} else if textOf(op.encoded(), "http.route") != "" {
		return
	}
	a := String("http.route", route)
	op.setLocked(&a)
}

// routeOf is the path of a pattern such as "GET example.org/items/{id}".
func routeOf(pattern string) string {
	if i := strings.IndexByte(pattern, ' '); i >= 0 {
		pattern = strings.TrimLeft(pattern[i:], " \t")
	}
	if i := strings.IndexByte(pattern, '/'); i > 0 {
		return pattern[i:]
	}
	return pattern
}

// Route names the request's flow by the pattern of a router that is not
// http.ServeMux: "/users/{id}".
func Route(r *http.Request, pattern string) {
	op := current(r.Context())
	if op == nil {
		return
	}
	for op.parent != nil {
		op = op.parent
	}
	op.SetName(method(r.Method) + " " + pattern)
	op.Set(String("http.route", pattern))
}

// method is the request's method when it is a usual one; a client may send any
// word.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return m
	case "":
		return http.MethodGet
	default:
		return "_OTHER"
	}
}

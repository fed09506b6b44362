package rest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRequestID(t *testing.T) {
	f := newFixture(t, nil)
	for given, taken := range map[string]bool{
		"req-1_2.3:4": true, strings.Repeat("a", 64): true,
		"": false, strings.Repeat("a", 65): false, "a b": false, "a\"b": false, "né": false,
	} {
		got := f.get("/api/v1/status", "X-Request-Id", given).Header().Get("X-Request-Id")
		if got == "" || (got == given) != taken {
			t.Errorf("%q is answered with %q", given, got)
		}
	}
}

// What became of a request is told once, whatever its handler does.
func TestObserve(t *testing.T) {
	for name, c := range map[string]struct {
		serve   http.HandlerFunc
		status  int
		fault   string
		panics  any
		aborted bool
	}{
		"nothing":   {func(http.ResponseWriter, *http.Request) {}, 0, "", nil, false},
		"an answer": {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "x") }, 200, "", nil, false}, //nolint:errcheck // a recorder takes it
		"a status": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			w.WriteHeader(http.StatusInternalServerError)
		}, 204, "", nil, false},
		"a problem":   {func(w http.ResponseWriter, r *http.Request) { WriteProblem(w, r, errors.New("disk on fire")) }, 500, "disk on fire", nil, false},
		"a panic":     {func(http.ResponseWriter, *http.Request) { panic("oh") }, 500, "panic: oh", "oh", false},
		"a late one":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK); panic("oh") }, 200, "", "oh", true},
		"its own end": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, "", nil, true},
	} {
		var told []Exchange
		h := Observe(c.serve, func(_ *http.Request, e Exchange) { told = append(told, e) })
		aborted := func() (aborted bool) {
			defer func() {
				err, _ := recover().(error)
				aborted = errors.Is(err, http.ErrAbortHandler)
			}()
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
			return false
		}()
		if len(told) != 1 || aborted != c.aborted {
			t.Fatalf("%s: told %d times, aborted %v", name, len(told), aborted)
		}
		e := told[0]
		fault := ""
		if e.Err != nil {
			fault = e.Err.Error()
		}
		if e.ID == "" || e.Status != c.status || fault != c.fault || e.Panic != c.panics || (e.Panic != nil) != (len(e.Stack) > 0) {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

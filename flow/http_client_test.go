package flow_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/flowscope/flowscope/flow"
)

func nothingLogged() *slog.Logger { return slog.New(slog.DiscardHandler) }

// calls is a flow of a client, the server it calls, and what arrived there.
type calls struct {
	*httptest.Server
	client  *http.Client
	tracker *flow.Tracker

	mu      sync.Mutex
	headers []http.Header
}

func newCalls(t *testing.T, handler http.HandlerFunc, options ...flow.Option) *calls {
	t.Helper()
	c := &calls{tracker: flow.New(options...)}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.headers = append(c.headers, r.Header.Clone())
		c.mu.Unlock()
		handler(w, r)
	}))
	t.Cleanup(c.Close)
	c.client = &http.Client{Transport: flow.Transport(c.Client().Transport)}
	return c
}

func (c *calls) request(t *testing.T, ctx context.Context, path string) *http.Request { //nolint:revive // t comes first in tests
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// flow runs what a flow does and returns what is kept of it.
func (c *calls) flow(t *testing.T, do func(ctx context.Context)) flow.Trace {
	t.Helper()
	ctx, op := c.tracker.Start(t.Context(), "work")
	do(ctx)
	op.End()
	kept := c.tracker.Flows(1)
	if len(kept) != 1 {
		t.Fatalf("the flow is not complete: %+v", c.tracker.Active(0))
	}
	return kept[0]
}

func (c *calls) arrived() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.headers
}

func TestTransportHandsTheFlowOn(t *testing.T) {
	t.Parallel()
	server := flow.New(flow.WithSampler(flow.ParentBased(flow.Drop)))
	c := newCalls(t, server.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, flow.Baggage(r.Context(), "tenant"))
	})).ServeHTTP)
	f := c.flow(t, func(ctx context.Context) {
		r := c.request(t, flow.WithBaggage(ctx, "tenant", "t 1"), "/things/7?token=secret")
		r.Header.Set("Tracestate", "of=another")
		before := fmt.Sprint(r.Header)
		answer, err := c.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || string(text) != "t 1" {
			t.Errorf("the server knows %q, %v", text, err)
		}
		if fmt.Sprint(r.Header) != before {
			t.Errorf("the request is changed to %v", r.Header)
		}
	})
	call := f.Spans[1]
	if call.Kind != flow.Client || call.Name != "GET" || attr(call, "http.response.status_code") != "200" || strings.Contains(outline(f), "secret") ||
		attr(call, "url.full") != c.URL+"/things/7" || attr(call, "server.address") != "127.0.0.1" || attr(call, "server.port") == "" {
		t.Errorf("the call is %+v", call)
	}
	if state := c.arrived()[0].Get("Tracestate"); state != "" {
		t.Errorf("another flow's state arrives: %q", state)
	}
	c.Close() // waits for the handler
	if there := server.Flows(1); len(there) != 1 || there[0].TraceID != f.TraceID || there[0].Spans[0].ParentID != call.SpanID {
		t.Errorf("the server's flow is %+v", there)
	}
}

func TestTransportSaysWhatIsSampled(t *testing.T) {
	t.Parallel()
	for decision, flag := range map[flow.Decision]string{flow.Keep: "-01", flow.Measure: "-00", flow.Drop: "-00"} {
		c := newCalls(t, func(http.ResponseWriter, *http.Request) {}, flow.WithSampler(decision))
		ctx, op := c.tracker.Start(t.Context(), "work")
		answer, err := c.client.Do(c.request(t, ctx, "/"))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		op.End()
		header := c.arrived()[0].Get("Traceparent")
		if !strings.HasSuffix(header, flag) || !strings.Contains(header, op.TraceID().String()) {
			t.Errorf("for %v the header is %q", decision, header)
		}
	}
}

func TestRedirectsAreCallsOfTheirOwn(t *testing.T) {
	t.Parallel()
	c := newCalls(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusMovedPermanently)
			return
		}
		fmt.Fprint(w, "here")
	})
	f := c.flow(t, func(ctx context.Context) {
		answer, err := c.client.Do(c.request(t, ctx, "/old"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			t.Error(err)
		}
		answer.Body.Close()
	})
	if len(f.Spans) != 3 {
		t.Fatalf("the flow is\n%s", outline(f))
	}
	for i, header := range c.arrived() {
		want := fmt.Sprintf("00-%v-%v-01", f.TraceID, f.Spans[i+1].SpanID)
		if got := header["Traceparent"]; len(got) != 1 || got[0] != want || f.Spans[i+1].ParentID != f.Spans[0].SpanID {
			t.Errorf("call %d arrives with %q, want %q", i, got, want)
		}
	}
}

// TestCallLastsUntilItsBodyEnds by being read, or by being closed before.
func TestCallLastsUntilItsBodyEnds(t *testing.T) {
	t.Parallel()
	for _, read := range []bool{true, false} {
		release := make(chan struct{})
		c := newCalls(t, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "first")
			http.NewResponseController(w).Flush() //nolint:errcheck // the client sees it
			select {
			case <-release:
			case <-r.Context().Done():
			}
		})
		f := c.flow(t, func(ctx context.Context) {
			answer, err := c.client.Do(c.request(t, ctx, "/"))
			if err != nil {
				t.Fatal(err)
			}
			if active := c.tracker.Active(0); len(active) != 1 || active[0].Current != "GET" {
				t.Errorf("before its body was read: %+v", active)
			}
			if read {
				close(release)
				if text, err := io.ReadAll(answer.Body); err != nil || string(text) != "first" {
					t.Errorf("%q, %v", text, err)
				}
				if active := c.tracker.Active(0); len(active) != 1 || active[0].Current != "work" {
					t.Errorf("when its body was read: %+v", active)
				}
			}
			answer.Body.Close()
			answer.Body.Close()
		})
		if len(f.Spans) != 2 || f.Spans[1].Status == flow.Failed {
			t.Errorf("the flow is\n%s", outline(f))
		}
	}
}

// TestOddTransportsHarmNobody has bases that break the rules, and a request
// that no http.Client made.
func TestOddTransportsHarmNobody(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	for name, base := range map[string]roundTrip{
		"nothing": func(*http.Request) (*http.Response, error) { return nil, nil }, //nolint:nilnil // the rule that is broken
		"boom":    func(*http.Request) (*http.Response, error) { panic("boom") },
	} {
		func() {
			defer func() {
				if cause := recover(); (cause == "boom") != (name == "boom") {
					t.Errorf("%s: the panic is %v", name, cause)
				}
			}()
			r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/", nil)
			r.Header = nil
			answer, err := tracker.Transport(base).RoundTrip(r) //nolint:bodyclose // there is no answer
			if answer != nil || err != nil {
				t.Errorf("%s: %v, %v", name, answer, err)
			}
		}()
	}
	if totals := tracker.Totals(); totals.Active != 0 || totals.Flows != 2 || totals.Failed != 1 {
		t.Errorf("%+v", totals)
	}
}

func TestCallsFail(t *testing.T) {
	t.Parallel()
	c := newCalls(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/missing":
			w.WriteHeader(http.StatusNotFound)
		case "/half":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "half")
		case "/none":
			panic(http.ErrAbortHandler)
		case "/slow":
			<-r.Context().Done()
		}
	})
	for path, want := range map[string]string{
		"/missing": "HTTP 404", "/half": "unexpected EOF", "/none": "EOF", "/slow": "context canceled",
	} {
		f := c.flow(t, func(ctx context.Context) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			if path == "/slow" {
				cancel()
			}
			answer, err := c.client.Do(c.request(t, ctx, path))
			if err != nil {
				return
			}
			_, err = io.ReadAll(answer.Body)
			if (err != nil) != (path == "/half") {
				t.Errorf("%s: %v", path, err)
			}
			answer.Body.Close()
		})
		if s := f.Spans[1]; s.Status != flow.Failed || s.Message != want {
			t.Errorf("%s: the call's status is %v %q", path, s.Status, s.Message)
		}
	}
}

func TestCallOutsideOfAFlowBeginsOne(t *testing.T) {
	t.Parallel()
	c := newCalls(t, func(http.ResponseWriter, *http.Request) {})
	client := &http.Client{Transport: c.tracker.Transport(c.Client().Transport)}
	answer, err := client.Do(c.request(t, t.Context(), "/"))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	f := c.tracker.Flows(1)
	if len(f) != 1 || f[0].Spans[0].Kind != flow.Client || !strings.Contains(c.arrived()[0].Get("Traceparent"), f[0].TraceID.String()) {
		t.Errorf("the flow is %+v", f)
	}
	c.tracker.SetEnabled(false)
	if answer, err = client.Do(c.request(t, t.Context(), "/")); err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if header := c.arrived()[1].Get("Traceparent"); header != "" || len(c.tracker.Flows(0)) != 1 {
		t.Errorf("a tracker that is off sends %q", header)
	}
}

// echo switches protocols and sends back what it gets, then that it got all.
func echo(t *testing.T) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Upgrade", "echo")
		w.Header().Set("Connection", "Upgrade")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		if _, err := io.Copy(conn, buffered); err != nil {
			t.Error(err)
		}
		fmt.Fprint(conn, " and all")
	}
}

func TestSwitchedProtocolsAreWrittenTo(t *testing.T) {
	t.Parallel()
	c := newCalls(t, echo(t))
	f := c.flow(t, func(ctx context.Context) {
		r := c.request(t, ctx, "/")
		r.Header.Set("Upgrade", "echo")
		r.Header.Set("Connection", "Upgrade")
		answer, err := c.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		conn, ok := answer.Body.(interface {
			io.ReadWriteCloser
			CloseWrite() error
		})
		if !ok {
			t.Fatal("the body cannot be written to")
		}
		fmt.Fprint(conn, "hello")
		if err := conn.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(conn); err != nil || string(text) != "hello and all" {
			t.Errorf("the answer is %q, %v", text, err)
		}
	})
	if s := f.Spans[1]; attr(s, "http.response.status_code") != "101" || s.Status == flow.Failed {
		t.Errorf("the call is %+v", s)
	}
}

// TestProxyPassesUpgradesOn puts middleware and transport around a ReverseProxy.
func TestProxyPassesUpgradesOn(t *testing.T) {
	t.Parallel()
	c := newCalls(t, echo(t))
	target, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: flow.Transport(c.Client().Transport),
	}
	ended := make(chan struct{})
	inner := c.tracker.Middleware(proxy)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	conn, err := net.Dial("tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	fmt.Fprint(conn, "hello")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil { //nolint:errcheck,forcetypeassert // it is one
		t.Fatal(err)
	}
	text, err := io.ReadAll(in)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols || string(text) != "hello and all" {
		t.Errorf("the answer is %s %q, %v", answer.Status, text, err)
	}
	<-ended
	f := c.tracker.Flows(1)[0]
	if len(f.Spans) != 2 || attr(f.Spans[0], "http.response.status_code") != "101" || f.Spans[0].Status == flow.Failed || f.Spans[1].ParentID != f.Spans[0].SpanID {
		t.Errorf("the flow is\n%s", outline(f))
	}
}

// TestTransportLeavesErrorsAlone: what the transport behind returns is returned.
func TestTransportLeavesErrorsAlone(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	tracker := flow.New()
	rt := tracker.Transport(roundTrip(func(*http.Request) (*http.Response, error) { return nil, broken }))
	r := httptest.NewRequestWithContext(t.Context(), "BREW", "http://pot.example/", http.NoBody)
	answer, err := rt.RoundTrip(r)
	if answer != nil {
		answer.Body.Close()
	}
	if !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
	if s := tracker.Flows(1)[0].Spans[0]; s.Name != "_OTHER" || s.Message != "broken" {
		t.Errorf("the call is %+v", s)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

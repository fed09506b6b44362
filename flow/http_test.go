package flow_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowscope/flowscope/flow"
)

// site is a server of a protocol whose handler stands behind the middleware.
type site struct {
	*httptest.Server
	tracker *flow.Tracker
	ended   chan struct{} // one for each request that has passed the middleware
	errors  *lockedBuffer // what the server logs
}

type lockedBuffer struct {
	mu    sync.Mutex
	wrote chan struct{} // one for each time
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer func() { b.wrote <- struct{}{} }()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// onBoth runs a test with HTTP/1 and with HTTP/2.
func onBoth(t *testing.T, handler http.HandlerFunc, test func(t *testing.T, s *site)) {
	t.Helper()
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s := &site{tracker: flow.New(), ended: make(chan struct{}, 10), errors: &lockedBuffer{wrote: make(chan struct{}, 100)}}
			inner := s.tracker.Middleware(handler)
			s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() { s.ended <- struct{}{} }()
				if r.Proto != protocol {
					t.Errorf("the protocol is %s", r.Proto)
				}
				inner.ServeHTTP(w, r)
			}))
			s.Config.ErrorLog = log.New(s.errors, "", 0)
			s.EnableHTTP2 = protocol == "HTTP/2.0"
			s.StartTLS()
			t.Cleanup(s.Close)
			test(t, s)
		})
	}
}

func (s *site) get(t *testing.T, ctx context.Context) (*http.Response, error) { //nolint:revive // t comes first in tests
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/path", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return s.Client().Do(r)
}

// body is what a request answers.
func (s *site) body(t *testing.T) string {
	t.Helper()
	answer, err := s.get(t, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// flow is the newest one, when the request has ended.
func (s *site) flow(t *testing.T) flow.Span {
	t.Helper()
	<-s.ended
	kept := s.tracker.Flows(1)
	if len(kept) != 1 {
		t.Fatal("no flow is kept")
	}
	return kept[0].Spans[0]
}

func attr(s flow.Span, key string) string {
	for _, a := range s.Attrs {
		if a.Key() == key {
			return a.Text()
		}
	}
	return ""
}

func TestResponseHasTheServersAbilities(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w http.ResponseWriter, r *http.Request) {
		_, flushes := w.(http.Flusher)
		_, hijacks := w.(http.Hijacker)
		_, reads := w.(io.ReaderFrom)
		_, texts := w.(io.StringWriter)
		pusher, pushes := w.(http.Pusher)
		if !flushes || !hijacks || !reads || !texts || !pushes {
			t.Error("an ability is hidden")
		}
		control := http.NewResponseController(w)
		later := time.Now().Add(time.Hour)
		if err := errors.Join(control.SetReadDeadline(later), control.SetWriteDeadline(later), control.EnableFullDuplex()); err != nil && r.ProtoMajor == 1 {
			t.Error(err)
		}
		if err := pusher.Push("/x", nil); !errors.Is(err, http.ErrNotSupported) { // Go's client refuses pushes
			t.Error(err)
		}
		if r.ProtoMajor == 2 {
			if _, _, err := control.Hijack(); !errors.Is(err, http.ErrNotSupported) {
				t.Error(err)
			}
		}
		n, err := io.Copy(w, text("a file"))
		m, err2 := io.WriteString(w, " and text")
		if err := errors.Join(err, err2, control.Flush()); err != nil || n != 6 || m != 9 {
			t.Error(err, n, m)
		}
	}, func(t *testing.T, s *site) {
		t.Helper()
		if text := s.body(t); text != "a file and text" {
			t.Errorf("the answer is %q", text)
		}
		if f := s.flow(t); attr(f, "http.response.body.size") != "15" || attr(f, "http.response.status_code") != "200" {
			t.Errorf("the flow is %+v", f)
		}
	})
}

// text is a reader that knows no WriteTo, so that the writer's ReadFrom is used.
func text(s string) io.Reader { return struct{ io.Reader }{strings.NewReader(s)} }

func TestAnswersAreStreamed(t *testing.T) {
	t.Parallel()
	seen := map[string]chan struct{}{"HTTP/1.1": make(chan struct{}), "HTTP/2.0": make(chan struct{})}
	onBoth(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "first ")
		w.(http.Flusher).Flush() //nolint:errcheck,forcetypeassert // it is what is tested
		<-seen[r.Proto]
		fmt.Fprint(w, "second")
	}, func(t *testing.T, s *site) {
		t.Helper()
		answer, err := s.get(t, t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		first := make([]byte, 6)
		if _, err := io.ReadFull(answer.Body, first); err != nil {
			t.Fatal(err)
		}
		if n := len(s.tracker.Active(0)); n != 1 {
			t.Errorf("%d flows run", n)
		}
		close(seen[answer.Proto])
		rest, err := io.ReadAll(answer.Body)
		if err != nil || string(first)+string(rest) != "first second" {
			t.Errorf("the answer is %q %q, %v", first, rest, err)
		}
		s.flow(t)
	})
}

func TestHijackedConnectionIsTheHandlers(t *testing.T) {
	t.Parallel()
	tracker, ended := flow.New(), make(chan struct{})
	inner := tracker.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := w.(http.Hijacker).Hijack() //nolint:errcheck,forcetypeassert // it is what is tested
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		line, err := buffered.ReadString('\n')
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n%s", line)
		if err != nil {
			t.Error(err)
		}
	}))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhello\n")
	text, err := io.ReadAll(conn)
	if err != nil || !strings.HasSuffix(string(text), "\r\n\r\nhello\n") {
		t.Errorf("the answer is %q, %v", text, err)
	}
	<-ended
	if f := tracker.Flows(1)[0].Spans[0]; attr(f, "http.response.status_code") != "101" || f.Status == flow.Failed {
		t.Errorf("the flow is %+v", f)
	}
}

func TestInformationIsNotTheAnswer(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusProcessing)
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, "short and stout")
	}, func(t *testing.T, s *site) {
		t.Helper()
		var hints []int
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			hints = append(hints, code)
			return nil
		}})
		answer, err := s.get(t, ctx)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if fmt.Sprint(hints) != "[103 102]" || answer.StatusCode != http.StatusTeapot {
			t.Errorf("the answer is %d after %v", answer.StatusCode, hints)
		}
		if f := s.flow(t); attr(f, "http.response.status_code") != "418" || f.Status == flow.Failed {
			t.Errorf("the flow is %+v", f)
		}
	})
}

func TestPanicsOfHandlersReachTheServer(t *testing.T) {
	t.Parallel()
	onBoth(t, func(http.ResponseWriter, *http.Request) { panic("boom") }, func(t *testing.T, s *site) {
		t.Helper()
		if answer, err := s.get(t, t.Context()); err == nil {
			answer.Body.Close()
			t.Errorf("the answer is %s", answer.Status)
		}
		f := s.flow(t)
		if f.Status != flow.Failed || f.Message != "panic: boom" || attr(f, "http.response.status_code") != "500" || len(f.Events) != 1 {
			t.Errorf("the flow is %+v", f)
		}
		for deadline := time.After(10 * time.Second); !strings.Contains(s.errors.String(), "boom"); {
			select {
			case <-s.errors.wrote:
			case <-deadline:
				t.Fatalf("the server logs %q", s.errors.String())
			}
		}
	})
}

func TestAbortedAnswersFailQuietly(t *testing.T) {
	t.Parallel()
	for _, begun := range []bool{false, true} {
		onBoth(t, func(w http.ResponseWriter, _ *http.Request) {
			if begun {
				fmt.Fprint(w, "half an ans")
				http.NewResponseController(w).Flush() //nolint:errcheck // the client sees it
			}
			panic(http.ErrAbortHandler)
		}, func(t *testing.T, s *site) {
			t.Helper()
			answer, err := s.get(t, t.Context())
			if err == nil {
				_, err = io.ReadAll(answer.Body)
				answer.Body.Close()
			}
			if err == nil {
				t.Error("the client does not notice")
			}
			status := map[bool]string{true: "200"}[begun]
			f := s.flow(t)
			if f.Status != flow.Failed || f.Message != "the answer was aborted" || attr(f, "http.response.status_code") != status || len(f.Events) != 0 {
				t.Errorf("the flow is %+v", f)
			}
			s.Close()
			if strings.Contains(s.errors.String(), "panic") {
				t.Errorf("the server logs %q", s.errors.String())
			}
		})
	}
}

// plainWriter is a ResponseWriter that can do nothing beside.
type plainWriter struct {
	header http.Header
	status int
	out    bytes.Buffer
}

func (w *plainWriter) Header() http.Header         { return w.header }
func (w *plainWriter) Write(p []byte) (int, error) { return w.out.Write(p) }
func (w *plainWriter) WriteHeader(status int)      { w.status = status }

// ableWriter can do what HTTP/1 and HTTP/2 can together, behind another wrapper.
type ableWriter struct {
	plainWriter
	did []string
}

func (w *ableWriter) Flush() { w.did = append(w.did, "flush") }
func (w *ableWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.did = append(w.did, "hijack")
	return nil, nil, nil
}
func (w *ableWriter) Push(string, *http.PushOptions) error {
	w.did = append(w.did, "push")
	return nil
}
func (w *ableWriter) ReadFrom(r io.Reader) (int64, error) {
	w.did = append(w.did, "read")
	return w.out.ReadFrom(r)
}

type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestAbilitiesAreThoseOfTheWriterBehind(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	use := func(w http.ResponseWriter) (errs [3]error) {
		tracker.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			control := http.NewResponseController(w)
			errs[0] = control.Flush()
			errs[1] = w.(http.Pusher).Push("/x", nil) //nolint:errcheck,forcetypeassert // it is what is tested
			w.WriteHeader(http.StatusAccepted)
			if _, err := io.Copy(w, text("text")); err != nil {
				t.Error(err)
			}
			_, _, errs[2] = control.Hijack()
		})).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
		return errs
	}
	plain := &plainWriter{header: http.Header{}}
	for i, err := range use(plain) {
		if !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("ability %d: %v", i, err)
		}
	}
	if f := tracker.Flows(1)[0].Spans[0]; plain.out.String() != "text" || attr(f, "http.response.status_code") != "202" {
		t.Errorf("the answer is %q, the flow %+v", plain.out.String(), f)
	}
	able := &ableWriter{plainWriter: plainWriter{header: http.Header{}}}
	if errs := use(able); errs != [3]error{} || fmt.Sprint(able.did) != "[flush push read hijack]" {
		t.Errorf("it did %v: %v", able.did, errs)
	}
	behind := &ableWriter{plainWriter: plainWriter{header: http.Header{}}}
	if errs := use(wrapped{behind}); errs != [3]error{} || fmt.Sprint(behind.did) != "[flush push hijack]" {
		t.Errorf("behind a wrapper it did %v: %v", behind.did, errs)
	}
}

func TestFlowsAreNamedByPatterns(t *testing.T) {
	t.Parallel()
	inner := http.NewServeMux()
	inner.HandleFunc("/users/{id}", func(http.ResponseWriter, *http.Request) {})
	mux := http.NewServeMux()
	nothing := func(http.ResponseWriter, *http.Request) {}
	mux.HandleFunc("GET /products/{id}", nothing)
	mux.HandleFunc("/any/{rest...}", nothing)
	mux.HandleFunc("GET example.org/hosted", nothing)
	mux.HandleFunc("GET  /spaced", nothing)
	mux.HandleFunc("/{$}", nothing)
	mux.Handle("/stripped/", http.StripPrefix("/stripped", inner))
	mux.HandleFunc("/router/", func(_ http.ResponseWriter, r *http.Request) { flow.Route(r, "/router/users/{id}") })
	mux.HandleFunc("/named", func(_ http.ResponseWriter, r *http.Request) { flow.From(r.Context()).SetName("something else") })
	mux.HandleFunc("/below", func(_ http.ResponseWriter, r *http.Request) {
		ctx, op := flow.Start(r.Context(), "step")
		flow.Route(r.WithContext(ctx), "/below/{x}")
		op.End()
	})
	for _, logs := range []bool{false, true} {
		tracker := flow.New()
		handler := http.Handler(mux)
		if logs { // which asks for the route before
			handler = flow.RequestLogger(nothingLogged())(mux)
		}
		handler = tracker.Middleware(tracker.Middleware(handler))
		for _, c := range []struct{ method, url, name, route string }{
			{"GET", "/products/7", "GET /products/{id}", "/products/{id}"},
			{"HEAD", "/products/7", "HEAD /products/{id}", "/products/{id}"},
			{"POST", "/products/7", "POST", ""},
			{"PUT", "/any/a/b", "PUT /any/{rest...}", "/any/{rest...}"},
			{"BREW", "/any/a/b", "_OTHER /any/{rest...}", "/any/{rest...}"},
			{"GET", "http://example.org/hosted", "GET /hosted", "/hosted"},
			{"GET", "/spaced", "GET /spaced", "/spaced"},
			{"GET", "/", "GET /{$}", "/{$}"},
			{"GET", "/nowhere", "GET", ""},
			{"GET", "/stripped/users/7", "GET /stripped/", "/stripped/"},
			{"GET", "/router/users/7", "GET /router/users/{id}", "/router/users/{id}"},
			{"GET", "/named", "something else", "/named"},
			{"GET", "/below", "GET /below/{x}", "/below/{x}"},
		} {
			r := httptest.NewRequestWithContext(t.Context(), c.method, c.url, http.NoBody)
			handler.ServeHTTP(httptest.NewRecorder(), r)
			kept := tracker.Flows(0)
			if f := kept[0].Spans[0]; f.Name != c.name || attr(f, "http.route") != c.route {
				t.Errorf("%s %s with logger %v: the flow is %q, its route %q", c.method, c.url, logs, f.Name, attr(f, "http.route"))
			}
			if r.Pattern == "" && c.route != "" {
				t.Errorf("%s: who stands before does not learn the pattern", c.url)
			}
		}
		if n := len(tracker.Flows(0)); n != 13 {
			t.Errorf("%d flows are kept", n)
		}
	}
}

func TestCallersAreContinued(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	var baggage string
	handler := tracker.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		baggage = flow.Baggage(r.Context(), "tenant")
	}))
	serve := func(headers ...string) (flow.Span, flow.TraceID) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Add(headers[i], headers[i+1])
		}
		handler.ServeHTTP(httptest.NewRecorder(), r)
		f := tracker.Flows(1)[0]
		return f.Spans[0], f.TraceID
	}
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	span, id := serve("traceparent", "00-"+trace+"-"+parent+"-01", "tracestate", "a=1", "tracestate", "b=2",
		"baggage", "tenant=t1", "baggage", "user=ada%20l;secret", "x-operation-name", "checkout")
	if id.String() != trace || span.ParentID.String() != parent || span.State != "a=1,b=2" || span.Kind != flow.Server || baggage != "t1" {
		t.Errorf("the flow is %v %+v, baggage %q", id, span, baggage)
	}
	if attr(span, "flow.operation") != "checkout" {
		t.Errorf("the operation is %q", attr(span, "flow.operation"))
	}
	for _, header := range []string{"", "00-" + trace + "-" + parent, "ff-" + trace + "-" + parent + "-01", "00-" + strings.Repeat("0", 32) + "-" + parent + "-01"} {
		span, id = serve("traceparent", header, "tracestate", "a=1")
		if id.String() == trace || !span.ParentID.IsZero() || span.State != "" || baggage != "" {
			t.Errorf("with %q the flow is %v %+v", header, id, span)
		}
	}
	if span, id = serve("traceparent", "00-"+trace+"-"+parent+"-01", "traceparent", "00-"+trace+"-"+parent+"-01"); id.String() == trace {
		t.Errorf("with two callers the flow is %+v", span)
	}
}

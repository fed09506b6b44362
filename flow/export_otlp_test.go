package flow_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/receive"
	"github.com/flowscope/flowscope/internal/wire"
)

// spansOf is a received batch as text: service, name, trace and caller of each span.
func spansOf(b *model.Batch) (lines []string) {
	for i := range b.Len() {
		s := b.Span(i)
		lines = append(lines, fmt.Sprintf("%s %s %v %v", s.Resource().Service, s.Name(), s.TraceID(), s.ParentID()))
	}
	return lines
}

type received struct {
	mu    sync.Mutex
	lines []string
	calls int
}

func (s *received) Append(_ context.Context, b *model.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	s.lines = append(s.lines, spansOf(b)...)
	return nil
}

// TestOTLPReachesTheServersReceiver sends to what flowscope serve listens with.
func TestOTLPReachesTheServersReceiver(t *testing.T) {
	t.Parallel()
	for name, uncompressed := range map[string]bool{"gzip": false, "plain": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			into := &received{}
			server, err := receive.Listen(t.Context(), receive.Config{HTTPAddr: "127.0.0.1:0"}, into)
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- server.Run(ctx) }()

			e := &flow.OTLPExporter{Endpoint: "http://" + server.HTTPAddr().String(), Uncompressed: uncompressed}
			tracker := flow.New(flow.WithService("shop"), flow.WithHistory(5000, 4<<20), flow.WithExporter(e))
			rootCtx, root := tracker.Start(t.Context(), "checkout")
			_, op := flow.Start(rootCtx, "pay")
			op.End()
			root.End()
			for range 1000 {
				record(t, tracker, "more")
			}
			if err := tracker.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			stop()
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			want := []string{
				fmt.Sprintf("shop checkout %v %v", root.TraceID(), model.SpanID{}),
				fmt.Sprintf("shop pay %v %v", root.TraceID(), root.SpanID()),
			}
			if len(into.lines) != 1002 || into.lines[0] != want[0] || into.lines[1] != want[1] {
				t.Errorf("%d spans came: %v, want %v", len(into.lines), into.lines[:2], want)
			}
			if into.calls > 10 {
				t.Errorf("it took %d requests", into.calls)
			}
			if s := tracker.Exporters()[0]; s.Exported != 1001 || s.Dropped != 0 {
				t.Errorf("it counted %+v", s)
			}
		})
	}
}

// answers is a RoundTripper without a network.
type answers func(r *http.Request, body []byte) (status int, header http.Header, answer []byte)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	var from io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzip, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		from = unzip
	}
	body, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	status, header, answer := a(r, body)
	if status == 0 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), Header: header,
		Body: io.NopCloser(bytes.NewReader(answer)), Request: r,
	}, nil
}

func proto() http.Header { return http.Header{"Content-Type": {"application/x-protobuf"}} }

func TestOTLPRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		began := time.Now()
		partial := wire.AppendMessage(nil, 1, func(b []byte) []byte {
			return wire.AppendBytes(wire.AppendUvarint(b, 1, 3), 2, "too old")
		})
		e := &flow.OTLPExporter{
			Endpoint: "https://collector.example/otlp/", Headers: map[string]string{"authorization": "Bearer x"},
			Client: &http.Client{Transport: answers(func(r *http.Request, body []byte) (int, http.Header, []byte) {
				if r.URL.String() != "https://collector.example/otlp/v1/traces" || r.Header.Get("Authorization") != "Bearer x" ||
					r.Header.Get("Content-Type") != "application/x-protobuf" {
					t.Errorf("it asked %s with %v", r.URL, r.Header)
				}
				var b model.Batch
				if _, err := decode.Proto(&b, body); err != nil || b.Len() != 5 {
					t.Errorf("%d spans came, %v", b.Len(), err)
				}
				at = append(at, time.Since(began))
				switch len(at) {
				case 1:
					return http.StatusServiceUnavailable, nil, nil
				case 2:
					return http.StatusTooManyRequests, http.Header{"Retry-After": {"7"}}, nil
				case 3:
					return http.StatusBadGateway, http.Header{"Retry-After": {time.Now().Add(9 * time.Second).UTC().Format(http.TimeFormat)}}, nil
				default:
					return http.StatusOK, proto(), partial
				}
			})},
		}
		tracker := flow.New(flow.WithExporter(e))
		record(t, tracker, "a", "b")
		pass(500 * time.Millisecond)
		record(t, tracker, "c", "d", "e")
		pass(time.Minute)
		synctest.Wait()
		checkPauses(t, at, [][2]time.Duration{{time.Second, time.Second}, {250 * time.Millisecond, 500 * time.Millisecond},
			{7 * time.Second, 7 * time.Second}, {8 * time.Second, 9 * time.Second}})
		s := tracker.Exporters()[0]
		if s.Exported != 5 || s.Failed != 0 || s.Refused != 3 || s.Err == nil || s.Err.Error() != "the receiver refused 3 spans: too old" {
			t.Errorf("it counted %+v", s)
		}
		if err := tracker.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// checkPauses holds the time before each try to a shortest and a longest.
func checkPauses(t *testing.T, at []time.Duration, want [][2]time.Duration) {
	t.Helper()
	if len(at) != len(want) {
		t.Fatalf("it tried at %v", at)
	}
	var before time.Duration
	for i, bounds := range want {
		if pause := at[i] - before; pause < bounds[0] || pause > bounds[1] {
			t.Errorf("it tried at %v: pause %d is not within %v", at, i, bounds)
		}
		before = at[i]
	}
}

func TestOTLPGivesUp(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		header http.Header
		answer string
		giveUp time.Duration
		tries  int
		took   time.Duration // at most
		want   string
	}{
		"bad request":   {400, nil, "no such field\n", 0, 1, 0, "send flows: HTTP 400 Bad Request: no such field"},
		"status":        {401, proto(), "\x08\x10\x12\x08no token", 0, 1, 0, "send flows: HTTP 401 Unauthorized: no token"},
		"too large":     {413, nil, "", 0, 1, 0, "send flows: HTTP 413 Request Entity Too Large"},
		"server error":  {500, nil, "", 0, 1, 0, "send flows: HTTP 500 Internal Server Error"},
		"down":          {503, nil, "", 0, 0, time.Minute, "give up: send flows: HTTP 503 Service Unavailable"},
		"down, once":    {503, nil, "", -1, 1, 0, "give up: send flows: HTTP 503 Service Unavailable"},
		"asks for more": {429, http.Header{"Retry-After": {"3600"}}, "", 0, 1, 0, "give up: send flows: HTTP 429 Too Many Requests"},
		"hangs":         {0, nil, "", time.Second, 1, 10 * time.Second, "context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				e := &flow.OTLPExporter{Endpoint: "http://x", GiveUp: tc.giveUp, Client: &http.Client{
					Transport: answers(func(*http.Request, []byte) (int, http.Header, []byte) {
						tries++
						return tc.status, tc.header, []byte(tc.answer)
					}),
				}}
				began := time.Now()
				err := e.Export(t.Context(), []flow.Trace{checkout()})
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("it returned %v", err)
				}
				if took := time.Since(began); took > tc.took || tc.tries > 0 && tries != tc.tries || tries > 20 {
					t.Errorf("it tried %d times for %v", tries, took)
				}
			})
		})
	}
}

func TestOTLPEndsWithShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &flow.OTLPExporter{Endpoint: "http://x", Client: &http.Client{
			Transport: answers(func(*http.Request, []byte) (int, http.Header, []byte) { return 0, nil, nil }),
		}}
		tracker := flow.New(flow.WithExporter(e))
		record(t, tracker, "a")
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		if err := tracker.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 2*time.Second {
			t.Errorf("shutdown took %v and returned %v", time.Since(began), err)
		}
		synctest.Wait()
		if s := tracker.Exporters()[0]; s.Failed != 1 || !errors.Is(s.Err, context.Canceled) {
			t.Errorf("it counted %+v", s)
		}
	})
}

// TestOTLPEnvironment is not parallel: it sets variables.
func TestOTLPEnvironment(t *testing.T) {
	for name, tc := range map[string]struct {
		endpoint string
		env      map[string]string
		want     string // where it asks with which headers, or the error
	}{
		"nothing":  {"", nil, "no endpoint: set Endpoint or OTEL_EXPORTER_OTLP_ENDPOINT"},
		"field":    {"http://h:1", nil, "http://h:1/v1/traces [gzip]"},
		"whole":    {"http://h:1/v1/traces", nil, "http://h:1/v1/traces [gzip]"},
		"no URL":   {"h:4318", nil, `endpoint "h:4318" is no URL`},
		"base":     {"", map[string]string{"ENDPOINT": "https://h/x", "COMPRESSION": "none"}, "https://h/x/v1/traces []"},
		"traces":   {"", map[string]string{"ENDPOINT": "https://h/x", "TRACES_ENDPOINT": "https://t/here", "HEADERS": "A=b%20c, d=e"}, "https://t/here [gzip] b c e"},
		"theirs":   {"", map[string]string{"ENDPOINT": "https://h", "TRACES_HEADERS": "a=1", "HEADERS": "a=2,d=3"}, "https://h/v1/traces [gzip] 1"},
		"headers":  {"http://h", map[string]string{"HEADERS": "secret"}, "the headers of the environment are not like"},
		"newline":  {"http://h", map[string]string{"HEADERS": "a=secret%0A"}, `header "A" has a name or a value`},
		"timeout":  {"http://h", map[string]string{"TIMEOUT": "10s"}, `timeout "10s" is no number`},
		"compress": {"http://h", map[string]string{"COMPRESSION": "lz4"}, `compression "lz4" is neither`},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range tc.env {
				t.Setenv("OTEL_EXPORTER_OTLP_"+name, value)
			}
			got := ""
			e := &flow.OTLPExporter{Endpoint: tc.endpoint, Client: &http.Client{Transport: answers(func(r *http.Request, _ []byte) (int, http.Header, []byte) {
				got = strings.TrimSpace(fmt.Sprintf("%v %v %s %s", r.URL, r.Header["Content-Encoding"], r.Header.Get("A"), r.Header.Get("D")))
				return http.StatusOK, nil, nil
			})}}
			if err := e.Export(t.Context(), []flow.Trace{checkout()}); err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tc.want) || got != tc.want && e.Check() == nil {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestOTLPHeadersThatHTTPDoesNotAllow(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"two words": "v", "": "v", "Authorization": "Bearer secret\n"} {
		e := &flow.OTLPExporter{Endpoint: "http://127.0.0.1:1", Headers: map[string]string{name: value}}
		if err := e.Check(); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestOTLPOverAConnection(t *testing.T) {
	t.Parallel()
	var requests int
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		requests++
	}))
	defer server.Close()
	e := &flow.OTLPExporter{Endpoint: server.URL}
	for range 2 {
		if err := e.Export(t.Context(), []flow.Trace{checkout()}); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil || requests != 2 {
		t.Errorf("%d requests came; close returned %v", requests, err)
	}
}

package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/flowscope/flowscope/internal/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver keeps what it is sent, over either transport.
type receiver struct {
	collector.UnimplementedTraceServiceServer
	answer func(request int) error // nil takes everything; requests count from 1
	onSpan func(*tracepb.Span)     // nil ignores

	mu       sync.Mutex
	requests int
	spans    int
	ids      map[string]bool // of spans
	traces   map[model.TraceID]bool
}

func newReceiver() *receiver {
	return &receiver{ids: map[string]bool{}, traces: map[model.TraceID]bool{}}
}

func (r *receiver) Export(_ context.Context, req *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	if r.answer != nil {
		if err := r.answer(r.requests); err != nil {
			return nil, err
		}
	}
	for _, rs := range req.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				if r.onSpan != nil {
					r.onSpan(s)
				}
				r.spans++
				r.ids[string(s.GetTraceId())+string(s.GetSpanId())] = true
				r.traces[model.TraceID(s.GetTraceId())] = true
			}
		}
	}
	return new(collector.ExportTraceServiceResponse), nil
}

// ServeHTTP is Export over HTTP.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	var request collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &request)
	}
	if err != nil || req.URL.Path != "/v1/traces" || req.Header.Get("Content-Type") != "application/x-protobuf" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if _, err := r.Export(req.Context(), &request); err != nil {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// listen serves r over the transport of c until the test ends.
func (r *receiver) listen(t *testing.T, c *Config) {
	t.Helper()
	if !c.GRPC {
		server := httptest.NewServer(r)
		t.Cleanup(server.Close)
		c.Addr = server.Listener.Addr().String()
		return
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, r)
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	c.Addr = l.Addr().String()
}

func eachTransport(t *testing.T, run func(t *testing.T, c Config)) {
	t.Helper()
	t.Run("http", func(t *testing.T) { run(t, Config{}) })
	t.Run("grpc", func(t *testing.T) { run(t, Config{GRPC: true}) })
}

func TestRunSendsExactlyWhatIsAsked(t *testing.T) {
	eachTransport(t, func(t *testing.T, c Config) {
		t.Helper()
		r := newReceiver()
		r.listen(t, &c)
		acked := map[model.TraceID]bool{}
		c.Spans, c.Warmup, c.Conns = 4_500, 1_200, 3
		c.OnAck = func(ids []model.TraceID) {
			for _, id := range ids {
				acked[id] = true
			}
		}
		result, err := Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		want := Counts{Sent: 4_500, Acked: 4_500, Requests: 5, Bytes: result.Bytes}
		if result.Counts != want || result.FirstProblem != "" {
			t.Errorf("%+v, want %+v; %s", result.Counts, want, result.FirstProblem)
		}
		if r.spans != 5_700 || len(r.ids) != 5_700 {
			t.Errorf("the server got %d spans, %d of them distinct, want 5,700", r.spans, len(r.ids))
		}
		if len(acked) != len(r.traces) {
			t.Errorf("%d traces acked, %d received", len(acked), len(r.traces))
		}
		for id := range acked {
			if !r.traces[id] {
				t.Fatalf("trace %v was acked and not received", id)
			}
		}
		if result.P50 <= 0 || result.Max < result.P99 || result.Elapsed <= 0 {
			t.Errorf("latencies %v %v %v over %v", result.P50, result.P99, result.Max, result.Elapsed)
		}
	})
}

// The server refuses two requests at first; the second says when to come back.
func TestRunObeysBackpressure(t *testing.T) {
	eachTransport(t, func(t *testing.T, c Config) {
		t.Helper()
		const after = time.Second
		st, err := status.New(codes.ResourceExhausted, "behind").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
		if err != nil {
			t.Fatal(err)
		}
		r := newReceiver()
		r.answer = func(request int) error {
			if request == 1 {
				return st.Err()
			}
			return nil
		}
		r.listen(t, &c)
		c.Spans, c.SpansPerRequest = 100, 50
		result, err := Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		want := Counts{Sent: 100, Acked: 100, Requests: 2, Retries: 1, Throttled: 1, Bytes: result.Bytes}
		if result.Counts != want {
			t.Errorf("%+v, want %+v", result.Counts, want)
		}
		if result.Elapsed < after || result.Max >= after {
			t.Errorf("took %v, slowest answer %v; the server asked for %v", result.Elapsed, result.Max, after)
		}
		if r.spans != 100 || len(r.ids) != 100 {
			t.Errorf("%d spans, %d distinct", r.spans, len(r.ids))
		}
	})
}

// A server that is down at first loses nothing.
func TestRunOutlastsARestart(t *testing.T) {
	eachTransport(t, func(t *testing.T, c Config) {
		t.Helper()
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		r := newReceiver()
		r.listen(t, &c)
		var once sync.Once
		proxy := c.Addr
		c.Addr = l.Addr().String()
		forwarding := make(chan struct{})
		go func() {
			defer close(forwarding)
			forward(l, proxy, func(in net.Conn) (drop bool) {
				once.Do(func() { drop = true; in.Close() })
				return drop
			})
		}()
		c.Spans = 10
		result, err := Run(t.Context(), c)
		if err != nil || result.Acked != 10 || result.Failed != 0 {
			t.Errorf("%+v, %v", result, err)
		}
		l.Close()
		<-forwarding
	})
}

// forward joins what comes to l with connections to addr, until l is closed.
func forward(l net.Listener, addr string, drop func(net.Conn) bool) {
	var copying sync.WaitGroup
	defer copying.Wait()
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		if drop(in) {
			continue
		}
		out, err := net.Dial("tcp", addr)
		if err != nil {
			in.Close()
			continue
		}
		join := func(to, from net.Conn) {
			_, err := io.Copy(to, from)
			errors.Join(err, to.Close(), from.Close())
		}
		copying.Go(func() { join(in, out) })
		copying.Go(func() { join(out, in) })
	}
}

func TestRunCountsFailures(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }))
	defer refusing.Close()
	c := Config{Addr: refusing.Listener.Addr().String(), Spans: 30, SpansPerRequest: 10, OnAck: func([]model.TraceID) { t.Error("acked") }}
	result, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if result.Failed != 30 || result.Acked != 0 || result.Retries != 0 || !strings.Contains(result.FirstProblem, "400") {
		t.Errorf("%+v", result)
	}
}

func TestRunCountsRejectedSpans(t *testing.T) {
	answer, err := proto.Marshal(&collector.ExportTraceServiceResponse{PartialSuccess: &collector.ExportTracePartialSuccess{RejectedSpans: 3}})
	if err != nil {
		t.Fatal(err)
	}
	partial := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := w.Write(answer); err != nil {
			t.Error(err)
		}
	}))
	defer partial.Close()
	result, err := Run(t.Context(), Config{Addr: partial.Listener.Addr().String(), Spans: 10})
	if err != nil || result.Acked != 7 || result.Rejected != 3 || result.Sent != 10 {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		cancel()
		<-r.Context().Done()
	}))
	defer hanging.Close()
	result, err := Run(ctx, Config{Addr: hanging.Listener.Addr().String(), Spans: 5000})
	if !errors.Is(err, context.Canceled) || result.Sent != 1000 || result.Failed != 1000 {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestConfigValidate(t *testing.T) {
	for _, c := range []Config{{}, {Spans: 1, Rate: -1}, {Spans: 1, Spread: -1}, {Spans: 1, SpansPerRequest: maxSpansPerRequest + 1}} {
		if _, err := Run(t.Context(), c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}

func TestMeasuresItself(t *testing.T) {
	r := newReceiver()
	c := Config{Spans: 20_000, PID: os.Getpid()}
	r.listen(t, &c)
	result, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := result.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	if result.ServerErr != nil {
		if !errors.Is(result.ServerErr, errors.ErrUnsupported) || !strings.Contains(text.String(), "not available") {
			t.Error(result.ServerErr)
		}
		return
	}
	if result.Server.Resident <= 0 || result.Server.Peak < result.Server.Resident || result.CPUPerMillion() <= 0 {
		t.Errorf("%+v", result.Server)
	}
	if want := fmt.Sprintf("%.2f CPU-seconds per million spans", result.CPUPerMillion().Seconds()); !strings.Contains(text.String(), want) {
		t.Errorf("%q is not in\n%s", want, &text)
	}
}

func TestParseStat(t *testing.T) {
	const stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 8 0 100 1000 10"
	if got, err := parseStat([]byte(stat)); err != nil || got != 3*time.Second {
		t.Errorf("%v, %v; want 3s", got, err)
	}
	for _, bad := range []string{"", "42 (a) S 1", "no parenthesis at all"} {
		if got, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q gives %v", bad, got)
		}
	}
}

func TestAckWriter(t *testing.T) {
	var out bytes.Buffer
	ack := AckWriter(&out, func(err error) { t.Error(err) })
	ack([]model.TraceID{{1}, {2}})
	ack([]model.TraceID{{3}})
	want := "01" + strings.Repeat("0", 30) + "\n02" + strings.Repeat("0", 30) + "\n03" + strings.Repeat("0", 30) + "\n"
	if out.String() != want {
		t.Errorf("%q, want %q", &out, want)
	}
	failures := 0
	ack = AckWriter(brokenWriter{}, func(error) { failures++ })
	ack([]model.TraceID{{1}})
	ack([]model.TraceID{{2}})
	if failures != 1 {
		t.Errorf("%d failures told, want 1", failures)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

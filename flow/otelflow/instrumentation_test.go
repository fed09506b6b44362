package otelflow_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/otelflow"
)

// lineages are the operations of all flows once no flow runs, each after those
// above it. All are of one trace.
func lineages(t *testing.T, tracker *flow.Tracker) []string {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for tracker.Totals().Active > 0 { // a server's span ends after its answer was read
		select {
		case <-deadline:
			t.Fatalf("flows run on: %+v", tracker.Active(0))
		case <-time.After(time.Millisecond):
		}
	}
	spans := map[flow.SpanID]flow.Span{}
	traces := map[flow.TraceID]bool{}
	for _, f := range tracker.Flows(0) {
		traces[f.TraceID] = true
		for _, s := range f.Spans {
			spans[s.SpanID] = s
		}
	}
	if len(traces) != 1 {
		t.Errorf("%d traces", len(traces))
	}
	var out []string
	for _, s := range spans {
		line := s.Name
		for above, known := spans[s.ParentID]; known; above, known = spans[above.ParentID] {
			line = above.Name + " > " + line
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func check(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("the operations are\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// find is the first kept operation of that kind.
func find(t *testing.T, tracker *flow.Tracker, kind flow.Kind) flow.Span {
	t.Helper()
	for _, f := range tracker.Flows(0) {
		for _, s := range f.Spans {
			if s.Kind == kind {
				return s
			}
		}
	}
	t.Fatalf("no operation is of kind %v", kind)
	return flow.Span{}
}

func get(t *testing.T, client *http.Client, url string) error {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	return do(client, request)
}

func do(client *http.Client, request *http.Request) error {
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return errors.Join(err, answer.Body.Close())
}

func TestOtelhttp(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	options := []otelhttp.Option{
		otelhttp.WithTracerProvider(otelflow.NewTracerProvider(tracker)), otelhttp.WithPropagators(propagation.TraceContext{}),
	}
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	client := &http.Client{Transport: otelhttp.NewTransport(base, options...)}

	back := http.NewServeMux()
	back.HandleFunc("GET /stock/{id}", func(w http.ResponseWriter, r *http.Request) {
		_, op := flow.Start(r.Context(), "count")
		defer op.End()
		http.Error(w, "gone", http.StatusServiceUnavailable)
	})
	// Both around one another, as in a service that is about to change over.
	stock := httptest.NewServer(tracker.Middleware(otelhttp.NewHandler(back, "stock", options...)))
	defer stock.Close()
	front := http.NewServeMux()
	front.HandleFunc("GET /cart", func(_ http.ResponseWriter, r *http.Request) {
		ctx, op := flow.Start(r.Context(), "load cart")
		defer op.End()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, stock.URL+"/stock/7", nil)
		if err == nil {
			err = do(client, request)
		}
		op.Fail(err)
	})
	shop := httptest.NewServer(otelhttp.NewHandler(front, "shop", options...))
	defer shop.Close()
	if err := get(t, &http.Client{Transport: base}, shop.URL+"/cart"); err != nil {
		t.Fatal(err)
	}

	check(t, lineages(t, tracker),
		"GET /cart",
		"GET /cart > load cart",
		"GET /cart > load cart > HTTP GET",
		"GET /cart > load cart > HTTP GET > GET",
		"GET /cart > load cart > HTTP GET > GET > GET /stock/{id}",
		"GET /cart > load cart > HTTP GET > GET > GET /stock/{id} > count",
	)
	call := find(t, tracker, flow.Client)
	if textOf(call.Attrs, "http.response.status_code") != "503" || call.Status != flow.Failed {
		t.Errorf("the call is %+v", call)
	}
}

func TestOtelgrpc(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	provider := otelflow.NewTracerProvider(tracker)
	options := []otelgrpc.Option{otelgrpc.WithTracerProvider(provider), otelgrpc.WithPropagators(propagation.TraceContext{})}
	server := grpc.NewServer(grpc.StatsHandler(otelgrpc.NewServerHandler(options...)))
	healthpb.RegisterHealthServer(server, health.NewServer())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStatsHandler(otelgrpc.NewClientHandler(options...)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()

	ctx, root := tracker.Start(t.Context(), "root")
	client := healthpb.NewHealthClient(conn)
	if _, err := client.Check(ctx, &healthpb.HealthCheckRequest{}); err != nil {
		t.Error(err)
	}
	if _, err := client.Check(ctx, &healthpb.HealthCheckRequest{Service: "unknown"}); err == nil {
		t.Error("a service that is not there is healthy")
	}
	root.End()
	const method = "grpc.health.v1.Health/Check"
	check(t, lineages(t, tracker),
		"root", "root > "+method, "root > "+method, "root > "+method+" > "+method, "root > "+method+" > "+method)
	if call := find(t, tracker, flow.Client); textOf(call.Attrs, "rpc.method") == "" || len(call.Attrs) < 4 {
		t.Errorf("the call is %+v", call)
	}
}

func TestOtelsql(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	db := otelsql.OpenDB(memory{}, otelsql.WithTracerProvider(otelflow.NewTracerProvider(tracker)))
	defer db.Close()
	ctx, root := tracker.Start(t.Context(), "root")
	if _, err := db.ExecContext(ctx, "UPDATE stock"); err != nil {
		t.Error(err)
	}
	if _, err := db.ExecContext(ctx, "broken"); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("the error is %v", err)
	}
	root.End()
	check(t, lineages(t, tracker), "root", "root > sql.conn.exec", "root > sql.conn.exec", "root > sql.conn.reset_session", "root > sql.connector.connect")
	failed := 0
	for _, s := range tracker.Flows(1)[0].Spans {
		if s.Name != "sql.conn.exec" {
			continue
		}
		if s.Kind != flow.Client || textOf(s.Attrs, "db.query.text")+textOf(s.Attrs, "db.statement") == "" {
			t.Errorf("a statement is %+v", s)
		}
		if s.Status == flow.Failed {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("%d statements failed", failed)
	}
}

// memory is a database that knows no more than that "broken" is.
type memory struct{}

func (memory) Connect(context.Context) (driver.Conn, error) { return connection{}, nil }
func (memory) Driver() driver.Driver                        { return nil }

type connection struct{}

func (connection) Prepare(string) (driver.Stmt, error)      { return nil, errors.ErrUnsupported }
func (connection) Close() error                             { return nil }
func (connection) Begin() (driver.Tx, error)                { return nil, errors.ErrUnsupported }
func (connection) ResetSession(context.Context) error       { return nil }
func (connection) CheckNamedValue(*driver.NamedValue) error { return nil }
func (connection) ExecContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Result, error) {
	if query == "broken" {
		return nil, sql.ErrNoRows
	}
	return driver.RowsAffected(1), nil
}

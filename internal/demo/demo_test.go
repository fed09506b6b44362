package demo

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// sights are what the demo promises to show, each recognisable by one span.
var sights = map[string]func(received) bool{
	"a retry": func(s received) bool {
		return s.Kind == tracepb.Span_SPAN_KIND_CLIENT && s.attr("http.request.resend_count").GetIntValue() > 0
	},
	"an open breaker in checkout": func(s received) bool {
		return s.service() == "checkout" && s.Status.GetMessage() == "circuit breaker is open" &&
			s.attr("peer.service").GetStringValue() == "payment" && s.attr("error.type").GetStringValue() == "circuit_breaker_open"
	},
	"a client timeout": func(s received) bool {
		return s.Kind == tracepb.Span_SPAN_KIND_CLIENT && strings.Contains(s.Status.GetMessage(), "deadline exceeded")
	},
	"a flow that timed out": func(s received) bool {
		return isRoot(s) && s.Status.GetMessage() == "deadline exceeded" && s.attr("http.response.status_code").GetIntValue() == 504
	},
	"catalog v1": func(s received) bool { return isVersion(s, "catalog", "1.8.2") },
	"catalog v2": func(s received) bool { return isVersion(s, "catalog", "2.0.0") },
	"staging": func(s received) bool {
		return find(s.resource, "deployment.environment.name").GetStringValue() == "staging"
	},
	"a database": func(s received) bool {
		return s.attr("db.system.name").GetStringValue() == "postgresql" && s.attr("db.query.text") != nil
	},
	"a cache": func(s received) bool {
		return s.attr("db.system.name").GetStringValue() == "redis" && s.attr("cache.hit").GetBoolValue()
	},
	"a consumer in its producer's trace": func(s received) bool {
		return s.service() == "fulfillment" && s.Kind == tracepb.Span_SPAN_KIND_CONSUMER && len(s.Links) == 1 &&
			string(s.ParentSpanId) == string(s.Links[0].SpanId) && string(s.TraceId) == string(s.Links[0].TraceId)
	},
	"a batch of several orders": func(s received) bool {
		return s.service() == "email-worker" && s.Kind == tracepb.Span_SPAN_KIND_CONSUMER && isRoot(s) &&
			len(s.Links) > 1 && s.attr("messaging.batch.message_count").GetIntValue() == int64(len(s.Links))
	},
	"the operation by header": func(s received) bool {
		return s.service() == "api-gateway" && s.Kind == tracepb.Span_SPAN_KIND_SERVER &&
			strings.Contains(s.attr("http.request.header.x-operation-name").String(), "checkout")
	},
	"the operation by baggage, deep down": func(s received) bool {
		return s.service() == "fraud-check" && s.Kind == tracepb.Span_SPAN_KIND_SERVER && s.attr(operationKey).GetStringValue() == "checkout" &&
			s.attr("http.route").GetStringValue() == "/scores"
	},
}

func isRoot(s received) bool { return len(s.ParentSpanId) == 0 }

func isVersion(s received, service, version string) bool {
	return s.service() == service && find(s.resource, "service.version").GetStringValue() == version
}

// TestDemoShowsWhatItPromises runs until every sight, every operation and every service has been received.
func TestDemoShowsWhatItPromises(t *testing.T) {
	r := startReceiver(t)
	d := newDemo(t, Config{OTLPGRPC: r.grpcAddr, OTLPHTTP: r.httpAddr, Rate: 60, Speed: 4, Seed: 7})
	missing := map[string]bool{}
	for name := range sights {
		missing[name] = true
	}
	for _, op := range d.topology.operations {
		missing["operation "+op.name] = true
	}
	for _, s := range d.topology.services {
		missing["service "+s.name] = true
	}
	if len(d.topology.services) < 14 || len(d.topology.operations) != 8 {
		t.Fatalf("%d services, %d operations", len(d.topology.services), len(d.topology.operations))
	}

	stop := runDemo(t, d)
	deadline := time.After(time.Minute)
	for seen := 0; len(missing) > 0; {
		select {
		case <-r.arrived:
		case <-deadline:
			t.Fatalf("still not seen after a minute: %v; %+v", missing, d.Stats())
		}
		fresh := r.since(seen)
		seen += len(fresh)
		for _, s := range fresh {
			tick(missing, s)
		}
	}
	if err := stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	checkBooks(t, d, r)
	checkTraces(t, r.since(0))
}

func tick(missing map[string]bool, s received) {
	delete(missing, "service "+s.service())
	if isRoot(s) && s.Name == s.attr(operationKey).GetStringValue() && s.attr("ui.event") != nil &&
		s.attr("session.id") != nil && s.attr("enduser.pseudo.id") != nil {
		delete(missing, "operation "+s.Name)
	}
	for name := range missing {
		if is := sights[name]; is != nil && is(s) {
			delete(missing, name)
		}
	}
}

// checkBooks holds what the demo says it sent against what came.
func checkBooks(t *testing.T, d *Demo, r *receiver) {
	t.Helper()
	stats, spans := d.Stats(), r.since(0)
	if stats.SpansSent != uint64(len(spans)) || stats.SpansFailed+stats.ExportErrors+stats.SpansDropped != 0 {
		t.Errorf("received %d spans, stats say %+v", len(spans), stats)
	}
	roots, failed := 0, 0
	for _, s := range spans {
		if isRoot(s) {
			roots++
		}
		if s.attr("ui.event") != nil && s.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR {
			failed++
		}
	}
	if uint64(roots) != stats.FlowsSent+stats.Batches || uint64(failed) != stats.FlowsFailed {
		t.Errorf("received %d traces, %d of flows that failed; stats say %+v", roots, failed, stats)
	}
	if r.overGRPC == 0 || r.viaHTTP == 0 {
		t.Errorf("%d spans over gRPC, %d over HTTP: want both in use", r.overGRPC, r.viaHTTP)
	}
}

// checkTraces: all parents and link targets arrived, and the broken circuit really had no server side.
func checkTraces(t *testing.T, spans []received) {
	t.Helper()
	byID := map[string]received{}
	children := map[string]int{}
	for _, s := range spans {
		byID[string(s.SpanId)] = s
		children[string(s.ParentSpanId)]++
	}
	for _, s := range spans {
		if _, ok := byID[string(s.ParentSpanId)]; !ok && !isRoot(s) {
			t.Errorf("%s %q has a parent that never arrived", s.service(), s.Name)
		}
		for _, link := range s.Links {
			if to := byID[string(link.SpanId)]; to.Span == nil || to.Kind != tracepb.Span_SPAN_KIND_PRODUCER {
				t.Errorf("%s %q links to something other than a producer", s.service(), s.Name)
			}
		}
		if s.Status.GetMessage() == "circuit breaker is open" && s.Kind == tracepb.Span_SPAN_KIND_CLIENT && children[string(s.SpanId)] != 0 {
			t.Errorf("%s %q was refused by the breaker but has a server side", s.service(), s.Name)
		}
	}
}

// TestReceiverThatHangsOrRefuses must not keep Run from returning, and no span may be claimed as sent.
func TestReceiverThatHangsOrRefuses(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	reached := make(chan struct{}, 1000)
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice a client that leaves, be it half way through
		reached <- struct{}{}
		<-r.Context().Done()
	}))
	defer hanging.Close()

	d := newDemo(t, Config{OTLPGRPC: closed.Addr().String(), OTLPHTTP: hanging.Listener.Addr().String(), Rate: 50, Speed: 10})
	d.flushLimit = 200 * time.Millisecond
	stop := runDemo(t, d)
	<-reached
	if err := stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if s := d.Stats(); s.SpansSent != 0 || s.SpansFailed == 0 || s.ExportErrors == 0 || s.FlowsSent == 0 {
		t.Errorf("stats: %+v", s)
	}
}

// TestFlowsThatDoNotEnd are cut off: here a millisecond of work takes ten seconds.
func TestFlowsThatDoNotEnd(t *testing.T) {
	r := startReceiver(t)
	d := newDemo(t, Config{OTLPHTTP: r.httpAddr, Rate: 100, Speed: 0.0001})
	d.drainLimit = 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), time.Second) // a busy machine begins one in it, too
	defer cancel()
	if err := d.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	if s := d.Stats(); s.FlowsSent == 0 || s.FlowsFailed != s.FlowsSent {
		t.Errorf("stats: %+v, want all flows cut off", s)
	}
	checkTraces(t, r.since(0))
}

func TestOneReceiverIsEnough(t *testing.T) {
	for _, over := range []string{"gRPC", "HTTP"} {
		t.Run(over, func(t *testing.T) {
			r := startReceiver(t)
			cfg := Config{OTLPGRPC: r.grpcAddr, Rate: 50, Speed: 10}
			if over == "HTTP" {
				cfg.OTLPGRPC, cfg.OTLPHTTP = "", r.httpAddr
			}
			d := newDemo(t, cfg)
			stop := runDemo(t, d)
			<-r.arrived
			if err := stop(); err != nil {
				t.Errorf("Run: %v", err)
			}
			if s := d.Stats(); s.SpansSent == 0 || s.SpansSent != uint64(len(r.since(0))) {
				t.Errorf("received %d spans, stats say %+v", len(r.since(0)), s)
			}
		})
	}
}

func TestRunOnlyOnce(t *testing.T) {
	r := startReceiver(t)
	d := newDemo(t, Config{OTLPHTTP: r.httpAddr})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Run(ctx); err != nil {
		t.Errorf("first Run: %v", err)
	}
	if err := d.Run(ctx); err == nil {
		t.Error("second Run: no error")
	}
}

func TestConfigIsChecked(t *testing.T) {
	good := Config{OTLPGRPC: "127.0.0.1:4317"}
	for _, tc := range []struct {
		names string // what the error must name
		edit  func(*Config)
	}{
		{"OTLPGRPC", func(c *Config) { c.OTLPGRPC = "" }},
		{"OTLPHTTP", func(c *Config) { c.OTLPHTTP = "http://localhost:4318/" }},
		{"Rate", func(c *Config) { c.Rate = -1 }},
		{"Rate", func(c *Config) { c.Rate = math.NaN() }},
		{"Rate", func(c *Config) { c.Rate = MaxRate + 1 }},
		{"Speed", func(c *Config) { c.Speed = -2 }},
		{"Speed", func(c *Config) { c.Speed = math.Inf(1) }},
	} {
		cfg := good
		tc.edit(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), tc.names) {
			t.Errorf("New(%+v) = %v, want an error about %s", cfg, err, tc.names)
		}
	}
}

func newDemo(t *testing.T, cfg Config) *Demo {
	t.Helper()
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// runDemo runs d until stop is called, which returns Run's error, or one if Run does not return.
func runDemo(t *testing.T, d *Demo) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(30 * time.Second):
			return errors.New("did not return within 30 s")
		}
	}
}

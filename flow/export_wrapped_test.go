package flow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/flow"
)

// TestShutdownEndsWhileFlowsGoOn has an exporter that is slower than flows come.
func TestShutdownEndsWhileFlowsGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := exporter{export: func(context.Context, []flow.Trace) error {
			pass(20 * time.Millisecond)
			return nil
		}}
		tracker := flow.New(flow.WithExporter(slow))
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond):
					record(t, tracker, "tick")
				}
			}
		}()
		pass(50 * time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := tracker.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		close(stop)
		<-stopped
		if s := tracker.Exporters()[0]; s.Exported < 9 || s.Dropped != 0 {
			t.Errorf("it counted %+v", s)
		}
	})
}

// redacting wraps the exporter that it sends with.
type redacting struct {
	*flow.OTLPExporter
	calls int
}

func (r *redacting) Export(ctx context.Context, flows []flow.Trace) error {
	r.calls++
	for i := range flows {
		flows[i].Spans[0].Attrs = nil
	}
	return r.OTLPExporter.Export(ctx, flows)
}

func TestWrapperOfAnExporterIsAsked(t *testing.T) {
	t.Parallel()
	var sent bytes.Buffer
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(&sent, r.Body) // there is one request, and Shutdown waits for it
	}))
	defer server.Close()
	e := &redacting{OTLPExporter: &flow.OTLPExporter{Endpoint: server.URL, Uncompressed: true}}
	tracker := flow.New(flow.WithExporter(e))
	_, op := tracker.Start(t.Context(), "login", flow.String("password", "hunter2"))
	op.End()
	if err := tracker.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if got := sent.String(); e.calls != 1 || !strings.Contains(got, "login") || strings.Contains(got, "hunter2") {
		t.Errorf("it was called %d times and sent %q", e.calls, got)
	}
}

// TestNilExporterHarmsNobody has none of a type, and what wraps none.
func TestNilExporterHarmsNobody(t *testing.T) {
	t.Parallel()
	var none *flow.OTLPExporter
	var noWrapper *redacting
	tracker := flow.New(flow.WithExporter(none), flow.WithExporter(&redacting{}), flow.WithExporter(noWrapper))
	record(t, tracker, "a")
	if err := tracker.Shutdown(t.Context()); err == nil {
		t.Error("what wraps no exporter exports")
	}
	if s := tracker.Exporters(); len(s) != 2 || s[0].Failed != 1 || s[1].Failed != 1 {
		t.Errorf("%+v", s)
	}
}

func TestRedirectIsNoReceiver(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/traces" {
			http.Redirect(w, r, "/login", http.StatusFound)
		}
	}))
	defer server.Close()
	tracker := flow.New(flow.WithExporter(&flow.OTLPExporter{Endpoint: server.URL}))
	record(t, tracker, "a")
	err := tracker.Shutdown(t.Context())
	if s := tracker.Exporters()[0]; s.Failed != 1 || s.Exported != 0 || err == nil || !strings.Contains(err.Error(), "302") {
		t.Errorf("it counted %+v, shutdown %v", s, err)
	}
}

func TestProcessIsOneInstance(t *testing.T) {
	t.Parallel()
	if !bytes.Equal(flow.EncodeOTLP(), flow.EncodeOTLP()) {
		t.Error("two requests come from two instances")
	}
}

func TestStatsOfAnErrorThatPanics(t *testing.T) {
	t.Parallel()
	bad := exporter{export: func(context.Context, []flow.Trace) error { return &brokenError{} }}
	tracker := flow.New(flow.WithExporter(bad))
	record(t, tracker, "a")
	_ = tracker.Shutdown(t.Context()) // the error has no text to compare
	if text, err := json.Marshal(tracker.Exporters()); err != nil || !strings.Contains(string(text), `"error":`) {
		t.Errorf("%s, %v", text, err)
	}
}

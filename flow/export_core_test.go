package flow_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/flow"
)

// exporter is an Exporter of functions.
type exporter struct {
	export func(ctx context.Context, flows []flow.Trace) error
	close  func() error
}

func (e exporter) Export(ctx context.Context, flows []flow.Trace) error { return e.export(ctx, flows) }

func (e exporter) Close() error {
	if e.close == nil {
		return nil
	}
	return e.close()
}

// collect returns an exporter that adds the names of flows to a list.
func collect(names *[]string) exporter {
	return exporter{export: func(_ context.Context, flows []flow.Trace) error {
		for _, f := range flows {
			*names = append(*names, f.Operation())
		}
		return nil
	}}
}

func record(t *testing.T, tracker *flow.Tracker, names ...string) {
	t.Helper()
	for _, name := range names {
		_, op := tracker.Start(t.Context(), name)
		op.End()
	}
}

func TestShutdownFlushesExporters(t *testing.T) {
	t.Parallel()
	var first, second []string
	closed := 0
	e := collect(&second)
	e.close = func() error { closed++; return errors.New("disk full") }
	tracker := flow.New(flow.WithExporter(collect(&first)), flow.WithExporter(e))
	record(t, tracker, "a", "b", "c")
	for range 2 {
		if err := tracker.Shutdown(t.Context()); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("shutdown returned %v", err)
		}
	}
	if strings.Join(first, "") != "abc" || strings.Join(second, "") != "abc" || closed != 1 {
		t.Errorf("exported %v and %v, closed %d times", first, second, closed)
	}
	record(t, tracker, "after")
	if s := tracker.Exporters()[0]; s.Exported != 3 || s.Dropped != 0 || s.Failed != 0 {
		t.Errorf("it counted %+v", s)
	}
}

func TestExportersWorkWithoutHistory(t *testing.T) {
	t.Parallel()
	var names []string
	tracker := flow.New(flow.WithHistory(0, 0), flow.WithExporter(collect(&names)))
	record(t, tracker, "a", "b")
	if err := tracker.Shutdown(t.Context()); err != nil || strings.Join(names, "") != "ab" || len(tracker.Flows(0)) != 0 {
		t.Errorf("exported %v, shutdown %v", names, err)
	}
}

func TestNoExporterIsNone(t *testing.T) {
	t.Parallel()
	tracker := flow.New(flow.WithExporter(nil))
	record(t, tracker, "a")
	if err := tracker.Shutdown(t.Context()); err != nil || len(tracker.Exporters()) != 0 {
		t.Errorf("exporters %+v, shutdown %v", tracker.Exporters(), err)
	}
}

func TestPanickingExporterHarmsNobody(t *testing.T) {
	t.Parallel()
	var names []string
	bad := exporter{
		export: func(context.Context, []flow.Trace) error { panic("boom") },
		close:  func() error { panic("bang") },
	}
	tracker := flow.New(flow.WithExporter(bad), flow.WithExporter(collect(&names)))
	record(t, tracker, "a")
	err := tracker.Shutdown(t.Context())
	if err == nil || !strings.Contains(err.Error(), "bang") || strings.Join(names, "") != "a" {
		t.Errorf("exported %v, shutdown %v", names, err)
	}
	if s := tracker.Exporters()[0]; s.Failed != 1 || s.Exported != 0 {
		t.Errorf("it counted %+v", s)
	}
}

// TestHangingExporterHarmsNobody has an exporter that heeds nothing: requests
// go on, Shutdown returns when its context ends, what was lost is counted.
func TestHangingExporterHarmsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var names []string
		var calls atomic.Int64
		release := make(chan struct{})
		stuck := exporter{export: func(context.Context, []flow.Trace) error {
			calls.Add(1)
			<-release
			return nil
		}}
		tracker := flow.New(flow.WithHistory(10, 1<<20), flow.WithExporter(stuck), flow.WithExporter(collect(&names)))
		record(t, tracker, "first")
		synctest.Wait()
		for range 2000 {
			record(t, tracker, "x")
			synctest.Wait()
		}
		// One hangs in the exporter, 512 wait for it.
		if s := tracker.Exporters()[0]; s.Dropped != 2000-512 || s.Exported != 0 {
			t.Errorf("it counted %+v", s)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		err := tracker.Shutdown(ctx)
		if took := time.Since(began); took != 3*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("shutdown took %v and returned %v", took, err)
		}
		if s := tracker.Exporters()[0]; s.Dropped != 2000 || s.Pending != 1 || len(names) != 2001 {
			t.Errorf("it counted %+v; the other has %d", s, len(names))
		}
		record(t, tracker, "after")
		close(release)
		synctest.Wait()
		if s := tracker.Exporters()[0]; s.Dropped != 2000 || s.Exported != 1 || s.Pending != 0 || calls.Load() != 1 {
			t.Errorf("it counted %+v in %d calls", s, calls.Load())
		}
	})
}

// TestShutdownExportsWhatWasAnswered has a request whose work goes on, as of a
// service that is told to end.
func TestShutdownExportsWhatWasAnswered(t *testing.T) {
	t.Parallel()
	var names []string
	tracker := flow.New(flow.WithExporter(collect(&names)))
	ctx, op := tracker.Start(t.Context(), "request")
	_, after := tracker.Start(ctx, "send receipt")
	op.End()
	tracker.Start(t.Context(), "not answered")
	if err := tracker.Shutdown(t.Context()); err != nil || strings.Join(names, "") != "request" {
		t.Errorf("exported %q, %v", names, err)
	}
	after.End()
	if totals := tracker.Totals(); totals.Flows != 1 || totals.Active != 1 {
		t.Errorf("%+v", totals)
	}
}

// TestShutdownBlamesOnlyWhoHangs has others that are done by the time its
// context ends: they keep their own errors, or none.
func TestShutdownBlamesOnlyWhoHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := []flow.Option{flow.WithExporter(exporter{export: func(ctx context.Context, _ []flow.Trace) error {
			<-ctx.Done()
			return ctx.Err()
		}})}
		fail := exporter{export: func(context.Context, []flow.Trace) error { return errors.New("disk full") }}
		for range 20 {
			options = append(options, flow.WithExporter(fail))
		}
		tracker := flow.New(options...)
		record(t, tracker, "a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := tracker.Shutdown(ctx)
		if err == nil || strings.Count(err.Error(), "deadline") != 1 || strings.Count(err.Error(), "disk full") != 20 {
			t.Errorf("shutdown returned %v", err)
		}
		synctest.Wait()
	})
}

func TestEncodedExporterGetsEachFlow(t *testing.T) {
	t.Parallel()
	var got []flow.Encoded
	e := encoded{take: func(flows []flow.Encoded) { got = append(got, flows...) }}
	tracker := flow.New(flow.WithExporter(e))
	_, op := tracker.Start(t.Context(), "a")
	op.End()
	if err := tracker.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].TraceID != op.TraceID() || len(got[0].OTLP) == 0 {
		t.Errorf("it got %+v", got)
	}
}

type encoded struct{ take func([]flow.Encoded) }

func (encoded) Export(context.Context, []flow.Trace) error { return errors.New("not encoded") }

func (e encoded) ExportEncoded(_ context.Context, flows []flow.Encoded) error {
	e.take(flows)
	return nil
}

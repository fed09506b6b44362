package flow_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/flow"
)

// Names that are cut or mended are the same step each time they come.
func TestOddNamesAreOneStepEach(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	long, other := "SELECT "+strings.Repeat("a", 300), "UPDATE "+strings.Repeat("b", 300)
	names := []string{long, other, long + " more", "caf\xe9", "th\xe9"}
	for range 50 {
		ctx, root := tracker.Start(t.Context(), "job")
		for _, name := range names {
			_, op := tracker.Start(ctx, name)
			op.End()
		}
		root.End()
	}
	calls := map[string]int64{}
	for _, s := range tracker.Stats() {
		calls[strings.Join(s.Path, "/")] += s.Calls
	}
	cut := func(name string) string { return "job/" + name[:256] }
	if n := tracker.Totals().Paths; n != 5 || len(calls) != 5 || calls["job"] != 50 ||
		calls[cut(long)] != 100 || calls[cut(other)] != 50 || calls["job/caf\ufffd"] != 50 || calls["job/th\ufffd"] != 50 {
		t.Errorf("%d paths: %v", n, calls)
	}
}

// An attribute that is set again and again takes the place of one.
func TestSettingAgainTakesNothingMore(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	ctx, root := tracker.Start(t.Context(), "import")
	for i := range 20_000 {
		root.Set(flow.Int("rows.done", i+1))
		root.Set(flow.String("at", strings.Repeat("x", i%900)))
	}
	_, op := tracker.Start(ctx, "commit", flow.String("db.system.name", "sqlite"))
	op.Fail(errors.New("deadlock"))
	op.End()
	root.End()
	kept := tracker.Flows(0)
	if len(kept) != 1 || len(kept[0].Spans) != 2 {
		t.Fatalf("%+v", kept)
	}
	first, second := kept[0].Spans[0], kept[0].Spans[1]
	if text := fmt.Sprint(first.Attrs); !strings.Contains(text, "20000") || len(first.Attrs) != 2 {
		t.Errorf("the first has %.300s", text)
	}
	if len(second.Attrs) != 1 || len(second.Events) != 1 {
		t.Errorf("the second has %v and %v", second.Attrs, second.Events)
	}
}

// Work that goes on with the context of a flow that has ended does not push all
// other flows out of the history.
func TestLateOperationsLeaveOthersTheirPlace(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	for range 500 {
		record(t, tracker, "good")
	}
	ctx, op := tracker.Start(t.Context(), "subscribe")
	op.End()
	for range 5000 {
		_, poll := flow.Start(ctx, "poll")
		poll.End()
	}
	good := 0
	for _, f := range tracker.Flows(0) {
		if f.Operation() == "good" {
			good++
		}
	}
	var polls int64
	for _, s := range tracker.Stats() {
		if len(s.Path) == 2 {
			polls = s.Calls
		}
	}
	if n := tracker.Totals().Dropped; good != 500 || polls != 5000 || n != 4900 {
		t.Errorf("%d good flows are left, %d operations counted, %d of them not recorded", good, polls, n)
	}
}

type secret string

func (secret) LogValue() slog.Value { return slog.StringValue("REDACTED") }

func TestTagsAreWrittenAsSlogWrites(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	ctx, op := tracker.Start(t.Context(), "login")
	flow.AddTag(ctx, "token", secret("s3cret"))
	flow.AddTag(ctx, "user", slog.GroupValue(slog.String("name", "ann"), slog.Group("login", slog.Any("password", secret("s3cret")))))
	op.End()
	if text := fmt.Sprint(tracker.Flows(0)[0].Spans[0].Attrs); strings.Count(text, "REDACTED") != 2 || strings.Contains(text, "s3cret") {
		t.Error(text)
	}
}

// A flow is kept for a failure even where there were too many operations to
// record it.
func TestFailureBeyondTheRecordKeepsTheFlow(t *testing.T) {
	t.Parallel()
	tracker := flow.New(flow.WithSampler(decide(flow.Measure)))
	for _, failing := range []int{-1, 2400} {
		ctx, root := tracker.Start(t.Context(), "batch")
		for i := range 2500 {
			_, op := tracker.Start(ctx, "row")
			if i == failing {
				op.Fail(errors.New("refused"))
			}
			op.End()
		}
		root.End()
	}
	if n := len(tracker.Flows(0)); n != 1 {
		t.Errorf("%d flows are kept", n)
	}
}

// Each caller of Shutdown waits for no longer than its own context lasts.
func TestShutdownBesideAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New(flow.WithExporter(exporter{export: func(ctx context.Context, _ []flow.Trace) error {
			<-ctx.Done()
			return ctx.Err()
		}}))
		record(t, tracker, "a")
		first := make(chan error)
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			first <- tracker.Shutdown(ctx)
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		if err := tracker.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 100*time.Millisecond {
			t.Errorf("the second took %v and returned %v", time.Since(began), err)
		}
		err := <-first
		if again := tracker.Shutdown(ctx); err == nil || again == nil || again.Error() != err.Error() {
			t.Errorf("the first returned %v, a later one %v", err, again)
		}
	})
}

// A flow that outlives the tracker's Shutdown is complete with its first operation.
func TestFlowThatOutlivesShutdown(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	ctx, root := tracker.Start(t.Context(), "request")
	_, rest := tracker.Start(ctx, "for ever")
	if err := tracker.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	root.End()
	if totals := tracker.Totals(); totals.Active != 0 || totals.Flows != 1 || len(tracker.Flows(0)) != 1 {
		t.Errorf("%+v", totals)
	}
	rest.End()
}

// A record's own "trace_id" is not what says whose it is.
func TestRecordWithATraceIDOfItsOwn(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	h := flow.NewHandler(slog.NewJSONHandler(&out, nil), nil)
	ctx, op := flow.New().Start(t.Context(), "checkout")
	slog.New(flow.NewHandler(h, nil)).ErrorContext(ctx, "upstream failed", "trace_id", "abc")
	op.End()
	record := written(t, &out)[0]
	if record["operation"] != "checkout" || record["span_id"] == nil || strings.Count(out.String(), `"operation"`) != 1 {
		t.Errorf("the record is %v", record)
	}
}

// What StartFlow did not record, EndFlow does not end: neither the flow around it.
func TestUnrecordedFlowEndsNoOther(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	ctx, op := tracker.Start(t.Context(), "request")
	tracker.SetEnabled(false)
	inner := tracker.StartFlow(ctx, "nightly")
	tracker.SetEnabled(true)
	step := tracker.StartOperation(inner, "step")
	tracker.EndOperation(step, nil)
	tracker.EndOperation(inner, errors.New("not this one"))
	tracker.EndFlow(step, 500, nil)
	tracker.EndFlow(inner, 500, nil)
	if n := tracker.Totals().Active; n != 1 {
		t.Fatalf("%d flows run", n)
	}
	op.End()
	if f := tracker.Flows(0)[0]; f.Spans[0].Status == flow.Failed {
		t.Errorf("%+v", f)
	}
}

type idle struct {
	http.RoundTripper
	closed int
}

func (i *idle) CloseIdleConnections() { i.closed++ }

func TestTransportClosesIdleConnections(t *testing.T) {
	t.Parallel()
	var base idle
	client := http.Client{Transport: flow.Transport(&base)}
	client.CloseIdleConnections()
	if base.closed != 1 {
		t.Errorf("they were closed %d times", base.closed)
	}
}

// TestMessageWithoutRoom has a reason that there is no room for in full.
func TestMessageWithoutRoom(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	ctx, root := tracker.Start(t.Context(), "root")
	_, child := tracker.Start(ctx, "child")
	child.SetStatus(flow.Failed, "short")
	for _, size := range []int{1000, 30, 1} {
		for i := range 600 {
			root.Set(flow.String(fmt.Sprintf("%d.%d", size, i), strings.Repeat("x", size)))
		}
	}
	child.SetStatus(flow.Failed, strings.Repeat("long", 100))
	child.End()
	root.End()
	if message := tracker.Flows(1)[0].Spans[1].Message; message != "longl" {
		t.Errorf("the child says %q", message)
	}
}

package promflow_test

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/promflow"
)

type discard struct{}

func (discard) Export(context.Context, []flow.Trace) error { return nil }

// nowhere is a database that nobody connects to.
type nowhere struct{}

func (nowhere) Connect(context.Context) (driver.Conn, error) { return nil, errors.ErrUnsupported }
func (nowhere) Driver() driver.Driver                        { return nil }

// busy is a tracker that has something of everything to tell.
func busy(t *testing.T) *flow.Tracker {
	t.Helper()
	tracker := flow.New(flow.WithAnomalies(), flow.WithExporter(discard{}), flow.WithExporter(discard{}))
	tracker.Cache("sessions").Hit()
	tracker.Limit("logins").Count(false)
	db := sql.OpenDB(nowhere{})
	tracker.WatchDB("stock", db)
	if err := tracker.SLO("b", flow.Objective{Target: .99}); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	names := []string{"a", "b", `say "hi" \ to` + "\nall", "Grüße"}
	for range 500 {
		ctx, root := tracker.Start(t.Context(), names[r.IntN(len(names))])
		for range r.IntN(4) {
			inner, op := flow.Start(ctx, names[r.IntN(len(names))])
			<-time.After(time.Duration(math.Exp(r.Float64() * 22))) // 1 ns to 3.6 s
			if r.IntN(5) == 0 {
				op.Fail(errors.New("broken"))
			}
			_, below := flow.Start(inner, names[0])
			below.End()
			op.End()
		}
		root.End()
	}
	tracker.Start(t.Context(), "runs on")
	synctest.Wait() // for what is exported
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if err := tracker.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return tracker
}

func gather(t *testing.T, c prometheus.Collector) []*dto.MetricFamily {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(c); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func TestTheLibraryWritesWhatTheTrackerWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := busy(t)
		var text, open, libraryText, libraryOpen bytes.Buffer
		err := errors.Join(tracker.WriteMetrics(&text), tracker.WriteOpenMetrics(&open))
		for _, f := range gather(t, promflow.NewCollector(tracker)) {
			_, one := expfmt.MetricFamilyToText(&libraryText, f)
			_, other := expfmt.MetricFamilyToOpenMetrics(&libraryOpen, f)
			err = errors.Join(err, one, other)
		}
		if _, end := expfmt.FinalizeOpenMetrics(&libraryOpen); err != nil || end != nil {
			t.Fatal(err, end)
		}
		for kind, both := range map[string][2]string{
			"text": {text.String(), libraryText.String()}, "OpenMetrics": {open.String(), libraryOpen.String()},
		} {
			if both[0] == both[1] {
				continue
			}
			got, want := strings.Split(both[0], "\n"), strings.Split(both[1], "\n")
			for i := range min(len(got), len(want)) {
				if got[i] != want[i] {
					t.Errorf("line %d of %s is\n%s\nand the library's is\n%s", i, kind, got[i], want[i])
					break
				}
			}
		}
	})
}

func TestNativeHistogramsAreWithinTheirError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New()
		r := rand.New(rand.NewPCG(3, 4))
		_, none := tracker.Start(t.Context(), "none")
		none.End()
		for range 2000 {
			took := time.Duration(math.Exp(r.Float64() * 25))
			name := took.String()
			_, op := tracker.Start(t.Context(), name)
			<-time.After(took)
			op.End()
		}
		for _, f := range gather(t, promflow.NewCollector(tracker)) {
			if f.GetName() != "flow_operation_duration_seconds" {
				continue
			}
			if len(f.Metric) < 100 {
				t.Fatalf("%d histograms", len(f.Metric))
			}
			for _, m := range f.Metric {
				within(t, m)
			}
		}
	})
}

// within checks a histogram of one duration or several equal ones.
func within(t *testing.T, m *dto.Metric) {
	t.Helper()
	h := m.Histogram
	took := h.GetSampleSum() / float64(h.GetSampleCount())
	if h.GetSchema() != 6 {
		t.Errorf("the schema is %d", h.GetSchema())
	}
	if m.Label[1].GetValue() == "(other)" {
		return
	}
	if took == 0 {
		if h.GetZeroCount() != h.GetSampleCount() || len(h.PositiveSpan) != 0 {
			t.Errorf("what took no time is %v", h)
		}
		return
	}
	if len(h.PositiveSpan) != 1 || h.PositiveSpan[0].GetLength() != 1 || h.PositiveDelta[0] != int64(h.GetSampleCount()) {
		t.Fatalf("one duration is %v", h)
	}
	upper := math.Exp2(float64(h.PositiveSpan[0].GetOffset()) / 64)
	lower := upper * math.Exp2(-1./64)
	// Readers of native histograms interpolate on a logarithmic scale.
	if off := math.Abs(math.Sqrt(lower*upper)/took - 1); off > .0102 {
		t.Errorf("%v s is in the bucket from %v to %v, off by %.3f %%", took, lower, upper, off*100)
	}
	if lower < .49e-9 {
		t.Errorf("the bucket of %v s is in the zero bucket", took)
	}
}

func TestNativeBucketsAddUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, f := range gather(t, promflow.NewCollector(busy(t), promflow.WithBuckets())) {
			for _, m := range f.Metric {
				h := m.Histogram
				if h == nil {
					continue
				}
				sum, at := int64(h.GetZeroCount()), int64(0)
				for _, d := range h.PositiveDelta {
					at += d
					sum += at
				}
				length := 0
				for _, s := range h.PositiveSpan {
					length += int(s.GetLength())
				}
				if sum != int64(h.GetSampleCount()) || length != len(h.PositiveDelta) || len(h.Bucket) != 0 {
					t.Errorf("%d of %d calls are in %d buckets of %v", sum, h.GetSampleCount(), length, h)
				}
				if len(h.Exemplars) == 0 || len(h.Exemplars) > 10 {
					t.Errorf("%d exemplars", len(h.Exemplars))
				}
				for _, e := range h.Exemplars {
					if e.Timestamp == nil || len(e.Label) != 2 || len(e.Label[1].GetValue()) != 32 {
						t.Errorf("an exemplar is %v", e)
					}
				}
			}
		}
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	_, op := tracker.Start(t.Context(), "op")
	op.End()
	c := promflow.NewCollector(tracker, promflow.WithConstLabels(prometheus.Labels{"z": "1", "a": "2"}),
		promflow.WithBuckets(time.Second, time.Millisecond, time.Second))
	for _, f := range gather(t, c) {
		for _, m := range f.Metric {
			names := make([]string, len(m.Label))
			for i, l := range m.Label {
				names[i] = l.GetName()
			}
			if got := strings.Join(names, " "); got != "a z" && got != "a flow operation z" {
				t.Errorf("%s has the labels %s", f.GetName(), got)
			}
			if h := m.Histogram; h != nil && (len(h.Bucket) != 2 || h.Bucket[0].GetUpperBound() != .001 || h.Bucket[1].GetUpperBound() != 1) {
				t.Errorf("the buckets are %v", h.Bucket)
			}
		}
	}
	tracker.Cache("sessions").Miss()
	if err := tracker.SLO("op", flow.Objective{Target: .9}); err != nil {
		t.Fatal(err)
	}
	if problems, err := testutil.CollectAndLint(c); err != nil || len(problems) != 0 {
		t.Errorf("Prometheus' linter says %v %v", problems, err)
	}
}

func TestPrometheusScrapesNativeHistograms(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	_, op := tracker.Start(t.Context(), "op")
	op.End()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(promflow.NewCollector(tracker)); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", string(expfmt.NewFormat(expfmt.TypeProtoDelim)))
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	decoder := expfmt.NewDecoder(w.Body, expfmt.ResponseFormat(w.Result().Header))
	for {
		var f dto.MetricFamily
		if err := decoder.Decode(&f); err != nil {
			t.Fatalf("the histogram is not there: %v", err)
		}
		if f.GetName() == "flow_operation_duration_seconds" {
			if h := f.Metric[0].Histogram; h.GetSchema() != 6 || len(h.Bucket) < 16 || h.CreatedTimestamp == nil {
				t.Errorf("it is %v", h)
			}
			return
		}
	}
}

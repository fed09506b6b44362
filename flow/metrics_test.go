package flow_test

import (
	"bytes"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/flowscope/flowscope/flow"
)

//nolint:gochecknoglobals // a flag of the test binary
var rewrite = flag.Bool("rewrite", false, "write testdata anew")

// shop is a tracker whose flows are the same in every test.
func shop(t *testing.T) *flow.Tracker {
	t.Helper()
	tracker := flow.New(flow.WithAnomalies(), flow.WithSampler(decide(flow.Keep)))
	if err := tracker.SLO("checkout", flow.Objective{Target: .5}); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		ctx, root := tracker.Start(t.Context(), "checkout")
		_, query := flow.Start(ctx, `SELECT "name" FROM c:\items`+"\n")
		pass(time.Duration(i) * 300 * time.Microsecond)
		query.End()
		pay, op := flow.Start(ctx, "pay")
		_, again := flow.Start(pay, "pay")
		pass(40 * time.Millisecond)
		again.End()
		if i == 3 {
			op.Fail(errors.New("declined"))
			root.Fail(errors.New("declined"))
		}
		op.End()
		root.End()
	}
	_, report := tracker.Start(t.Context(), "report")
	pass(20 * time.Second)
	report.End()
	tracker.Start(t.Context(), "runs on")
	return tracker
}

func TestMetricsAreWrittenAs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := shop(t)
		var text, open bytes.Buffer
		if err := errors.Join(tracker.WriteMetrics(&text), tracker.WriteOpenMetrics(&open)); err != nil {
			t.Fatal(err)
		}
		ids := regexp.MustCompile(`span_id="[0-9a-f]{16}",trace_id="[0-9a-f]{32}"`)
		size := regexp.MustCompile(`(flow_history_bytes) \d.*`) // another test's business
		golden(t, "testdata/metrics.txt", size.ReplaceAll(text.Bytes(), []byte("$1 0")))
		golden(t, "testdata/openmetrics.txt", size.ReplaceAll(ids.ReplaceAll(open.Bytes(), []byte(`span_id="",trace_id=""`)), []byte("$1 0.0")))
	})
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what is written; go test ./flow -rewrite writes it anew:\n%s", file, got)
	}
}

func TestMetricsAreWhatPrometheusReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		if err := shop(t).WriteMetrics(&text); err != nil {
			t.Fatal(err)
		}
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err := parser.TextToMetricFamilies(&text)
		if err != nil {
			t.Fatal(err)
		}
		pays := 0
		for _, m := range families["flow_operation_duration_seconds"].Metric {
			if m.Label[0].GetValue() != "checkout" || m.Label[1].GetValue() != "pay" {
				continue
			}
			pays++
			h := m.Histogram
			if h.GetSampleCount() != 20 || h.GetSampleSum() != .8 || len(h.Bucket) != 17 {
				t.Errorf("the payments are %v", h)
			}
			for _, b := range h.Bucket {
				want := uint64(0)
				if b.GetUpperBound() > .04 {
					want = 20
				}
				if b.GetCumulativeCount() != want {
					t.Errorf("%d payments are within %v s", b.GetCumulativeCount(), b.GetUpperBound())
				}
			}
		}
		if pays != 1 {
			t.Errorf("payments are counted %d times", pays)
		}
		statement := families["flow_operations_total"].Metric[0].Label[1].GetValue()
		if statement != `SELECT "name" FROM c:\items`+"\n" {
			t.Errorf("a name is read as %q", statement)
		}
	})
}

func TestExemplarsAreInTheirBuckets(t *testing.T) {
	t.Parallel()
	stat := flow.OperationStat{Examples: []flow.Exemplar{
		{Nanoseconds: int64(5 * time.Millisecond), At: 1}, {Nanoseconds: int64(4 * time.Millisecond), At: 2},
		{Nanoseconds: int64(5*time.Millisecond) + 1, At: 3}, {Nanoseconds: int64(time.Minute), At: 4}, {At: 5},
	}}
	got := map[time.Duration]int64{}
	for _, b := range stat.Histogram(flow.DurationBuckets()) {
		if b.Example != nil {
			got[b.Bound] = b.Example.At
		}
	}
	want := map[time.Duration]int64{5 * time.Millisecond: 2, 10 * time.Millisecond: 3, flow.Everything: 4, 100 * time.Microsecond: 5}
	for bound, at := range want {
		if got[bound] != at || len(got) != len(want) {
			t.Errorf("the exemplars are %v, not %v", got, want)
		}
	}
}

func TestMetricsAreServedAsAskedFor(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	_, op := tracker.Start(t.Context(), "op")
	op.End()
	const prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5," +
		"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
	for accept, open := range map[string]bool{
		"": false, "*/*": false, "text/plain": false, prometheus: true, "application/openmetrics-text": true,
		"application/openmetrics-text;q=0": false, "application/openmetrics-text;q=0.2, text/plain;q=0.8": false,
		"application/openmetrics-text;q=x, ;;": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		tracker.MetricsHandler().ServeHTTP(w, r)
		kind, body := w.Header().Get("Content-Type"), w.Body.String()
		if strings.HasPrefix(kind, "application/openmetrics-text; version=1.0.0") != open || strings.HasSuffix(body, "\n# EOF\n") != open ||
			!strings.Contains(body, `flow_operations_total{flow="op",operation="op"} 1`) {
			t.Errorf("%q is answered with %s:\n%s", accept, kind, body)
		}
	}
}

func TestMetricsSayThatTheyCouldNotBeWritten(t *testing.T) {
	t.Parallel()
	if err := flow.New().WriteMetrics(failing{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("the error is %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }

func BenchmarkWriteMetrics(b *testing.B) {
	tracker := flow.New()
	for range 100 {
		ctx, root := tracker.Start(b.Context(), "root")
		for _, name := range []string{"a", "b", "c", "d"} {
			_, op := flow.Start(ctx, name)
			op.End()
		}
		root.End()
	}
	b.ReportAllocs()
	for b.Loop() {
		var out bytes.Buffer
		if err := tracker.WriteMetrics(&out); err != nil {
			b.Fatal(err)
		}
	}
}

package flow

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The families of operations. The others are named by their Value.
const (
	callsName   = "flow_operations_total"
	callsHelp   = "Calls of operations."
	errorsName  = "flow_operation_errors_total"
	errorsHelp  = "Calls of operations that failed."
	secondsName = "flow_operation_duration_seconds"
	secondsHelp = "How long operations took."
)

const (
	textType        = "text/plain; version=0.0.4; charset=utf-8"
	openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8"
)

// WriteMetrics writes Metrics in the Prometheus text format 0.0.4.
func (t *Tracker) WriteMetrics(w io.Writer) error { return t.writeMetrics(w, false) }

// WriteOpenMetrics writes Metrics as OpenMetrics 1.0, which has exemplars: of
// each bucket of durations the trace id of a call that was kept, if there is one.
func (t *Tracker) WriteOpenMetrics(w io.Writer) error { return t.writeMetrics(w, true) }

// MetricsHandler serves WriteMetrics, and WriteOpenMetrics to those who prefer
// it, as Prometheus does. Everybody may ask; package flowhttp serves the same to
// those it lets in.
func (t *Tracker) MetricsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		write, kind := t.WriteMetrics, textType
		if prefersOpenMetrics(r.Header.Values("Accept")) {
			write, kind = t.WriteOpenMetrics, openMetricsType
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Vary", "Accept")
		_ = write(w) // an error says that the reader has left
	})
}

// prefersOpenMetrics reports whether OpenMetrics is asked for by name, and
// nothing that plain text satisfies more.
func prefersOpenMetrics(accept []string) bool {
	open, text := 0., 0.
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, parameters, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		quality := 1.
		if q, given := parameters["q"]; given {
			quality, err = strconv.ParseFloat(q, 64)
			if err != nil {
				continue
			}
		}
		switch kind {
		case "application/openmetrics-text":
			open = max(open, quality)
		case "text/plain":
			text = max(text, quality)
		}
	}
	return open > 0 && open >= text
}

func (t *Tracker) writeMetrics(w io.Writer, open bool) error {
	m := t.Metrics()
	out := metricsWriter{Writer: bufio.NewWriter(w), open: open}
	byName := map[string]func(){
		callsName: func() {
			out.family(callsName, callsHelp, "counter")
			for i := range m.Operations {
				o := &m.Operations[i]
				out.sample(callsName, o.labels(), out.float(float64(o.Calls)), nil)
			}
		},
		errorsName: func() {
			out.family(errorsName, errorsHelp, "counter")
			for i := range m.Operations {
				o := &m.Operations[i]
				out.sample(errorsName, o.labels(), out.float(float64(o.Errors)), nil)
			}
		},
		secondsName: func() {
			out.family(secondsName, secondsHelp, "histogram")
			for i := range m.Operations {
				out.histogram(&m.Operations[i])
			}
		},
	}
	names := []string{callsName, errorsName, secondsName}
	if len(m.Operations) == 0 {
		names = nil
	}
	for rest := m.Values; len(rest) > 0; {
		of := slices.IndexFunc(rest, func(v Value) bool { return v.Name != rest[0].Name })
		if of < 0 {
			of = len(rest)
		}
		same := rest[:of]
		rest = rest[of:]
		names = append(names, same[0].Name)
		byName[same[0].Name] = func() { out.values(same) }
	}
	slices.Sort(names)
	for _, name := range names {
		byName[name]()
	}
	if open {
		fmt.Fprint(out, "# EOF\n")
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write metrics: %w", err)
	}
	return nil
}

func (m *OperationStat) labels() []Label {
	return []Label{{"flow", m.Flow}, {"operation", m.Operation}}
}

// metricsWriter writes either of the two formats. An error of what it writes
// to shows when it is flushed.
type metricsWriter struct {
	*bufio.Writer
	open bool
}

func (w metricsWriter) family(name, help, kind string) {
	if w.open && kind == "counter" {
		name = strings.TrimSuffix(name, "_total")
	}
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// values writes values of one name.
func (w metricsWriter) values(same []Value) {
	kind := "gauge"
	if same[0].Counter {
		kind = "counter"
	}
	w.family(same[0].Name, same[0].Help, kind)
	for _, v := range same {
		w.sample(v.Name, v.Labels, w.float(v.Value), nil)
	}
}

func (w metricsWriter) histogram(m *OperationStat) {
	labels := m.labels()
	for _, b := range m.Histogram(DurationBuckets()) {
		bound := math.Inf(1)
		if b.Bound != Everything {
			bound = b.Bound.Seconds()
		}
		w.sample(secondsName+"_bucket", append(labels, Label{"le", w.float(bound)}), strconv.FormatInt(b.Count, 10), b.Example)
	}
	w.sample(secondsName+"_sum", labels, w.float(m.Latency.Sum().Seconds()), nil)
	w.sample(secondsName+"_count", labels, strconv.FormatInt(m.Latency.Count(), 10), nil)
}

func (w metricsWriter) sample(name string, labels []Label, value string, example *Exemplar) {
	fmt.Fprint(w, name)
	w.labels(labels)
	fmt.Fprint(w, " ", value)
	if example != nil && w.open {
		fmt.Fprint(w, " # ")
		w.labels([]Label{{"span_id", example.SpanID.String()}, {"trace_id", example.TraceID.String()}})
		at := w.float(float64(example.At) / float64(time.Second))
		fmt.Fprintf(w, " %s %s", w.float(time.Duration(example.Nanoseconds).Seconds()), at)
	}
	fmt.Fprint(w, "\n")
}

func (w metricsWriter) labels(labels []Label) {
	for i, l := range labels {
		separator := ","
		if i == 0 {
			separator = "{"
		}
		fmt.Fprintf(w, `%s%s="%s"`, separator, l.Name, labelEscapes.Replace(l.Value))
	}
	if len(labels) > 0 {
		fmt.Fprint(w, "}")
	}
}

//nolint:gochecknoglobals // a constant
var labelEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// float is a number as the format has it: OpenMetrics tells numbers from whole
// numbers.
func (w metricsWriter) float(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "+Inf"
	case math.IsInf(f, -1):
		return "-Inf"
	}
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if w.open && !strings.ContainsAny(text, "e.N") {
		return text + ".0"
	}
	return text
}

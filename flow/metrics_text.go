package flow

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
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

func (t *Tracker) writeMetrics(to io.Writer, open bool) error {
	m := t.Metrics()
	w := &metricsWriter{to: to, open: open}
	labels := make([]string, len(m.Operations))
	for i := range m.Operations {
		o := &m.Operations[i]
		labels[i] = labelText([]Label{{"flow", o.Flow}, {"operation", o.Operation}})
	}
	families := valueFamilies(w, m.Values)
	if len(m.Operations) > 0 {
		families = append(families,
			family{callsName, callsHelp, "counter", func() {
				for i := range m.Operations {
					w.value(callsName, labels[i], float64(m.Operations[i].Calls))
				}
			}},
			family{errorsName, errorsHelp, "counter", func() {
				for i := range m.Operations {
					w.value(errorsName, labels[i], float64(m.Operations[i].Errors))
				}
			}},
			family{secondsName, secondsHelp, "histogram", func() {
				for i := range m.Operations {
					w.histogram(&m.Operations[i], labels[i])
				}
			}})
	}
	slices.SortFunc(families, func(a, b family) int { return cmp.Compare(a.name, b.name) })
	for _, f := range families {
		w.begin(f)
		f.write()
	}
	if open {
		w.add("# EOF\n")
	}
	w.flush()
	if w.err != nil {
		return fmt.Errorf("write metrics: %w", w.err)
	}
	return nil
}

// family is the samples of one name.
type family struct {
	name, help, kind string
	write            func()
}

// valueFamilies are values, which are sorted, by name.
func valueFamilies(w *metricsWriter, values []Value) (out []family) {
	for len(values) > 0 {
		first := values[0]
		n := 1
		for n < len(values) && values[n].Name == first.Name {
			n++
		}
		same := values[:n]
		values = values[n:]
		kind := "gauge"
		if first.Counter {
			kind = "counter"
		}
		out = append(out, family{first.Name, first.Help, kind, func() {
			for _, v := range same {
				w.value(v.Name, labelText(v.Labels), v.Value)
			}
		}})
	}
	return out
}

// metricsWriter writes either of the two formats, a piece at a time. After an
// error it writes nothing more.
type metricsWriter struct {
	to   io.Writer
	open bool
	buf  []byte
	err  error
}

// piece is how much is written at once, in bytes.
const piece = 32 << 10

func (w *metricsWriter) add(parts ...string) {
	for _, p := range parts {
		w.buf = append(w.buf, p...)
	}
}

func (w *metricsWriter) flush() {
	if w.err == nil {
		_, w.err = w.to.Write(w.buf)
	}
	w.buf = w.buf[:0]
}

func (w *metricsWriter) begin(f family) {
	name := f.name
	if w.open && f.kind == "counter" {
		name = strings.TrimSuffix(name, "_total")
	}
	w.add("# HELP ", name, " ", f.help, "\n# TYPE ", name, " ", f.kind, "\n")
}

func (w *metricsWriter) value(name, labels string, v float64) {
	w.add(name)
	if labels != "" {
		w.add("{", labels, "}")
	}
	w.add(" ")
	w.float(v)
	w.end(nil)
}

func (w *metricsWriter) histogram(o *OperationStat, labels string) {
	for _, b := range o.Histogram(DurationBuckets()) {
		w.add(secondsName, "_bucket{", labels, `,le="`)
		if b.Bound == Everything {
			w.add("+Inf")
		} else {
			w.float(b.Bound.Seconds())
		}
		w.add(`"} `)
		w.buf = strconv.AppendInt(w.buf, b.Count, 10)
		w.end(b.Example)
	}
	w.value(secondsName+"_sum", labels, o.Latency.Sum().Seconds())
	w.add(secondsName, "_count{", labels, "} ")
	w.buf = strconv.AppendInt(w.buf, o.Latency.Count(), 10)
	w.end(nil)
}

// end ends a sample.
func (w *metricsWriter) end(example *Exemplar) {
	if example != nil && w.open {
		w.add(` # {span_id="`, example.SpanID.String(), `",trace_id="`, example.TraceID.String(), `"} `)
		w.float(time.Duration(example.Nanoseconds).Seconds())
		w.add(" ")
		w.float(float64(example.At) / float64(time.Second))
	}
	w.add("\n")
	if len(w.buf) > piece {
		w.flush()
	}
}

// float is a number as the format has it: OpenMetrics tells numbers from whole
// numbers.
func (w *metricsWriter) float(f float64) {
	from := len(w.buf)
	w.buf = strconv.AppendFloat(w.buf, f, 'g', -1, 64)
	if w.open && !bytes.ContainsAny(w.buf[from:], "e.Nn") { // nor NaN or +Inf
		w.add(".0")
	}
}

// labelText is labels as both formats have them, without the braces.
func labelText(labels []Label) string {
	var out strings.Builder
	for i, l := range labels {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(l.Name)
		out.WriteString(`="`)
		escape(&out, l.Value)
		out.WriteByte('"')
	}
	return out.String()
}

func escape(out *strings.Builder, s string) {
	for {
		i := strings.IndexAny(s, "\\\n\"")
		if i < 0 {
			out.WriteString(s)
			return
		}
		out.WriteString(s[:i])
		out.WriteByte('\\')
		if s[i] == '\n' {
			out.WriteByte('n')
		} else {
			out.WriteByte(s[i])
		}
		s = s[i+1:]
	}
}

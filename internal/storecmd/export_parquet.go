package storecmd

import (
	"encoding/json"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/encode"
	"github.com/flowscope/flowscope/internal/model"
)

// exportRow is a row of the flat table: everything about a span that a person
// asks, in the types a query engine likes. JSON columns hold plain values, as
// the API shows them.
type exportRow struct {
	TraceID       string  `parquet:"trace_id,dict"`
	SpanID        string  `parquet:"span_id"`
	ParentSpanID  *string `parquet:"parent_span_id,optional"`
	Start         int64   `parquet:"start_time,timestamp(nanosecond)"`
	End           int64   `parquet:"end_time,timestamp(nanosecond)"`
	Duration      int64   `parquet:"duration_nano"`
	Name          string  `parquet:"name,dict"`
	Kind          string  `parquet:"kind,dict"`
	Status        string  `parquet:"status,dict"`
	StatusMessage string  `parquet:"status_message,dict"`
	TraceState    string  `parquet:"trace_state,dict"`
	Service       string  `parquet:"service_name,dict"`
	Namespace     string  `parquet:"service_namespace,dict"`
	Version       string  `parquet:"service_version,dict"`
	Instance      string  `parquet:"service_instance_id,dict"`
	Environment   string  `parquet:"deployment_environment,dict"`
	ScopeName     string  `parquet:"scope_name,dict"`
	ScopeVersion  string  `parquet:"scope_version,dict"`
	Resource      string  `parquet:"resource_attributes,json,dict"`
	Attributes    string  `parquet:"attributes,json"`
	Events        string  `parquet:"events,json,dict"`
	Links         string  `parquet:"links,json,dict"`
}

// exportGroup is the rows of a row group, which the writer holds in memory, some
// 50 MB.
const exportGroup = 64 << 10

// parquetSink writes the flat table.
type parquetSink struct {
	w         *parquet.GenericWriter[exportRow]
	rows      []exportRow
	batch     *model.Batch
	resources map[uint32]string // of batch, as JSON
}

func newParquetSink(out io.Writer) *parquetSink {
	return &parquetSink{w: parquet.NewGenericWriter[exportRow](out,
		parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(exportGroup), parquet.CreatedBy("flowscope", "1", ""))}
}

func (p *parquetSink) write(spans []model.Span) error {
	p.rows = p.rows[:0]
	for _, s := range spans {
		row, err := p.row(s)
		if err != nil {
			return err
		}
		p.rows = append(p.rows, row)
	}
	_, err := p.w.Write(p.rows)
	return err
}

func (p *parquetSink) close() error { return p.w.Close() }

func (p *parquetSink) row(s model.Span) (exportRow, error) {
	b, r := s.Batch, s.Resource()
	scope := b.Scopes[b.ScopeOf[s.Row]]
	row := exportRow{
		TraceID: s.TraceID().String(), SpanID: s.ID().String(), Start: s.Start(), End: s.End(), Duration: s.Duration(),
		Name: s.Name(), Kind: kindName(s.Kind()), Status: statusName(s.Status()), StatusMessage: s.StatusMessage(),
		TraceState: s.TraceState(), Service: r.Service, Namespace: r.Namespace, Version: r.Version, Instance: r.Instance,
		Environment: r.Environment, ScopeName: b.Strings.Get(scope.Name), ScopeVersion: b.Strings.Get(scope.Version),
		Resource: p.resource(s), Attributes: string(encode.AppendAttrs(nil, b, s.Attrs())),
	}
	if parent := s.ParentID(); !parent.IsZero() {
		id := parent.String()
		row.ParentSpanID = &id
	}
	var err error
	if row.Events, err = eventsJSON(s); err != nil {
		return row, err
	}
	row.Links, err = linksJSON(s)
	return row, err
}

func (p *parquetSink) resource(s model.Span) string {
	b := s.Batch
	if p.batch != b {
		p.batch, p.resources = b, map[uint32]string{}
	}
	r := b.ResourceOf[s.Row]
	text, ok := p.resources[r]
	if !ok {
		text = string(encode.AppendAttrs(nil, b, b.Side(b.Resources[r].Attrs)))
		p.resources[r] = text
	}
	return text
}

func eventsJSON(s model.Span) (string, error) {
	type event struct {
		Time       int64           `json:"time_unix_nano"`
		Name       string          `json:"name"`
		Attributes json.RawMessage `json:"attributes"`
	}
	all := []event{}
	for _, e := range s.Events() {
		attrs := encode.AppendAttrs(nil, s.Batch, s.Batch.Side(e.Attrs))
		all = append(all, event{e.Time, s.Batch.Strings.Get(e.Name), attrs})
	}
	text, err := json.Marshal(all)
	return string(text), err
}

func linksJSON(s model.Span) (string, error) {
	type link struct {
		TraceID    string          `json:"trace_id"`
		SpanID     string          `json:"span_id"`
		Attributes json.RawMessage `json:"attributes"`
	}
	all := []link{}
	for _, l := range s.Links() {
		attrs := encode.AppendAttrs(nil, s.Batch, s.Batch.Side(l.Attrs))
		all = append(all, link{l.TraceID.String(), l.SpanID.String(), attrs})
	}
	text, err := json.Marshal(all)
	return string(text), err
}

func kindName(k model.Kind) string {
	return nameOf(int(k), "unspecified", "internal", "server", "client", "producer", "consumer")
}

func statusName(c model.StatusCode) string {
	return nameOf(int(c), "unset", "ok", "error")
}

// nameOf is names[i], the first for what OTLP does not know either.
func nameOf(i int, names ...string) string {
	if i >= len(names) {
		return names[0]
	}
	return names[i]
}

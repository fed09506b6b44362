package storecmd_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/storecmd"
)

// marks is what OTLP has no place for, see package encode.
var marks = regexp.MustCompile(`marks=\S*`)

// nan is a number whose bits JSON has no place for.
var nan = regexp.MustCompile(`4:7ff8000000000[0-9a-f]*:`)

// described are the spans of batches that keep selects, written down.
func described(batches []*model.Batch, keep func(model.Span) bool) []string {
	var all []string
	for _, b := range batches {
		for _, s := range storetest.SpansOf(b) {
			if keep == nil || keep(s) {
				all = append(all, nan.ReplaceAllString(marks.ReplaceAllString(storetest.Describe(s), ""), "4:NaN:"))
			}
		}
	}
	slices.Sort(all)
	return all
}

// requests splits an export into its requests.
func requests(t *testing.T, format string, p []byte) (all [][]byte) {
	t.Helper()
	if format == storecmd.FormatOTLPJSON {
		return bytes.SplitAfter(bytes.TrimSuffix(p, []byte("\n")), []byte("\n"))
	}
	for len(p) > 0 {
		n := binary.BigEndian.Uint32(p)
		all, p = append(all, p[4:4+n]), p[4+n:]
	}
	return all
}

// read decodes an export.
func read(t *testing.T, format string, p []byte) (batches []*model.Batch) {
	t.Helper()
	for _, request := range requests(t, format, p) {
		b := &model.Batch{}
		decodeRequest := decode.Proto
		if format == storecmd.FormatOTLPJSON {
			decodeRequest = decode.JSON
		}
		report, err := decodeRequest(b, request)
		if err != nil || report.Rejected > 0 {
			t.Fatalf("%s: %v, %+v", format, err, report)
		}
		b.Seal()
		batches = append(batches, b)
	}
	return batches
}

func TestExportOTLP(t *testing.T) {
	dir := t.TempDir()
	_, batches := filled(t, dir)
	wanted := batches[1].TraceIDs[0]
	late := batches[2].Starts[0]
	for name, c := range map[string]struct {
		filter storecmd.Filter
		keep   func(model.Span) bool
	}{
		"all":      {},
		"trace":    {storecmd.Filter{TraceIDs: []model.TraceID{wanted}}, func(s model.Span) bool { return s.TraceID() == wanted }},
		"service":  {storecmd.Filter{Service: "cart"}, func(s model.Span) bool { return s.Resource().Service == "cart" }},
		"from":     {storecmd.Filter{From: late}, func(s model.Span) bool { return s.Start() >= late }},
		"to":       {storecmd.Filter{To: late}, func(s model.Span) bool { return s.Start() < late }},
		"one side": {storecmd.Filter{From: late, To: late}, func(model.Span) bool { return false }},
	} {
		for _, format := range []string{storecmd.FormatOTLP, storecmd.FormatOTLPJSON} {
			var out bytes.Buffer
			n, err := storecmd.Export(t.Context(), dir, format, "-", c.filter, &out)
			ok(t, err)
			want := described(batches, c.keep)
			var got []string
			if out.Len() > 0 {
				got = described(read(t, format, out.Bytes()), nil)
			}
			if !slices.Equal(got, want) || n != int64(len(want)) {
				t.Errorf("%s as %s: %d spans, %d said, want %d", name, format, len(got), n, len(want))
			}
		}
	}
}

func TestExportParquet(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "spans.parquet")
	_, batches := filled(t, dir)
	_, err := storecmd.Export(t.Context(), dir, storecmd.FormatParquet, out, storecmd.Filter{}, nil)
	ok(t, err)
	type row struct {
		TraceID    string  `parquet:"trace_id"`
		Parent     *string `parquet:"parent_span_id,optional"`
		Start      int64   `parquet:"start_time,timestamp(nanosecond)"`
		Kind       string  `parquet:"kind"`
		Service    string  `parquet:"service_name"`
		Env        string  `parquet:"deployment_environment"`
		Resource   string  `parquet:"resource_attributes"`
		Attributes string  `parquet:"attributes"`
		Events     string  `parquet:"events"`
		Links      string  `parquet:"links"`
	}
	rows, err := parquet.ReadFile[row](out)
	ok(t, err)
	if len(rows) != len(described(batches, nil)) {
		t.Fatalf("%d rows", len(rows))
	}
	first := batches[0].TraceIDs[0]
	i := slices.IndexFunc(rows, func(r row) bool { return r.TraceID == first.String() && r.Parent == nil })
	if i < 0 {
		t.Fatal("a root is missing")
	}
	r := rows[i]
	if r.Start != batches[0].Starts[0] || r.Kind != "internal" || r.Service != "frontend" || r.Env != "prod" {
		t.Errorf("a root is %+v", r)
	}
	for _, r := range rows {
		for _, text := range []string{r.Resource, r.Attributes, r.Events, r.Links} {
			if !json.Valid([]byte(text)) {
				t.Fatalf("not JSON: %s", text)
			}
		}
	}
	if !strings.Contains(r.Attributes, `"http.response.status_code":200`) || !strings.Contains(r.Resource, `"k8s.pod.name":"frontend-5d8f-x2"`) {
		t.Errorf("attributes %s of %s", r.Attributes, r.Resource)
	}
}

func TestExportTargets(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	_, batches := filled(t, dir)
	_, err := storecmd.Export(t.Context(), dir, storecmd.FormatOTLPJSON, out, storecmd.Filter{}, nil)
	ok(t, err)
	names, err := filepath.Glob(filepath.Join(out, "*"))
	ok(t, err)
	var got []*model.Batch
	for _, name := range names {
		p, err := os.ReadFile(name)
		ok(t, err)
		got = append(got, read(t, storecmd.FormatOTLPJSON, p)...)
	}
	if len(names) != 4 || !slices.Equal(described(got, nil), described(batches, nil)) {
		t.Errorf("files %v", names)
	}
	if _, err := storecmd.Export(t.Context(), dir, storecmd.FormatOTLP, names[0], storecmd.Filter{}, nil); err == nil {
		t.Error("a file was written over")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := storecmd.Export(ctx, dir, storecmd.FormatOTLP, filepath.Join(out, "x"), storecmd.Filter{}, nil); err == nil {
		t.Error("an export that was stopped ended well")
	}
	if left, _ := filepath.Glob(filepath.Join(out, "x*")); len(left) > 0 {
		t.Errorf("an export that was stopped left %v", left)
	}
}

// A torn end is how a crash leaves the last segment; in another it is damage.
func TestExportTorn(t *testing.T) {
	dir := t.TempDir()
	s, _ := filled(t, dir)
	ok(t, s.Append(t.Context(), storetest.NewGen(12).Batch(1, 6)))
	ok(t, s.Close())
	segments, err := filepath.Glob(filepath.Join(dir, "wal", "*.wal"))
	ok(t, err)
	first := segments[len(segments)-1]
	info, err := os.Stat(first)
	ok(t, err)
	ok(t, os.Truncate(first, info.Size()-5))
	export := func() error {
		_, err := storecmd.Export(t.Context(), dir, storecmd.FormatOTLP, "-", storecmd.Filter{}, io.Discard)
		return err
	}
	ok(t, export())
	later := t.TempDir()
	s, _ = filled(t, later)
	ok(t, s.Flush(t.Context()))
	ok(t, s.Close())
	segments, err = filepath.Glob(filepath.Join(later, "wal", "*.wal"))
	ok(t, err)
	next := filepath.Base(segments[len(segments)-1])
	if next <= filepath.Base(first) {
		t.Fatalf("%s is not after %s", next, first)
	}
	ok(t, os.Rename(segments[len(segments)-1], filepath.Join(dir, "wal", next)))
	if err := export(); err == nil {
		t.Error("a segment that is torn and not the last was exported")
	}
	if err := storecmd.Verify(t.Context(), dir, io.Discard); !errors.Is(err, storecmd.ErrDamaged) {
		t.Errorf("verify: %v", err)
	}
}

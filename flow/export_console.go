package flow

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// ConsoleExporter writes each flow as one line: "FLOW_LOG: " and the flow as
// Trace.MarshalJSON has it. Grafana Loki finds them with |= "FLOW_LOG:".
type ConsoleExporter struct {
	Writer io.Writer // nil is the standard output
}

// Export writes flows. What cannot be written is lost.
func (c *ConsoleExporter) Export(_ context.Context, flows []Trace) error {
	lines, errs := flowLines("FLOW_LOG: ", flows)
	var w io.Writer = os.Stdout
	if c.Writer != nil {
		w = c.Writer
	}
	if _, err := w.Write(bytes.Join(lines, nil)); err != nil {
		return fmt.Errorf("write flows: %w", err)
	}
	return errs
}

// flowLines is flows as lines of JSON, each behind a prefix.
func flowLines(prefix string, flows []Trace) ([][]byte, error) {
	var errs []error
	lines := make([][]byte, 0, len(flows))
	for _, f := range flows {
		text, err := f.MarshalJSON()
		if err != nil {
			errs = append(errs, fmt.Errorf("encode flow %v: %w", f.TraceID, err))
			continue
		}
		lines = append(lines, append(append([]byte(prefix), text...), '\n'))
	}
	return lines, errors.Join(errs...)
}

// Format is a way to write flows down.
type Format uint8

// The formats.
const (
	FormatJSON    Format = iota // flat, as Trace.MarshalJSON has it, a line
	FormatMermaid               // a flowchart, see WriteMermaid
	FormatSankey                // where time went, a line of JSON, see WriteSankey
	FormatChrome                // a trace for Perfetto, see WriteChrome
)

// Write writes one flow.
func (f Format) Write(w io.Writer, t Trace) error {
	switch f {
	case FormatMermaid:
		return WriteMermaid(w, t)
	case FormatSankey:
		return WriteSankey(w, t)
	case FormatChrome:
		return WriteChrome(w, t)
	default:
		return writeLine(w, t)
	}
}

// extension is what files of the format end with.
func (f Format) extension() string {
	switch f {
	case FormatMermaid:
		return ".mmd"
	case FormatSankey:
		return ".sankey.json"
	case FormatChrome:
		return ".trace.json"
	default:
		return ".json"
	}
}

// WriterExporter writes flows in a Format, one after another.
type WriterExporter struct {
	Writer io.Writer // nil is the standard output
	Format Format
}

// Export writes flows. What cannot be written is lost.
func (e *WriterExporter) Export(_ context.Context, flows []Trace) error {
	var buf bytes.Buffer
	var errs []error
	for _, f := range flows {
		errs = append(errs, e.Format.Write(&buf, f))
	}
	var w io.Writer = os.Stdout
	if e.Writer != nil {
		w = e.Writer
	}
	_, err := w.Write(buf.Bytes())
	return cmp.Or(err, errors.Join(errs...))
}

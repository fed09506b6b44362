package client

import (
	"fmt"
)

// maxTailColumn bounds the columns that grow with what is in them.
const maxTailColumn = 32

// tailPrinter prints flows as they come.
type tailPrinter struct {
	o         Output
	operation int  // columns of the longest operation so far
	failed    bool // to print: nobody reads any more
}

// flow prints one flow: a line, or its JSON.
func (p *tailPrinter) flow(f *Row[Flow]) error {
	var err error
	switch p.o.Format {
	case "json":
		err = p.o.object(f.raw)
	case "ndjson":
		err = p.o.line(f.raw)
	default:
		err = p.row(&f.Of)
	}
	p.failed = p.failed || err != nil
	return err
}

func (p *tailPrinter) row(f *Flow) error {
	screen := p.o.Screen
	p.operation = max(p.operation, min(columns(cell(f.Operation)), maxTailColumn))
	text := fmt.Sprintf("%s %s  %s  %s  %s", clock(f.Start), right(rounded(f.Duration).String(), 8),
		screen.paint(statusStyle(f.Status), screen.pad(cell(f.Status), len("success"))), screen.pad(cell(f.Operation), p.operation), cell(f.ID))
	if f.Error != "" {
		text += "  " + screen.paint(red, cell(f.Error))
	}
	_, err := fmt.Fprintln(p.o.Out, text)
	return err
}

func (p *tailPrinter) note(format string, args ...any) error {
	err := p.o.note(format, args...)
	p.failed = p.failed || err != nil
	return err
}

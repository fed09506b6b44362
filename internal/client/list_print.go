package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
	"unicode"
)

// Output is where and how an answer is printed. It is used by one goroutine.
type Output struct {
	Out    io.Writer
	Notes  io.Writer // for what is no part of the answer, such as why it is partial
	Format string    // table, json or ndjson
	Screen Screen
}

// listing says how a list is printed: its name in the API, and its table.
type listing[T any] struct {
	name string
	head []string
	add  func(*table, *T)
}

// write prints pages as a table; as "json", one object with all rows; or as
// "ndjson", one row a line as they come. Why a page is partial goes to the
// notes, too.
func (l listing[T]) write(o Output, pages iter.Seq2[*Page[T], error]) error {
	all := Page[T]{Rows: []Row[T]{}}
	for page, err := range pages {
		if err != nil {
			return err
		}
		if page.Partial {
			all.Partial, all.Reasons = true, page.Reasons
			if err := o.note("partial answer: %s", explain(page)); err != nil {
				return err
			}
		}
		if page.Note != "" && all.Note == "" {
			if err := o.note("%s", cell(page.Note)); err != nil {
				return err
			}
		}
		all.Total, all.Period, all.Note = page.Total, page.Period, page.Note
		if o.Format != "ndjson" {
			all.Rows = append(all.Rows, page.Rows...)
			continue
		}
		for _, row := range page.Rows {
			if err := o.line(row.raw); err != nil {
				return err
			}
		}
	}
	switch o.Format {
	case "ndjson":
		return nil
	case "json":
		return l.printJSON(o, &all)
	default:
		return l.printTable(o, all.Rows)
	}
}

func (l listing[T]) printJSON(o Output, all *Page[T]) error {
	rows, err := json.Marshal(all.Rows)
	if err != nil {
		return err
	}
	rest, err := json.Marshal(struct {
		Total   *int            `json:"total,omitempty"`
		Period  json.RawMessage `json:"period,omitempty"`
		Partial bool            `json:"partial,omitempty"`
		Reasons []string        `json:"reasons,omitempty"`
		Note    string          `json:"note,omitempty"`
	}{all.Total, all.Period, all.Partial, all.Reasons, all.Note})
	if err != nil {
		return err
	}
	body := fmt.Appendf(nil, "{%q:%s", l.name, rows)
	if len(rest) > len("{}") {
		body = append(body, ',')
	}
	return o.object(append(body, rest[1:]...))
}

func (l listing[T]) printTable(o Output, rows []Row[T]) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintf(o.Out, "no %s found\n", l.name)
		return err
	}
	t := &table{head: l.head}
	for i := range rows {
		l.add(t, &rows[i].Of)
	}
	return t.write(o.Out, o.Screen)
}

// explain says what the reasons mean for whoever asked.
func explain[T any](p *Page[T]) string {
	if p.Note != "" { // of flows that are open: only so many are looked at
		return "more flows are open than are listed"
	}
	if len(p.Reasons) == 0 {
		return "damaged blocks are left out"
	}
	text := strings.Join(p.Reasons, ", ")
	if p.Limited() {
		text += "; a shorter period or more conditions find the rest"
	}
	return text
}

// object writes a JSON object, for people.
func (o Output) object(body []byte) error {
	var text bytes.Buffer
	if err := json.Indent(&text, body, "", "  "); err != nil {
		return err
	}
	text.WriteByte('\n')
	_, err := o.Out.Write(text.Bytes())
	return err
}

// line writes a JSON object on a line of its own.
func (o Output) line(body []byte) error {
	var text bytes.Buffer
	if err := json.Compact(&text, body); err != nil {
		return err
	}
	text.WriteByte('\n')
	_, err := o.Out.Write(text.Bytes())
	return err
}

func (o Output) note(format string, args ...any) error {
	_, err := fmt.Fprintf(o.Notes, format+"\n", args...)
	return err
}

// clock is a moment in UTC, to the millisecond, as all tables show it.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// rounded keeps four digits or so of a duration.
func rounded(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 10_000 {
		unit *= 10
	}
	return d.Round(unit)
}

// cell is a text that neither breaks a table nor speaks to the terminal. A space
// of any width is a space.
func cell(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Zs, r):
			return ' '
		case !unicode.IsPrint(r):
			return '\ufffd'
		default:
			return r
		}
	}, s)
}

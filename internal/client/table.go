package client

import (
	"io"
	"strings"
)

// field is a text in a table.
type field struct {
	text string
	as   style
}

// table is lines of fields under a head. A heading that begins with ">" is of a
// column that is set to the right.
type table struct {
	head []string
	rows [][]field
}

// add appends a line of plain fields.
func (t *table) add(texts ...string) {
	row := make([]field, len(texts))
	for i, text := range texts {
		row[i] = field{text, plain}
	}
	t.rows = append(t.rows, row)
}

// style colours a column of the last line.
func (t *table) style(column int, as style) { t.rows[len(t.rows)-1][column].as = as }

// write prints the table, two spaces between its columns.
func (t *table) write(out io.Writer, screen Screen) error {
	widths := make([]int, len(t.head))
	head := make([]field, len(t.head))
	for i, text := range t.head {
		head[i] = field{strings.TrimPrefix(text, ">"), bold}
	}
	rows := append([][]field{head}, t.rows...)
	for _, row := range rows {
		for i, f := range row {
			widths[i] = max(widths[i], columns(f.text))
		}
	}
	var text strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, f := range row {
			fill := strings.Repeat(" ", widths[i]-columns(f.text))
			shown := screen.paint(f.as, f.text)
			switch {
			case strings.HasPrefix(t.head[i], ">"):
				shown = fill + shown
			case i < len(row)-1:
				shown += fill
			}
			if i > 0 {
				line.WriteString("  ")
			}
			line.WriteString(shown)
		}
		text.WriteString(strings.TrimRight(line.String(), " "))
		text.WriteByte('\n')
	}
	_, err := io.WriteString(out, text.String())
	return err
}

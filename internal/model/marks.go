package model

import (
	"math/bits"
	"strings"
)

// Marks are the corrections a decoder made to a span, a bit set.
type Marks uint8

// The corrections. Each is counted where it is made and shown where the span
// is shown.
const (
	MarkEndBeforeStart Marks = 1 << iota // the end was before the start and was set to it
	MarkNoEnd                            // there was no end time; it was set to the start
	MarkNoStart                          // there was no start time; it was set to the end
	MarkBadParent                        // the parent id had a wrong length and was dropped
	MarkBadText                          // invalid UTF-8 was replaced
	MarkBadLink                          // a link with a wrong-length id was dropped
)

var markNames = [8]string{"end_before_start", "no_end", "no_start", "bad_parent", "bad_text", "bad_link"}

// Names yields the name of each mark that is set, for labels and API fields.
func (m Marks) Names(yield func(string) bool) {
	for ; m != 0; m &= m - 1 {
		if !yield(markNames[bits.TrailingZeros8(uint8(m))]) {
			return
		}
	}
}

// String is the names of the marks that are set, separated by commas.
func (m Marks) String() string {
	var names []string
	for name := range m.Names {
		names = append(names, name)
	}
	return strings.Join(names, ",")
}

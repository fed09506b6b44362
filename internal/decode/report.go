package decode

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowscope/flowscope/internal/model"
)

// Reason says why a span was refused.
type Reason uint8

// The reasons.
const (
	BadTraceID Reason = iota + 1
	BadSpanID
	BadTime
	BadValue
)

// String names the reason for a metric's label.
func (r Reason) String() string {
	return [...]string{BadTraceID: "trace_id", BadSpanID: "span_id", BadTime: "time", BadValue: "value"}[r]
}

// text words the reason for a sender.
func (r Reason) text() string {
	return [...]string{
		BadTraceID: "trace id is not 16 bytes, or all zero",
		BadSpanID:  "span id is not 8 bytes, or all zero",
		BadTime:    "neither start nor end time, or one after the year 2199",
		BadValue:   "an array or map is malformed, or nested deeper than 32 levels",
	}[r]
}

// Report says what became of a request's spans.
type Report struct {
	Accepted int // spans now in the batch, corrected ones included
	Rejected int // spans refused

	Reasons   map[Reason]int      // refused spans by reason; nil when there are none
	Corrected map[model.Marks]int // corrected spans by each single mark; nil when there are none

	examples []string // where the first refused spans are
}

// maxExamples is how many refused spans a message names: enough to find the
// fault, few enough for a log line.
const maxExamples = 3

func (r *Report) refuse(why Reason, path [3]int) {
	if r.Reasons == nil {
		r.Reasons = map[Reason]int{}
	}
	r.Rejected++
	r.Reasons[why]++
	if len(r.examples) < maxExamples {
		r.examples = append(r.examples, fmt.Sprintf("resource_spans[%d].scope_spans[%d].spans[%d]", path[0], path[1], path[2]))
	}
}

func (r *Report) correct(marks model.Marks) {
	if r.Corrected == nil {
		r.Corrected = map[model.Marks]int{}
	}
	for bit := model.Marks(1); bit != 0; bit <<= 1 {
		if marks&bit != 0 {
			r.Corrected[bit]++
		}
	}
}

// Message words what was refused and corrected, for OTLP's partial_success.
// It is empty when there is nothing to say.
func (r *Report) Message() string {
	var parts []string
	for _, why := range sortedKeys(r.Reasons) {
		parts = append(parts, fmt.Sprintf("%d refused: %s", r.Reasons[why], why.text()))
	}
	if len(r.examples) > 0 {
		parts = append(parts, "first refused: "+strings.Join(r.examples, ", "))
	}
	for _, mark := range sortedKeys(r.Corrected) {
		parts = append(parts, fmt.Sprintf("%d corrected: %s", r.Corrected[mark], mark))
	}
	return strings.Join(parts, "; ")
}

func sortedKeys[K ~uint8](m map[K]int) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

package live

import "github.com/flowscope/flowscope/internal/model"

// usuals is how many spans flows of an operation usually have, of those that
// were counted lately.
type usuals map[operation]*usual

type operation struct{ name, environment string }

type usual struct {
	flows uint32
	spans float32 // moving average, the last 16 flows or so
}

const (
	// maxUsuals operations are remembered, 100 KB.
	maxUsuals = 1024
	// enoughFlows make a history.
	enoughFlows = 5
	memorySpan  = 16
)

// learn takes in a counted flow.
func (u usuals) learn(f *model.FlowSummary) {
	key := operation{f.Operation, f.Environment}
	known := u[key]
	if known == nil {
		if len(u) >= maxUsuals {
			for some := range u { // any: those that still run come back soon
				delete(u, some)
				break
			}
		}
		known = &usual{}
		u[key] = known
	}
	known.flows++
	known.spans += (float32(f.SpanCount) - known.spans) / float32(min(known.flows, memorySpan))
}

// progress is the share of the usual spans that came, in percent, below 100
// because the flow is not over.
func (u usuals) progress(f *model.OpenFlow) int {
	known := u[operation{f.Operation, f.Environment}]
	if known == nil || known.flows < enoughFlows {
		return NoProgress
	}
	return int(min(99, 100*float32(f.SpanCount)/known.spans))
}

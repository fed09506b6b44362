package block

import (
	"cmp"
	"slices"

	"github.com/flowscope/flowscope/internal/model"
)

// Environment is what a block holds of one deployment environment: enough for
// retention to decide without reading the rest. Times are Unix ns.
type Environment struct {
	Name    string `json:"name"`
	Spans   int64  `json:"spans,omitempty"` // whose resource is of the environment
	Flows   int64  `json:"flows,omitempty"`
	Rollups int64  `json:"rollups,omitempty"` // keys, not rows
	Newest  int64  `json:"newest"`            // latest start of a span, a flow or a rollup's bucket
}

// Pruned says what retention took out of a block: nothing that the rules named
// By had let expire up to At is left.
type Pruned struct {
	At int64  `json:"at"` // Unix ns
	By string `json:"by"`
}

// tally fills in what retention needs to know of a block's content.
func (m *Meta) tally(c *Content) {
	m.Level, m.Pruned, m.Since = c.Level, c.Pruned, cmp.Or(c.Since, m.Created)
	sums := tallies{}
	for _, b := range c.Batches {
		sums.spans(b)
		text, _ := b.Strings.Raw()
		m.BatchBytes += int64(b.Size())
		m.TextBytes += int64(len(text))
	}
	for _, f := range c.Flows {
		e := sums.of(f.Environment)
		e.Flows++
		e.Newest = max(e.Newest, f.Start)
		m.FlowMaxEnd = max(m.FlowMaxEnd, f.End)
	}
	for _, r := range c.Rollups {
		e := sums.of(r.Environment)
		e.Rollups++
		e.Newest = max(e.Newest, r.Bucket)
	}
	for _, e := range sums {
		m.Environments = append(m.Environments, *e)
	}
	slices.SortFunc(m.Environments, func(x, y Environment) int { return cmp.Compare(x.Name, y.Name) })
}

// tallies are environments by name.
type tallies map[string]*Environment

func (t tallies) of(name string) *Environment {
	e := t[name]
	if e == nil {
		e = &Environment{Name: name}
		t[name] = e
	}
	return e
}

func (t tallies) spans(b *model.Batch) {
	of := make([]*Environment, len(b.Resources))
	for i, r := range b.ResourceOf {
		if of[r] == nil {
			of[r] = t.of(b.Span(i).Resource().Environment)
		}
		of[r].Spans++
		of[r].Newest = max(of[r].Newest, b.Starts[i])
	}
}

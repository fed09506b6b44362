package store

import (
	"slices"
	"sync"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
)

// derived is what was counted between two cuts. Each flow has one row in it.
type derived struct {
	mu      sync.Mutex
	rows    []*model.FlowSummary // read-only each
	at      map[model.TraceID]int
	rollups map[model.RollupKey]*model.Rollup
	tallies map[place]model.Tally // where flows count
}

// place is where flows of a shape count.
type place struct {
	rollup *model.Rollup
	shape  *model.Shape
}

// maxTallies is how many places are remembered: a handful of shapes in each of
// some hundred rollups, a megabyte.
const maxTallies = 4096

func newDerived() *derived {
	return &derived{at: map[model.TraceID]int{}, rollups: map[model.RollupKey]*model.Rollup{}, tallies: map[place]model.Tally{}}
}

// put counts a flow, instead of an older revision of it when there is one.
func (d *derived) put(f, replaces *model.Flow) {
	d.mu.Lock()
	defer d.mu.Unlock()
	row := f.FlowSummary
	if replaces != nil {
		if row.Revision <= replaces.Revision {
			again := *row
			again.Revision = replaces.Revision + 1
			row = &again
		}
		d.count(replaces, -1)
	}
	d.count(f, 1)
	if i, ok := d.at[row.TraceID]; ok {
		d.rows[i] = row
		return
	}
	d.at[row.TraceID] = len(d.rows)
	d.rows = append(d.rows, row)
}

func (d *derived) count(f *model.Flow, sign int64) {
	key := model.KeyOf(f.FlowSummary)
	r := d.rollups[key]
	if r == nil {
		r = &model.Rollup{RollupKey: key, Graph: model.NewGraph()}
		d.rollups[key] = r
	}
	p := place{r, f.Shape}
	t, ok := d.tallies[p]
	if !ok {
		if len(d.tallies) >= maxTallies {
			clear(d.tallies)
		}
		t = r.Graph.Tally(f.Shape)
		d.tallies[p] = t
	}
	r.AddAt(t, f, sign)
}

func (d *derived) empty() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.rows) == 0 && len(d.rollups) == 0
}

// flows is a copy of the list of rows.
func (d *derived) flows() []*model.FlowSummary {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.rows)
}

func (d *derived) flow(id model.TraceID) (model.FlowSummary, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i, ok := d.at[id]
	if !ok {
		return model.FlowSummary{}, false
	}
	return *d.rows[i], true
}

// copies returns copies of the rollups.
func (d *derived) copies() []*model.Rollup {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]*model.Rollup, 0, len(d.rollups))
	for key, r := range d.rollups {
		c := &model.Rollup{RollupKey: key, Graph: model.NewGraph()}
		c.Merge(r)
		out = append(out, c)
	}
	return out
}

// addTo adds the rollups that a query selects to its sums.
func (d *derived) addTo(sums *block.RollupSums) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.rollups {
		sums.Add(r)
	}
}

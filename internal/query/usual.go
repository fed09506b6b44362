package query

import (
	"context"
	"sync"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/model"
)

// usualTime is how much time before a flow tells what was usual for it: enough
// calls for a median, short enough that a burst of failures is still about
// this flow.
const usualTime = 5 * time.Minute

const (
	// usualKept is how many minutes are remembered: whoever looks at traces
	// looks at several of the same minutes. A graph of a hundred services is
	// some hundred kilobytes.
	usualKept = 16
	// usualSettled is when flows of a minute are hardly counted any more.
	usualSettled = 10 * time.Minute
)

// usualFresh is how long a graph is remembered: flows of the last minutes are
// still being counted.
func usualFresh(minute int64, now time.Time) time.Duration {
	if now.Sub(time.Unix(0, minute)) < usualSettled {
		return 2 * time.Second
	}
	return time.Minute
}

// usualCache remembers what was usual around the minutes asked for last.
type usualCache struct {
	mu     sync.Mutex
	graphs map[int64]usualGraph // by minute, Unix ns
}

type usualGraph struct {
	graph *model.Graph
	read  time.Time
}

// get returns what is remembered of a minute, nil when that is nothing.
func (c *usualCache) get(minute int64, now time.Time) *model.Graph {
	c.mu.Lock()
	defer c.mu.Unlock()
	if u, ok := c.graphs[minute]; ok && now.Sub(u.read) < usualFresh(minute, now) {
		return u.graph
	}
	return nil
}

// put remembers the graph of a minute and forgets the one read longest ago.
func (c *usualCache) put(minute int64, g *model.Graph, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.graphs == nil {
		c.graphs = map[int64]usualGraph{}
	}
	c.graphs[minute] = usualGraph{g, now}
	if len(c.graphs) <= usualKept {
		return
	}
	oldest := minute
	for m, u := range c.graphs {
		if u.read.Before(c.graphs[oldest].read) {
			oldest = m
		}
	}
	delete(c.graphs, oldest)
}

// usual is the graph of all flows around a time, from which analysis tells a
// call that an open circuit breaker refused. It is shared and not to be changed.
func (e *Engine) usual(ctx context.Context, start int64) (*model.Graph, error) {
	at, now := minute(start), e.now()
	if g := e.usuals.get(at, now); g != nil {
		return g, nil
	}
	around := Period{at - int64(usualTime), at + 1}.widen()
	g := model.NewGraph()
	rollups, err := e.rollups(ctx, Filter{Period: around}, 0, model.RollupNodes|model.RollupEdges)
	if err != nil {
		return nil, err
	}
	for _, r := range rollups.List {
		g.Merge(r.Graph)
	}
	analyze.Resolve(g)
	e.usuals.put(at, g, now)
	return g, nil
}

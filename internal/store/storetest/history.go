package storetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/sketch"
	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// HistoryEnd is when the history ends: in the middle of an hour, as now is.
var HistoryEnd = time.Date(2026, 11, 20, 9, 37, 0, 0, time.UTC)

// What the history is about: a company of 27 services, each of whose eight
// operations visits seven of them, a database and a queue.
const (
	historyServices  = 27
	spansPerFlow     = 15 // a server and a client span a call
	historyNew       = 3 * time.Hour
	historyNewBlock  = 5 * time.Minute
	historyVariants  = 251 // different minutes of one entry
	historyInstances = 3   // of each service in each environment
)

// HistoryOperations are the operations of the history.
func HistoryOperations() []string {
	return []string{"login", "search", "browse", "checkout", "pay", "create_vm", "delete_vm", "report"}
}

// historyEnvironments says how many flows an operation has a minute in each
// environment: 200 million spans in the week.
var historyEnvironments = []struct {
	name  string
	flows int
}{{"production", 142}, {"staging", 20}, {"development", 6}}

// History says what WriteHistory wrote.
type History struct {
	Blocks, Rollups int
	Spans           int64 // that the rollups count
}

// WriteHistory makes blocks in the folder of a store: some days, a week for the
// 200 million spans, of every minute's rollups up to HistoryEnd, older ones in a block a day, as merging leaves them,
// the newest three hours in blocks of five minutes. The blocks have rollups and
// resources and next to no spans, so that they are made in seconds.
func WriteHistory(fs vfs.FS, dir string, days int) (History, error) {
	h := historyWriter{fs: fs, dir: dir, entries: historyEntries()}
	if err := fs.MkdirAll(dir); err != nil {
		return History{}, fmt.Errorf("write history: %w", err)
	}
	recent := HistoryEnd.Add(-historyNew)
	for at := recent.AddDate(0, 0, -days); at.Before(recent); at = at.AddDate(0, 0, 1) {
		h.block(at, at.AddDate(0, 0, 1), 2)
	}
	for at := recent; at.Before(HistoryEnd); at = at.Add(historyNewBlock) {
		h.block(at, at.Add(historyNewBlock), 0)
	}
	if h.err != nil {
		return History{}, fmt.Errorf("write history: %w", h.err)
	}
	return h.made, nil
}

type historyWriter struct {
	fs      vfs.FS
	dir     string
	entries []*model.Rollup
	made    History
	err     error
}

// block writes the minutes of [from, to).
func (h *historyWriter) block(from, to time.Time, generation int) {
	if h.err != nil {
		return
	}
	h.made.Blocks++
	c := &block.Content{WALSeq: uint64(h.made.Blocks), Generation: generation, Created: to, Batches: []*model.Batch{historySpans(from, to)}}
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		for i := 0; i < len(h.entries); i += historyVariants {
			r := *h.entries[i+int(at.Unix()/60)%historyVariants]
			r.Bucket, r.LastSeen = at.UnixNano(), at.Add(time.Minute).UnixNano()
			h.made.Spans += r.Flows * spansPerFlow
			c.Rollups = append(c.Rollups, &r)
		}
	}
	h.made.Rollups += len(c.Rollups)
	_, h.err = block.Write(h.fs, h.dir, c)
}

// historyEntries are the rollups of a minute, historyVariants of each operation
// and environment.
func historyEntries() (out []*model.Rollup) {
	random := rand.New(rand.NewPCG(3, 14))
	for i, operation := range HistoryOperations() {
		for _, env := range historyEnvironments {
			for range historyVariants {
				flows := int64(env.flows/2 + random.IntN(env.flows+1))
				r := &model.Rollup{RollupKey: model.RollupKey{Operation: operation, Environment: env.name}, Flows: flows, Errors: flows / 50, Graph: model.NewGraph()}
				r.Latency = historyLatencies(random, 300e6, flows)
				historyGraph(random, r.Graph, i, flows)
				out = append(out, r)
			}
		}
	}
	return out
}

// historyGraph is a tree of calls below the first service.
func historyGraph(random *rand.Rand, g *model.Graph, operation int, flows int64) {
	nodes := []model.Node{historyService(0)}
	for k := range 6 {
		nodes = append(nodes, historyService(1+(3*operation+k)%(historyServices-1)))
	}
	nodes = append(nodes, model.Node{Kind: model.NodeDatabase, Name: "postgresql"}, model.Node{Kind: model.NodeQueue, Name: "events"})
	callers := []int{0, 0, 1, 1, 2, 2, 3, 4, 6}
	for k, n := range nodes {
		typical := 200e6 / float64(k+1)
		*g.Node(n) = model.NodeStats{Requests: flows, Errors: flows / 100, Self: flows * 2e6, Critical: flows * 1e6, Latency: historyLatencies(random, typical, flows)}
		if k > 0 {
			*g.Edge(model.Edge{From: nodes[callers[k]], To: n}) = model.EdgeStats{Calls: flows, Errors: flows / 100, Latency: historyLatencies(random, 1.1*typical, flows)}
		}
	}
}

func historyService(i int) model.Node {
	return model.Node{Namespace: "shop", Name: fmt.Sprintf("service-%02d", i)}
}

// historyLatencies is a distribution around a typical duration, ns, most of it
// within a factor of three.
func historyLatencies(random *rand.Rand, typical float64, n int64) (s sketch.Sketch) {
	for range n {
		s.Add(int64(typical * math.Exp(random.NormFloat64()/2)))
	}
	return s
}

// historySpans has a span of every instance, for the list of resources.
func historySpans(from, to time.Time) *model.Batch {
	gen := NewGen(uint64(from.UnixNano()))
	b := &model.Batch{}
	for i := range historyServices {
		for _, env := range historyEnvironments {
			for k := range historyInstances {
				name := historyService(i).Name
				off := uint32(len(b.SideAttrs))
				for _, kv := range [][2]string{
					{"service.name", name}, {"service.namespace", "shop"}, {"service.version", "1.4.2"},
					{"service.instance.id", fmt.Sprintf("%s-%d", name, k)}, {"deployment.environment.name", env.name},
				} {
					b.SideAttrs = append(b.SideAttrs, b.NewAttr(kv[0], text(kv[1])))
				}
				b.Resources = append(b.Resources, model.Resource{Attrs: model.Range{Off: off, Len: uint32(len(b.SideAttrs)) - off}})
				row := b.AddSpan(uint32(len(b.Resources)-1), 0)
				b.TraceIDs[row], b.SpanIDs[row] = gen.TraceID(), gen.spanID()
				b.Starts[row], b.Ends[row] = from.UnixNano(), to.UnixNano()
				b.EndSpan()
			}
		}
	}
	b.Scopes = append(b.Scopes, model.Scope{})
	b.Seal()
	return b
}

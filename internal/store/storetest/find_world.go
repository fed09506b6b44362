package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// world is a store's truth for searches: traces whose spans come in pieces,
// their flows, and late spans that correct flows.
type world struct {
	c      *contract
	gen    *Gen
	random *rand.Rand
	now    int64
	traces []*worldTrace
	open   []*worldTrace // with pieces to come
}

type worldTrace struct {
	id     model.TraceID
	spans  []model.Span // stored
	pieces int          // to come
	flow   *model.Flow  // nil until counted
}

func newWorld(c *contract, seed uint64) *world {
	return &world{c: c, gen: NewGen(seed), random: rand.New(rand.NewPCG(seed, 7)), now: Epoch}
}

// step begins a trace, or stores more of one that was begun, or corrects one.
// Every so often everything is flushed.
func (w *world) step() {
	w.now += int64(50 * time.Millisecond)
	t := &worldTrace{id: w.gen.TraceID(), pieces: 1 + w.random.IntN(3)}
	switch n := w.random.IntN(10); {
	case n < 5 && len(w.open) > 0:
		t = w.open[w.random.IntN(len(w.open))]
	case n == 9 && len(w.traces) > 10:
		t = w.traces[len(w.traces)-1-w.random.IntN(10)] // a late piece
		t.pieces++
	default:
		w.traces, w.open = append(w.traces, t), append(w.open, t)
	}
	w.piece(t)
	if w.random.IntN(40) == 0 {
		w.c.ok(w.c.Flush(w.c.Context()))
	}
}

// piece stores some spans of a trace and counts its flow after the last.
func (w *world) piece(t *worldTrace) {
	b := w.batch(t.id, 1+w.random.IntN(3))
	w.c.append(b)
	t.spans = append(t.spans, SpansOf(b)...)
	if t.pieces--; t.pieces > 0 {
		return
	}
	w.open = slices.DeleteFunc(w.open, func(o *worldTrace) bool { return o == t })
	flow := w.flow(t)
	w.c.PutFlow(flow, t.flow)
	if t.flow != nil {
		flow.Revision = t.flow.Revision + 1
	}
	t.flow = flow
}

func (w *world) batch(id model.TraceID, spans int) *model.Batch {
	b := &model.Batch{}
	for i, name := range genServices {
		off := uint32(len(b.SideAttrs))
		b.SideAttrs = append(b.SideAttrs, b.NewAttr("service.name", text(name)), b.NewAttr("service.namespace", text("shop")),
			b.NewAttr("service.version", text([]string{"1.0", "2.0"}[i%2])), b.NewAttr("host.name", text(fmt.Sprint("node-", i%3))),
			b.NewAttr("host.cpus", integer(int64(4+i))))
		b.Resources = append(b.Resources, model.Resource{Attrs: model.Range{Off: off, Len: uint32(len(b.SideAttrs)) - off}})
		b.Scopes = append(b.Scopes, model.Scope{Name: b.Strings.InternString([]string{"net/http", "sql"}[i%2])})
	}
	for range spans {
		i := b.AddSpan(uint32(w.random.IntN(len(genServices))), uint32(w.random.IntN(len(genServices))))
		b.TraceIDs[i], b.SpanIDs[i] = id, w.gen.spanID()
		b.Starts[i] = w.now + w.random.Int64N(int64(time.Millisecond))
		b.Ends[i] = b.Starts[i] + w.random.Int64N(int64(100*time.Millisecond))
		b.Names[i] = b.Strings.InternString("GET /api/" + genServices[w.random.IntN(len(genServices))])
		b.Kinds[i], b.StatusCodes[i] = model.Kind(w.random.IntN(6)), model.StatusCode(w.random.IntN(3))
		b.Attrs = append(b.Attrs, b.NewAttr("http.response.status_code", integer([]int64{200, 404, 500}[w.random.IntN(3)])),
			b.NewAttr("url.path", text(fmt.Sprintf("/api/items/%d", w.random.IntN(50)))))
		if w.random.IntN(4) == 0 {
			b.Attrs = append(b.Attrs, b.NewAttr("user.tier", text([]string{"gold", "silver"}[w.random.IntN(2)])),
				b.NewAttr("cached", model.Value{Type: model.TypeBool, Bits: uint64(w.random.IntN(2))}))
		}
		if w.random.IntN(9) == 0 {
			list := model.AppendElement(model.AppendElement(nil, integer(w.random.Int64N(2))), text("x"))
			b.Attrs = append(b.Attrs, b.NewAttr("list", model.Value{Type: model.TypeArray, Str: string(list)}),
				b.NewAttr("url.path", text("/api/items/1")), b.NewAttr("user.tier", integer(7)))
		}
		b.EndSpan()
	}
	b.Seal()
	return b
}

// flow is what a trace comes to.
func (w *world) flow(t *worldTrace) *model.Flow {
	f := Flow(t.id, t.spans[0].Start(), w.random.IntN(1000))
	f.Revision, f.SpanCount, f.Services = 0, uint32(len(t.spans)), nil
	f.End = f.Start
	for _, s := range t.spans {
		f.Start, f.End = min(f.Start, s.Start()), max(f.End, s.End())
		n := model.Node{Namespace: s.Resource().Namespace, Name: s.Resource().Service}
		if !slices.Contains(f.Services, n) {
			f.Services = append(f.Services, n)
		}
	}
	f.Duration = (f.End - f.Start) / int64(time.Millisecond) * int64(time.Millisecond) // some are equal
	return f
}

// find is what a search must answer, worked out the slow way.
func (w *world) find(q model.TraceQuery) []*worldTrace {
	var out []*worldTrace
	for _, t := range w.traces {
		if t.flow == nil || t.flow.Start < q.From || q.To != 0 && t.flow.Start >= q.To || !matches(t.flow, &q.Filter.Flow) {
			continue
		}
		bits := uint64(0)
		for _, s := range t.spans {
			bits |= q.Filter.MatchSpan(s)
		}
		if q.Filter.Match(t.flow.FlowSummary, bits) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(x, y *worldTrace) int {
		if q.ByDuration && x.flow.Duration != y.flow.Duration {
			return cmp.Compare(y.flow.Duration, x.flow.Duration)
		}
		return cmp.Or(cmp.Compare(y.flow.Start, x.flow.Start), slices.Compare(x.id[:], y.id[:]))
	})
	return out
}

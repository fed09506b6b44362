package block_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

func is(tb testing.TB, field model.Field, key string, op model.Op, text string) model.Filter {
	tb.Helper()
	c, err := model.NewCompare(field, key, op, text)
	ok(tb, err)
	return c
}

// findConditions look at every column in every way.
func findConditions(tb testing.TB) []model.Filter {
	tb.Helper()
	const eq, ne, re, nre = model.OpEqual, model.OpNotEqual, model.OpMatch, model.OpNotMatch
	out := []model.Filter{nil, model.Or{}}
	for _, c := range []struct {
		field model.Field
		texts []string
	}{
		{model.FieldService, []string{"cart", "nobody", "c.*"}}, {model.FieldNamespace, []string{"shop"}}, {model.FieldVersion, []string{"1.4.2", ""}},
		{model.FieldEnvironment, []string{"prod"}}, {model.FieldName, []string{"GET /api/cart", "", ".*cart", "none"}},
		{model.FieldKind, []string{"server", "unspecified", "(server|client)"}}, {model.FieldStatus, []string{"error", "ok", "unset"}},
		{model.FieldScope, []string{"net/http", "x"}},
	} {
		for _, text := range c.texts {
			for _, op := range []model.Op{eq, ne, re, nre} {
				out = append(out, is(tb, c.field, "", op, text))
			}
		}
	}
	for _, op := range []model.Op{eq, ne, model.OpLess, model.OpAtMost, model.OpMore, model.OpAtLeast} {
		out = append(out, is(tb, model.FieldDuration, "", op, "50ms"), is(tb, model.FieldDuration, "", op, "1h"),
			is(tb, model.FieldStart, "", op, fmt.Sprint(storetest.Epoch+5e6)), is(tb, model.FieldAttr, "http.response.status_code", op, "200"),
			is(tb, model.FieldAttr, "app.request.bytes", op, "5e5"), is(tb, model.FieldAttr, "int", op, "0"), is(tb, model.FieldAttr, "double", op, "-0.1"))
	}
	for key, texts := range map[string][]string{
		"http.route": {"/api/cart/{id}", "a second .*", ".*"}, "http.response.status_code": {"200", "a type .*"}, "url.path": {"/api/items/7", "/api/items/1."},
		"user.tier": {"gold", "g.*"}, "plain": {"", "the same key again"}, "bool": {"true", "false"}, "int": {"-9223372036854775808"}, "nan": {"NaN"},
		"-0": {"-0"}, "bytes": {"AP+A"}, "array": {`[-7,"two"]`}, "map": {`{"k":[-7,"two"]}`}, "empty": {"null", ""}, "error.type": {""}, "nowhere": {"x"},
	} {
		for _, text := range texts {
			out = append(out, is(tb, model.FieldAttr, key, eq, text), is(tb, model.FieldAttr, key, ne, text))
			if text != "[-7,\"two\"]" && text != `{"k":[-7,"two"]}` && text != "AP+A" {
				out = append(out, is(tb, model.FieldAttr, key, re, text), is(tb, model.FieldAttr, key, nre, text))
			}
		}
	}
	for _, key := range []string{"host.name", "service.name", "http.route"} {
		out = append(out, is(tb, model.FieldResourceAttr, key, re, "(node|cart).*"), is(tb, model.FieldResourceAttr, key, ne, "cart"))
	}
	random := rand.New(rand.NewPCG(1, 1))
	pick := func() model.Filter { return out[random.IntN(len(out))] }
	for range 200 {
		out = append(out, model.And{pick(), pick()}, model.Or{pick(), pick()}, model.Not{Filter: pick()})
	}
	return out
}

// shuffled puts the attributes of some spans in another order, so that the first
// of a key is now in its column and now in the list.
func shuffled(seed uint64, c *block.Content) *block.Content {
	random := rand.New(rand.NewPCG(seed, 2))
	for _, b := range c.Batches {
		for i := range b.Len() {
			if attrs := b.Span(i).Attrs(); random.IntN(3) == 0 {
				random.Shuffle(len(attrs), func(x, y int) { attrs[x], attrs[y] = attrs[y], attrs[x] })
			}
		}
	}
	return c
}

// FindSpans answers what running the conditions on every span answers.
func TestFindSpans(t *testing.T) {
	for _, size := range [][2]int{{3, 4}, {900, 7}} { // all attributes in lists; columns and several pages
		c := shuffled(5, content(5, size[0], size[1]))
		b := write(t, vfs.NewMem(), c)
		spans := spansOf(c.Batches...)
		var few []model.TraceID
		for i := range 5 {
			few = append(few, spans[i*len(spans)/5].TraceID())
		}
		few = append(few, model.TraceID{1})
		conditions := findConditions(t)
		for from := 0; from < len(conditions); from += 7 { // several at once, and not always the same number
			asked := conditions[from:min(from+1+from%7, len(conditions))]
			filter := model.TraceFilter{Spans: asked}
			want := map[model.TraceID]uint64{}
			for _, s := range spans {
				if bits := filter.MatchSpan(s); bits != 0 {
					want[s.TraceID()] |= bits
				}
			}
			all, _, err := b.FindSpans(t.Context(), asked, nil)
			ok(t, err)
			if len(all) != len(want) || !slices.IsSortedFunc(all, func(x, y block.SpanHit) int { return slices.Compare(x.TraceID[:], y.TraceID[:]) }) {
				t.Fatalf("%v: %d traces, want %d", asked, len(all), len(want))
			}
			some, _, err := b.FindSpans(t.Context(), asked, few)
			ok(t, err)
			for id, bits := range want {
				if got := all.Bits(id); got != bits {
					t.Fatalf("%v: %b of %s, want %b", asked, got, id, bits)
				}
				if got := some.Bits(id); slices.Contains(few, id) && got != bits {
					t.Fatalf("%v: among few %b of %s, want %b", asked, got, id, bits)
				}
			}
		}
	}
}

// What cannot match costs nothing, and a condition reads its own columns only.
func TestFindSpansReadsLittle(t *testing.T) {
	b := write(t, vfs.NewMem(), content(6, 900, 7))
	cost := func(among []model.TraceID, f ...model.Filter) model.Scanned {
		_, cost, err := b.FindSpans(t.Context(), []model.Filter{model.And(f)}, among)
		ok(t, err)
		return cost
	}
	nobody, kind := is(t, model.FieldService, "", model.OpEqual, "nobody"), is(t, model.FieldKind, "", model.OpEqual, "server")
	path := is(t, model.FieldAttr, "url.path", model.OpMatch, "/api/items/.*")
	for name, f := range map[string][]model.Filter{
		"no resource": {path, kind, nobody}, "no entry": {is(t, model.FieldAttr, "user.tier", model.OpEqual, "bronze")},
		"no key": {is(t, model.FieldAttr, "nowhere", model.OpNotEqual, "x")}, "no name": {path, is(t, model.FieldName, "", model.OpEqual, "GET /")},
	} {
		if c := cost(nil, f...); c.Bytes != 0 {
			t.Errorf("%s: read %d bytes", name, c.Bytes)
		}
	}
	whole, one := cost(nil, path), cost([]model.TraceID{storetest.NewGen(6).Batch(1, 1).TraceIDs[0]}, path)
	if one.Rows*2 > whole.Rows || one.Bytes*2 > whole.Bytes || one.Rows == 0 {
		t.Errorf("one trace costs %+v, all %+v", one, whole)
	}
	if other := cost([]model.TraceID{{1}}, path); other != (model.Scanned{}) {
		t.Errorf("a trace that is not there costs %+v", other)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := b.FindSpans(ctx, []model.Filter{kind}, nil); err == nil {
		t.Error("goes on when the caller has gone")
	}
}

func BenchmarkFindSpans(b *testing.B) {
	c := content(7, 10_000, 10) // 300,000 spans
	bl := write(b, vfs.NewMem(), c)
	for name, f := range map[string]model.Filter{
		"service": is(b, model.FieldService, "", model.OpEqual, "cart"),
		"service+name+kind": model.And{is(b, model.FieldService, "", model.OpEqual, "cart"),
			is(b, model.FieldName, "", model.OpEqual, "GET /api/cart"), is(b, model.FieldKind, "", model.OpEqual, "server")},
		"duration":         is(b, model.FieldDuration, "", model.OpAtLeast, "99ms"),
		"attribute":        is(b, model.FieldAttr, "user.tier", model.OpEqual, "gold"),
		"attribute unlike": is(b, model.FieldAttr, "user.tier", model.OpEqual, "bronze"),
		"attribute regexp": is(b, model.FieldAttr, "url.path", model.OpMatch, ".*/4999"),
		"attribute many":   is(b, model.FieldAttr, "app.request.bytes", model.OpEqual, "77"),
		"list":             is(b, model.FieldAttr, "array", model.OpEqual, `[-7,"three"]`),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := bl.FindSpans(b.Context(), []model.Filter{f}, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/300_000, "ns/span")
		})
	}
}

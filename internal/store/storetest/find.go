package storetest

import (
	"fmt"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// is makes a comparison; the operator is part of the text, such as "=cart".
func (c *contract) is(field model.Field, key string, op model.Op, value string) model.Filter {
	f, err := model.NewCompare(field, key, op, value)
	c.ok(err)
	return f
}

// filters have every field and operator, and the trees that differ in how they
// are decided.
func (c *contract) filters() []model.Filter {
	const eq, ne, re, nre = model.OpEqual, model.OpNotEqual, model.OpMatch, model.OpNotMatch
	is := c.is
	some := func(f ...model.Filter) model.Filter { return model.Some{Filter: model.And(f)} }
	attr := func(key string, op model.Op, value string) model.Filter { return is(model.FieldAttr, key, op, value) }
	resource := func(key string, op model.Op, value string) model.Filter {
		return is(model.FieldResourceAttr, key, op, value)
	}
	cart, gold := is(model.FieldService, "", eq, "cart"), attr("user.tier", eq, "gold")
	return []model.Filter{
		nil, model.And{}, model.Or{},
		is(model.FieldOperation, "", eq, "checkout"), is(model.FieldEnvironment, "", eq, "staging"), is(model.FieldStatus, "", eq, "error"),
		is(model.FieldDuration, "", model.OpAtLeast, "60ms"), is(model.FieldDuration, "", model.OpAtMost, "60ms"),
		model.Reached{Filter: cart}, is(model.FieldRootService, "", re, "c.*"), is(model.FieldRootName, "", eq, "nothing"),
		some(), some(cart), some(is(model.FieldNamespace, "", eq, "shop")), some(is(model.FieldVersion, "", eq, "2.0")),
		some(is(model.FieldEnvironment, "", ne, "")), some(is(model.FieldName, "", re, ".*/(cart|login)")),
		some(is(model.FieldKind, "", eq, "server")), some(is(model.FieldStatus, "", eq, "error"), cart),
		some(is(model.FieldDuration, "", model.OpMore, "90ms")), some(is(model.FieldDuration, "", model.OpLess, "1ms")),
		some(is(model.FieldStart, "", model.OpLess, fmt.Sprint(Epoch+int64(10*time.Second)))), some(is(model.FieldScope, "", eq, "sql"), cart),
		some(gold), some(attr("user.tier", ne, "gold")), some(attr("user.tier", nre, "go.*")), some(attr("user.tier", eq, "7")),
		some(attr("url.path", eq, "/api/items/1")), some(attr("url.path", ne, "/api/items/1"), cart), some(attr("nowhere", ne, "x")),
		some(attr("http.response.status_code", eq, "500"), cart), some(attr("http.response.status_code", model.OpAtLeast, "404"), cart),
		some(attr("cached", eq, "true")), some(attr("list", eq, `[1,"x"]`)), some(attr("list", re, `\[.*\]`), cart),
		some(resource("host.name", eq, "node-2")), some(resource("host.cpus", eq, "5"), gold), some(resource("user.tier", ne, "x")),
		some(model.Or{cart, gold}), some(model.Not{Filter: model.Or{cart, attr("user.tier", ne, "x")}}),
		model.And{some(cart), some(gold), is(model.FieldOperation, "", eq, "login")}, model.Or{some(cart), some(gold)},
		model.Not{Filter: some(cart)}, model.And{some(gold), model.Not{Filter: some(cart)}},
		model.Or{model.Not{Filter: some(cart)}, is(model.FieldRootService, "", eq, "cart")},
		model.And{some(gold), is(model.FieldRootService, "", eq, "cart")},
	}
}

func (c *contract) findTraces() {
	c.start()
	w := newWorld(c, 11)
	for range 400 {
		w.step()
	}
	at := func(s int) int64 { return Epoch + int64(s)*int64(time.Second) }
	filters := c.filters()
	place := 0
	c.everywhere(func(where string) {
		place++
		for i, filter := range filters {
			if (i+place)%places != 0 {
				continue
			}
			compiled, err := model.CompileFilter(filter)
			c.ok(err)
			q := model.TraceQuery{Filter: compiled, Limit: 500}
			c.finds(where, w, q)
			q.ByDuration, q.From, q.To, q.Limit = i%2 == 0, at(5), at(15), 9+i%17
			c.finds(where, w, q)
		}
	})
}

// finds pages through everything a search has and compares it with the truth.
func (c *contract) finds(where string, w *world, q model.TraceQuery) {
	c.Helper()
	want := w.find(q)
	got := 0
	for pages := 0; ; pages++ {
		page, err := c.FindTraces(c.Context(), q)
		c.ok(err)
		if len(page.Traces) > q.Limit || len(page.Partial) > 0 {
			c.Fatalf("%s: %+v: %d traces on a page, partial %v", where, q, len(page.Traces), page.Partial)
		}
		for i := range page.Traces {
			if got < len(want) {
				c.isTrace(where, &q, &page.Traces[i], want[got])
			}
			got++
		}
		if q.After = page.Next; page.Next == nil {
			break
		}
	}
	if got != len(want) {
		c.Fatalf("%s: %v %+v: %d traces, want %d", where, q.Filter, q, got, len(want))
	}
}

func (c *contract) isTrace(where string, q *model.TraceQuery, got *model.FoundTrace, want *worldTrace) {
	c.Helper()
	if g, w := fmt.Sprintf("%+v", got.FlowSummary), fmt.Sprintf("%+v", *want.flow.FlowSummary); g != w {
		c.Fatalf("%s: %+v:\n%s\nwant\n%s", where, *q, g, w)
	}
	matched := 0
	for _, s := range want.spans {
		if q.Filter.MatchSpan(s) != 0 {
			matched++
		}
	}
	if got.Matched != matched || len(got.Samples) != min(matched, model.SampleSpans) {
		c.Fatalf("%s: %+v: %s has %d matching spans, %d shown, want %d", where, *q, got.TraceID, got.Matched, len(got.Samples), matched)
	}
	for _, s := range got.Samples {
		if s.TraceID() != got.TraceID || q.Filter.MatchSpan(s) == 0 {
			c.Errorf("%s: %+v: a sample that does not match:\n%s", where, *q, Describe(s))
		}
	}
}

// What is stored while somebody pages neither hides nor repeats a trace.
func (c *contract) findWhileAppending() {
	c.start()
	w := newWorld(c, 12)
	for range 200 {
		w.step()
	}
	compiled, err := model.CompileFilter(model.Some{Filter: c.is(model.FieldKind, "", model.OpEqual, "server")})
	c.ok(err)
	for _, byDuration := range []bool{false, true} {
		q := model.TraceQuery{Filter: compiled, Limit: 7, ByDuration: byDuration, To: w.now + 1}
		before := w.find(q)
		late := newWorld(c, 13) // its traces are others, and no flow of w is corrected
		late.now = w.now
		seen := map[model.TraceID]int{}
		for {
			page, err := c.FindTraces(c.Context(), q)
			c.ok(err)
			for i := range page.Traces {
				seen[page.Traces[i].TraceID]++
			}
			for range 10 {
				late.step()
			}
			if q.After = page.Next; page.Next == nil {
				break
			}
		}
		for _, t := range before {
			if seen[t.id] != 1 {
				c.Errorf("by duration %v: trace %s was found %d times", byDuration, t.id, seen[t.id])
			}
		}
		if len(seen) != len(before) {
			c.Errorf("by duration %v: %d traces, want %d", byDuration, len(seen), len(before))
		}
	}
}

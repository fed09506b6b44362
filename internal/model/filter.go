package model

import (
	"errors"
	"fmt"
)

// Filter is a condition on a trace, or inside Some on one span, or inside
// Reached on one service. It is a tree of And, Or, Not, Some, Reached and
// Compare; TraceFilter is what runs it. A nil Filter holds for everything.
type Filter interface {
	fmt.Stringer
	filter()
}

type (
	// And holds when all of its conditions do; an empty And holds.
	And []Filter
	// Or holds when one of its conditions does; an empty Or does not.
	Or []Filter
	// Not holds when its condition does not.
	Not struct{ Filter }
	// Some holds for a trace that has a span for which the condition holds.
	Some struct{ Filter }
	// Reached holds for a trace that reached a service for which the condition
	// on FieldService and FieldNamespace holds.
	Reached struct{ Filter }
)

func (And) filter()      {}
func (Or) filter()       {}
func (Not) filter()      {}
func (Some) filter()     {}
func (Reached) filter()  {}
func (*Compare) filter() {}

// someBit stands for a Some once its condition has a number.
type someBit uint

func (someBit) filter() {}

// level is what a condition is about.
type level uint8

const (
	onTrace level = 1 << iota
	onSpan
	onService
)

// maxSomes is how many conditions on spans a filter may have: they are bits of
// a word.
const maxSomes = 64

// ErrFilter is what every error about a filter is.
var ErrFilter = errors.New("filter")

// TraceFilter is a filter made ready: safe for concurrent use, cheap per row.
type TraceFilter struct {
	// Flow is what the row of a trace's flow must be in any case. Most filters
	// ask nothing else of it.
	Flow FlowQuery
	// Spans are the conditions on spans, by their bit.
	Spans []Filter

	rest  Filter // what Flow does not say
	row   bool   // rest looks at the flow's row
	falls bool   // a matching span can make rest false
}

// CompileFilter makes a filter ready. It fails, naming the field, when a
// condition is where it has no meaning.
func CompileFilter(f Filter) (*TraceFilter, error) {
	t := &TraceFilter{}
	if f == nil {
		f = And{}
	}
	var rest And
	for _, part := range conjuncts(f) {
		if t.Flow.take(part) {
			continue
		}
		numbered, err := t.number(part, false)
		if err != nil {
			return nil, err
		}
		rest = append(rest, numbered)
	}
	t.rest = rest
	return t, nil
}

// conjuncts are the conditions that must all hold.
func conjuncts(f Filter) []Filter {
	and, ok := f.(And)
	if !ok {
		return []Filter{f}
	}
	var out []Filter
	for _, part := range and {
		out = append(out, conjuncts(part)...)
	}
	return out
}

// number replaces each Some by its bit. negated is whether an odd number of
// Nots is around it.
func (t *TraceFilter) number(f Filter, negated bool) (Filter, error) {
	switch f := f.(type) {
	case And:
		list, err := t.numberAll(f, negated)
		return And(list), err
	case Or:
		list, err := t.numberAll(f, negated)
		return Or(list), err
	case Not:
		inner, err := t.number(f.Filter, !negated)
		return Not{inner}, err
	case Some:
		if len(t.Spans) == maxSomes {
			return nil, fmt.Errorf("%w: more than %d conditions on spans", ErrFilter, maxSomes)
		}
		t.falls = t.falls || negated
		t.Spans = append(t.Spans, f.Filter)
		return someBit(len(t.Spans) - 1), check(f.Filter, onSpan)
	case Reached:
		t.row = true
		return f, check(f.Filter, onService)
	default:
		t.row = true
		return f, check(f, onTrace)
	}
}

func (t *TraceFilter) numberAll(list []Filter, negated bool) ([]Filter, error) {
	out := make([]Filter, len(list))
	for i, f := range list {
		var err error
		if out[i], err = t.number(f, negated); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// check reports a condition that has no meaning at a level.
func check(f Filter, at level) error {
	var list []Filter
	switch f := f.(type) {
	case nil:
	case *Compare:
		if fields[f.Field].levels&at == 0 {
			return fmt.Errorf("%w: %s cannot be asked here", ErrFilter, f.name())
		}
	case And:
		list = f
	case Or:
		list = f
	case Not:
		list = []Filter{f.Filter}
	default:
		return fmt.Errorf("%w: a condition on a trace inside a condition on one span or service", ErrFilter)
	}
	for _, part := range list {
		if err := check(part, at); err != nil {
			return err
		}
	}
	return nil
}

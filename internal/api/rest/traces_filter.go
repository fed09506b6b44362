package rest

import (
	"fmt"
	"strings"

	"github.com/flowscope/flowscope/internal/model"
)

// maxConditions bounds the attribute parameters of a request: each one is
// looked at for every span.
const maxConditions = 16

// traceFilter reads what selects traces. The conditions on spans are about one
// and the same span of the trace; a service with no other of them is one that
// the trace reached.
func (p *params) traceFilter() model.Filter {
	var trace, span, service model.And
	add := func(list *model.And, name string, field model.Field, value string) {
		if value != "" {
			*list = append(*list, p.compare(name, field, "", model.OpEqual, value))
		}
	}
	add(&trace, "operation", model.FieldOperation, p.text("operation"))
	add(&trace, "environment", model.FieldEnvironment, p.text("environment"))
	add(&trace, "status", model.FieldStatus, p.choice("status", flowStatuses()))
	p.durations(&trace, "minDuration", "maxDuration")

	add(&service, "service", model.FieldService, p.text("service"))
	add(&service, "namespace", model.FieldNamespace, p.text("namespace"))
	add(&span, "spanName", model.FieldName, p.text("spanName"))
	add(&span, "kind", model.FieldKind, p.choice("kind", model.KindNames()))
	add(&span, "spanStatus", model.FieldStatus, p.choice("spanStatus", model.StatusNames()))
	p.durations(&span, "minSpanDuration", "maxSpanDuration")
	for _, condition := range p.list("attribute", maxConditions) {
		span = append(span, p.attribute("attribute", condition))
	}
	switch {
	case len(span) > 0:
		return append(trace, model.Some{Filter: append(service, span...)})
	case len(service) > 0:
		return append(trace, model.Reached{Filter: service})
	default:
		return trace
	}
}

// choice returns which of some texts a parameter is, empty when it is not there.
func (p *params) choice(name string, choices []string) string {
	i := p.oneOf(name, choices...)
	if i < 0 {
		return ""
	}
	return choices[i]
}

// durations adds the bounds that two parameters give.
func (p *params) durations(list *model.And, least, most string) {
	low, high := p.duration(least), p.duration(most)
	if high > 0 && low > high {
		p.fail(least, fmt.Sprintf("%s is longer than %s", least, most))
	}
	if low > 0 {
		*list = append(*list, p.compare(least, model.FieldDuration, "", model.OpAtLeast, low.String()))
	}
	if high > 0 {
		*list = append(*list, p.compare(most, model.FieldDuration, "", model.OpAtMost, high.String()))
	}
}

// attribute reads a condition on an attribute: a key, an operator and a value.
func (p *params) attribute(name, condition string) model.Filter {
	key, op, value, ok := splitCondition(condition)
	field := model.FieldAttr
	if rest, found := strings.CutPrefix(key, "resource."); found {
		field, key = model.FieldResourceAttr, rest
	}
	if !ok || key == "" {
		p.fail(name, fmt.Sprintf("%s is %q, not key=value, key!=value, key=~regexp or key!~regexp, or one of them after resource.", name, condition))
		return nil
	}
	return p.compare(name, field, key, op, value)
}

// compare makes a comparison; what is wrong with its value is the parameter's
// fault. It is nil then, which nobody looks at.
func (p *params) compare(name string, field model.Field, key string, op model.Op, value string) model.Filter {
	c, err := model.NewCompare(field, key, op, value)
	if err != nil {
		p.fail(name, fmt.Sprintf("%s is %q: %v", name, value, err))
		return nil
	}
	return c
}

// splitCondition cuts at the first operator. A key may hold anything but "=",
// "!=" and "!~"; the value may hold everything.
func splitCondition(condition string) (key string, op model.Op, value string, ok bool) {
	for i := range len(condition) {
		key, rest := condition[:i], condition[i:]
		for _, op := range []model.Op{model.OpMatch, model.OpNotMatch, model.OpNotEqual, model.OpEqual} {
			if value, found := strings.CutPrefix(rest, op.String()); found {
				return key, op, value, true
			}
		}
	}
	return "", 0, "", false
}

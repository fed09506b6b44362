package model

// Rises reports whether a filter that holds for a trace goes on to hold when
// more of its spans are looked at.
func (t *TraceFilter) Rises() bool { return !t.falls }

// NeedsRow reports whether Match looks at the flow's row; otherwise it takes nil.
func (t *TraceFilter) NeedsRow() bool { return t.row }

// Match reports whether the filter holds for a trace whose flow Flow selects,
// given which of the conditions in Spans hold for one of its spans.
func (t *TraceFilter) Match(f *FlowSummary, bits uint64) bool { return matchTrace(t.rest, f, bits) }

// MatchSpan returns which of the conditions in Spans hold for a span.
func (t *TraceFilter) MatchSpan(s Span) (bits uint64) {
	for i, f := range t.Spans {
		if MatchSpan(f, s) {
			bits |= 1 << i
		}
	}
	return bits
}

func matchTrace(f Filter, row *FlowSummary, bits uint64) bool {
	switch f := f.(type) {
	case And:
		return all(f, func(part Filter) bool { return matchTrace(part, row, bits) })
	case Or:
		return !all(f, func(part Filter) bool { return !matchTrace(part, row, bits) })
	case Not:
		return !matchTrace(f.Filter, row, bits)
	case someBit:
		return bits>>f&1 != 0
	case Reached:
		for _, n := range row.Services {
			if matchService(f.Filter, n) {
				return true
			}
		}
		return false
	case *Compare:
		return f.matchFlow(row)
	default:
		return false
	}
}

func all(list []Filter, holds func(Filter) bool) bool {
	for _, f := range list {
		if !holds(f) {
			return false
		}
	}
	return true
}

func (c *Compare) matchFlow(f *FlowSummary) bool {
	switch c.Field {
	case FieldOperation:
		return c.MatchText(f.Operation)
	case FieldEnvironment:
		return c.MatchText(f.Environment)
	case FieldStatus:
		return c.MatchText(f.Status.String())
	case FieldDuration:
		return c.MatchNumber(f.Duration)
	case FieldStart:
		return c.MatchNumber(f.Start)
	case FieldRootService:
		return c.MatchText(f.RootService.Name)
	case FieldRootName:
		return c.MatchText(f.RootName)
	default:
		return false
	}
}

func matchService(f Filter, n Node) bool {
	switch f := f.(type) {
	case nil:
		return true
	case And:
		return all(f, func(part Filter) bool { return matchService(part, n) })
	case Or:
		return !all(f, func(part Filter) bool { return !matchService(part, n) })
	case Not:
		return !matchService(f.Filter, n)
	case *Compare:
		if f.Field == FieldNamespace {
			return f.MatchText(n.Namespace)
		}
		return f.MatchText(n.Name)
	default:
		return false
	}
}

// MatchSpan reports whether the condition of a Some holds for a span. A nil
// condition holds for every span.
func MatchSpan(f Filter, s Span) bool {
	switch f := f.(type) {
	case nil:
		return true
	case And:
		return all(f, func(part Filter) bool { return MatchSpan(part, s) })
	case Or:
		return !all(f, func(part Filter) bool { return !MatchSpan(part, s) })
	case Not:
		return !MatchSpan(f.Filter, s)
	case *Compare:
		return f.matchSpan(s)
	default:
		return false
	}
}

func (c *Compare) matchSpan(s Span) bool {
	switch c.Field {
	case FieldStatus:
		return c.MatchText(nameOf(statusNames, int(s.Status())))
	case FieldKind:
		return c.MatchText(nameOf(kindNames, int(s.Kind())))
	case FieldDuration:
		return c.MatchNumber(s.Duration())
	case FieldStart:
		return c.MatchNumber(s.Start())
	case FieldName:
		return c.MatchText(s.Name())
	case FieldAttr:
		v, ok := s.Attr(c.Key)
		return ok && c.MatchValue(v)
	case FieldScope:
		return c.MatchScope(s.Batch, s.Batch.ScopeOf[s.Row])
	default:
		return c.MatchResource(s.Batch, s.Batch.ResourceOf[s.Row])
	}
}

// MatchResource reports whether a comparison that looks at what emitted a span
// (service, namespace, version, environment, a resource attribute) holds for a
// resource of a sealed batch.
func (c *Compare) MatchResource(b *Batch, resource uint32) bool {
	info := &b.infos[resource]
	switch c.Field {
	case FieldService:
		return c.MatchText(info.Service)
	case FieldNamespace:
		return c.MatchText(info.Namespace)
	case FieldVersion:
		return c.MatchText(info.Version)
	case FieldEnvironment:
		return c.MatchText(info.Environment)
	case FieldResourceAttr:
		v, ok := b.Find(b.Side(b.Resources[resource].Attrs), c.Key)
		return ok && c.MatchValue(v)
	default:
		return false
	}
}

// MatchScope reports whether a comparison of FieldScope holds for a scope.
func (c *Compare) MatchScope(b *Batch, scope uint32) bool {
	return c.MatchText(b.Strings.Get(b.Scopes[scope].Name))
}

// nameOf is empty for a number that has no name.
func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return ""
}

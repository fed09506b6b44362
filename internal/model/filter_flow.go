package model

import "time"

// take makes a condition that must hold part of the query, and reports whether
// the query now says all of it.
func (q *FlowQuery) take(f Filter) bool {
	switch f := f.(type) {
	case *Compare:
		return q.takeCompare(f)
	case Reached:
		if q.Service != "" || q.Namespace != "" {
			return false
		}
		var service, namespace string
		for _, part := range conjuncts(f.Filter) {
			c, ok := part.(*Compare)
			switch {
			case !ok || c.Op != OpEqual || c.Text == "":
				return false
			case c.Field == FieldService && service == "":
				service = c.Text
			case c.Field == FieldNamespace && namespace == "":
				namespace = c.Text
			default:
				return false
			}
		}
		q.Service, q.Namespace = service, namespace
		return service != "" || namespace != ""
	default:
		return false
	}
}

func (q *FlowQuery) takeCompare(c *Compare) bool {
	switch {
	case c.Field == FieldDuration:
		return q.takeDuration(c)
	case c.Op != OpEqual || c.Text == "":
		return false
	case c.Field == FieldOperation && q.Operation == "":
		q.Operation = c.Text
	case c.Field == FieldEnvironment && q.Environment == "":
		q.Environment = c.Text
	case c.Field == FieldStatus && q.Status == nil:
		for s := FlowSuccess; s <= FlowTimeout; s++ {
			if s.String() == c.Text {
				q.Status = &s
				return true
			}
		}
		return false
	default:
		return false
	}
	return true
}

func (q *FlowQuery) takeDuration(c *Compare) bool {
	d := time.Duration(c.Number)
	switch {
	case c.Op == OpAtLeast:
		q.MinDuration = max(q.MinDuration, d)
	case c.Op == OpAtMost && d > 0 && (q.MaxDuration == 0 || d < q.MaxDuration):
		q.MaxDuration = d
	case c.Op == OpAtMost && d > 0:
	default:
		return false
	}
	return true
}

package model

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Field is what a comparison looks at.
type Field uint8

// The fields. Of a trace: operation, environment, status, duration, start, the
// root's service and name. Of a span: service to scope, environment, status,
// duration, and the attributes of the span and of its resource. Of a service
// that a trace reached: service and namespace.
const (
	FieldOperation Field = iota
	FieldEnvironment
	FieldStatus // success, error or timeout of a trace; unset, ok or error of a span
	FieldDuration
	FieldStart
	FieldRootService
	FieldRootName
	FieldService
	FieldNamespace
	FieldVersion
	FieldName
	FieldKind
	FieldScope // name of the instrumentation scope
	FieldAttr
	FieldResourceAttr
)

var fields = [...]struct {
	name    string
	levels  level
	numeric bool
}{
	FieldOperation:    {"operation", onTrace, false},
	FieldEnvironment:  {"environment", onTrace | onSpan, false},
	FieldStatus:       {"status", onTrace | onSpan, false},
	FieldDuration:     {"duration", onTrace | onSpan, true},
	FieldStart:        {"start", onTrace | onSpan, true},
	FieldRootService:  {"rootService", onTrace, false},
	FieldRootName:     {"rootName", onTrace, false},
	FieldService:      {"service", onSpan | onService, false},
	FieldNamespace:    {"namespace", onSpan | onService, false},
	FieldVersion:      {"version", onSpan, false},
	FieldName:         {"name", onSpan, false},
	FieldKind:         {"kind", onSpan, false},
	FieldScope:        {"scope", onSpan, false},
	FieldAttr:         {"attribute", onSpan, false},
	FieldResourceAttr: {"resource attribute", onSpan, false},
}

// Op is how a comparison compares.
type Op uint8

// The operators. A regexp matches the whole value, as in TraceQL and PromQL.
const (
	OpEqual Op = iota
	OpNotEqual
	OpMatch
	OpNotMatch
	OpLess
	OpAtMost
	OpMore
	OpAtLeast
)

var ops = [...]string{"=", "!=", "=~", "!~", "<", "<=", ">", ">="}

// String is the operator as TraceQL writes it.
func (o Op) String() string { return ops[o] }

// Compare compares a field with a value. Nothing holds for an attribute that is
// absent or empty, not even != and !~: as in TraceQL, only Not finds those.
// When a key comes more than once the first counts, as for Batch.Find.
type Compare struct {
	Field Field
	Key   string // of an attribute
	Op    Op
	Text  string
	// Number is what Text says of a duration (ns) or a start (Unix ns).
	Number int64

	float  float64 // Text as a number, for ordering attributes
	whole  int64   // Text as an integer
	exact  bool    // whole is written as Text
	regexp *regexp.Regexp
}

// NewCompare returns a comparison. A duration is written as 1.5s, a start in
// Unix ns. Errors wrap ErrFilter and do not repeat the field's name.
func NewCompare(field Field, key string, op Op, text string) (*Compare, error) {
	c := &Compare{Field: field, Key: key, Op: op, Text: text}
	attr := field == FieldAttr || field == FieldResourceAttr
	ordered := op >= OpLess
	var err error
	switch {
	case attr && key == "":
		return nil, fmt.Errorf("%w: an attribute has no key", ErrFilter)
	case op == OpMatch || op == OpNotMatch:
		if fields[field].numeric {
			return nil, fmt.Errorf("%w: a number is not compared with a regexp", ErrFilter)
		}
		if _, err = regexp.Compile(text); err == nil { // on its own first: "a)|(b" must not close our group
			c.regexp, err = regexp.Compile("^(?:" + text + ")$")
		}
	case field == FieldDuration:
		var d time.Duration
		d, err = time.ParseDuration(text)
		c.Number = int64(d)
	case field == FieldStart:
		c.Number, err = strconv.ParseInt(text, 10, 64)
	case ordered && attr:
		c.float, err = strconv.ParseFloat(text, 64)
	case ordered:
		return nil, fmt.Errorf("%w: a text has no order", ErrFilter)
	case attr:
		n, parseErr := strconv.ParseInt(text, 10, 64)
		c.whole, c.exact = n, parseErr == nil && strconv.FormatInt(n, 10) == text
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFilter, err)
	}
	return c, nil
}

// MatchText reports whether the comparison holds for a text.
func (c *Compare) MatchText(v string) bool {
	switch c.Op {
	case OpEqual:
		return v == c.Text
	case OpNotEqual:
		return v != c.Text
	case OpMatch:
		return c.regexp.MatchString(v)
	case OpNotMatch:
		return !c.regexp.MatchString(v)
	default:
		return false
	}
}

// MatchNumber reports whether the comparison holds for a duration or a start.
func (c *Compare) MatchNumber(v int64) bool { return holds(c.Op, cmp.Compare(v, c.Number)) }

// MatchValue reports whether the comparison holds for an attribute's value,
// taken for the text that Value.Text gives. Only numbers are less or more.
func (c *Compare) MatchValue(v Value) bool {
	switch {
	case v.Type == TypeEmpty:
		return false
	case c.Op >= OpLess && v.Type == TypeInt:
		return holds(c.Op, cmp.Compare(float64(v.Int()), c.float))
	case c.Op >= OpLess && v.Type == TypeDouble:
		return !math.IsNaN(v.Double()) && holds(c.Op, cmp.Compare(v.Double(), c.float))
	case v.Type == TypeString:
		return c.MatchText(v.Str)
	case v.Type == TypeInt && c.Op <= OpNotEqual:
		return (c.exact && v.Int() == c.whole) == (c.Op == OpEqual)
	default:
		return c.MatchText(v.Text())
	}
}

// holds reports whether an operator holds for the outcome of cmp.Compare.
func holds(o Op, order int) bool {
	switch o {
	case OpEqual:
		return order == 0
	case OpNotEqual:
		return order != 0
	case OpLess:
		return order < 0
	case OpAtMost:
		return order <= 0
	case OpMore:
		return order > 0
	case OpAtLeast:
		return order >= 0
	default:
		return false
	}
}

var (
	kindNames   = []string{"unspecified", "internal", "server", "client", "producer", "consumer"}
	statusNames = []string{"unset", "ok", "error"}
)

// KindNames are the texts that FieldKind is compared with, by kind.
func KindNames() []string { return slices.Clone(kindNames) }

// StatusNames are the texts that the status of a span is compared with, by code.
func StatusNames() []string { return slices.Clone(statusNames) }

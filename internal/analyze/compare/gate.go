package compare

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Gate is what a comparison must not show. The zero Gate lets everything pass.
type Gate []term

// term is one of its conditions.
type term struct {
	text string
	kind Kind
	of   Measure
	over float64 // share; no matter for edges
}

func terms() map[string]term {
	return map[string]term{
		"p50": {kind: Slower, of: P50}, "p95": {kind: Slower, of: P95}, "p99": {kind: Slower, of: P99},
		"errors": {kind: FailingMore, of: Errors}, "retries": {kind: MoreRetries, of: Retries},
		"calls": {kind: MoreCalls, of: Calls},
	}
}

// ParseGate reads terms joined by commas: p50>N%, p95>N%, p99>N% and calls>N%
// for a relative growth, errors>N% and retries>N% for so many percentage points,
// new-edge, removed-edge. Errors name the term.
func ParseGate(text string) (Gate, error) {
	var g Gate
	for i, one := range strings.Split(text, ",") {
		t, err := parseTerm(strings.TrimSpace(one))
		if err != nil {
			return nil, fmt.Errorf("term %d, %q: %w", i+1, strings.TrimSpace(one), err)
		}
		g = append(g, t)
	}
	return g, nil
}

func parseTerm(text string) (term, error) {
	switch text {
	case "new-edge":
		return term{text: text, kind: Added, of: Calls}, nil
	case "removed-edge":
		return term{text: text, kind: Removed, of: Calls}, nil
	case "":
		return term{}, errors.New("is empty")
	}
	name, limit, found := strings.Cut(text, ">")
	t, known := terms()[strings.TrimSpace(name)]
	if !known {
		return term{}, errors.New("p50, p95, p99, errors, retries and calls with >N%, new-edge and removed-edge are accepted")
	}
	number, percent := strings.CutSuffix(strings.TrimSpace(limit), "%")
	if !found || !percent {
		return term{}, errors.New("a limit such as >10% must follow")
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || n < 0 {
		return term{}, fmt.Errorf("%q is no percentage of 0 or more", number)
	}
	t.text, t.over = text, n/100
	return t, nil
}

// String writes the terms as they were read.
func (g Gate) String() string {
	texts := make([]string, len(g))
	for i, t := range g {
		texts[i] = t.text
	}
	return strings.Join(texts, ",")
}

// Failed returns the changes that are not let through: those that are certain
// enough, go over a limit, and are no consequence of another that is refused. A
// consequence of what no term refuses stands for its cause.
func (g Gate) Failed(changes []Change) []Change {
	var over []consequence
	for i := range changes {
		if c := &changes[i]; c.Confidence != Low && slices.ContainsFunc(g, func(t term) bool { return t.refuses(c) }) {
			over = append(over, consequence{c, placeOf(c), nil})
		}
	}
	follow(over, changes)
	var out []Change
	for i := range over {
		if !covered(over, i) {
			out = append(out, *over[i].Change)
		}
	}
	return out
}

// place is an edge of an operation.
type place struct {
	operation string
	pair
}

func placeOf(c *Change) place { return place{c.Operation, pair{c.From, c.To}} }

// consequence is a change with the places that explain it, and those that
// explain their changes.
type consequence struct {
	*Change
	at place
	of map[place]bool
}

// follow finds what explains some of the changes.
func follow(some []consequence, changes []Change) {
	direct := map[place][]Cause{}
	for i := range changes {
		at := placeOf(&changes[i])
		direct[at] = append(direct[at], changes[i].ExplainedBy...)
	}
	for i := range some {
		c := &some[i]
		c.of = map[place]bool{}
		for left := c.ExplainedBy; len(left) > 0; left = left[1:] {
			if at := (place{c.Operation, left[0].pair()}); !c.of[at] {
				c.of[at] = true
				left = append(left[:len(left):len(left)], direct[at]...)
			}
		}
	}
}

// covered reports whether another explains the i-th. Of those that explain each
// other the first is not covered.
func covered(over []consequence, i int) bool {
	for j := range over {
		if over[i].of[over[j].at] && (j < i || !over[j].of[over[i].at]) {
			return true
		}
	}
	return false
}

func (t term) refuses(c *Change) bool {
	edge := c.Kind == Added || c.Kind == Removed
	return t.kind == c.Kind && t.of == c.Measure && (edge || c.Delta > t.over)
}

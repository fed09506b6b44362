package decode

import "strconv"

// Error says what makes a request undecodable, and where.
type Error struct {
	Path    string // like "resource_spans[3].scope_spans[0].spans[17].attributes[2]"
	Problem string
}

// Error is the path and the problem.
func (e *Error) Error() string {
	if e.Path == "" {
		return e.Problem
	}
	return e.Path + ": " + e.Problem
}

// The problems of protobuf.
const (
	malformed = "malformed or truncated"
	badValue  = "malformed, or nested deeper than 32 levels"
)

// in puts a field's name before the path.
func (e *Error) in(field string) *Error {
	switch {
	case e.Path == "":
		e.Path = field
	case e.Path[0] == '[':
		e.Path = field + e.Path
	default:
		e.Path = field + "." + e.Path
	}
	return e
}

// inItem puts an item's number, and the name of the list when it is not empty,
// before the path.
func (e *Error) inItem(list string, i int) *Error {
	return e.in(list + "[" + strconv.Itoa(i) + "]")
}

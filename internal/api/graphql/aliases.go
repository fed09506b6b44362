package graphql

import "regexp"

// unread is what may hold a colon and is no part of a query's shape: strings
// and comments.
var unread = regexp.MustCompile(`"""(?s:.*?)"""|"(?:\\.|[^"\\\n])*"|#[^\n]*`)

// aliases counts the fields of a query that have another name in the answer.
// Every other colon is in parentheses.
func aliases(query string) (n int) {
	depth := 0
	for _, c := range unread.ReplaceAllString(query, " ") {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ':':
			if depth <= 0 {
				n++
			}
		}
	}
	return n
}

// repeats is how often an answer may have the same field of the same row at
// most. An alias adds one more of its field, and so at best doubles what is
// there; fragments say nothing twice without one.
func repeats(query string) int64 {
	n := aliases(query)
	if n > 30 || 1<<n > MaxSelections {
		return MaxSelections
	}
	return 1 << n
}

package graphql

import (
	"regexp"
	"strings"
)

// unread is what may hold any character and is no part of a query's shape:
// strings and comments.
var unread = regexp.MustCompile(`"""(?s:.*?)"""|"(?:\\.|[^"\\\n])*"|#[^\n]*`)

// shape is a query without what is unread, of the same length.
func shape(query string) string {
	return unread.ReplaceAllStringFunc(query, func(s string) string { return strings.Repeat(" ", len(s)) })
}

// token is what a document's outline is read from.
var token = regexp.MustCompile(`[$@]?[_A-Za-z][_0-9A-Za-z]*|[{}()\[\]]`)

// outline is the beginning of a document's definitions: kind is the word that each
// begins with, or { of a query without one.
type outline struct {
	kind, name string
	at         int
}

func outlinesOf(query string) (all []outline) {
	text := shape(query)
	depth, begins, named := 0, true, true
	for _, at := range token.FindAllStringIndex(text, -1) {
		word := text[at[0]:at[1]]
		opens, closes := strings.Contains("{([", word), strings.Contains("})]", word)
		switch {
		case closes:
			depth--
			begins = depth <= 0 && word == "}"
			continue
		case depth > 0:
		case begins:
			all = append(all, outline{kind: word, at: at[0]})
			begins, named = false, false
		case !named && !opens && word[0] != '@':
			all[len(all)-1].name = word
			named = true
		default:
			named = true
		}
		if opens {
			depth++
		}
	}
	return all
}

const subscriptionWord = "subscription"

// subscribes reports whether the operation that is asked for is a subscription.
// What is no query may be either.
func (q *request) subscribes() bool {
	for _, o := range outlinesOf(q.Query) {
		if o.kind == subscriptionWord && (q.OperationName == "" || q.OperationName == o.name) {
			return true
		}
	}
	return false
}

// asMutation is a query whose subscriptions are mutations, each character in its place.
func asMutation(query string) string {
	text := []byte(query)
	for _, o := range outlinesOf(query) {
		if o.kind == subscriptionWord {
			copy(text[o.at:], "mutation    ")
		}
	}
	return string(text)
}

// aliases counts the fields of a query that have another name in the answer.
// Every other colon is in parentheses.
func aliases(query string) (n int) {
	depth := 0
	for _, c := range shape(query) {
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

package graphql

import (
	"context"
	stderrors "errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	gg "github.com/graph-gophers/graphql-go"
	"github.com/graph-gophers/graphql-go/errors"
)

// Error is an error that a client is told. Code is stable.
type Error struct {
	Code   string
	Field  string // the argument at fault, or empty
	Detail string // for people
}

// Error is the message.
func (e *Error) Error() string { return e.Detail }

// Extensions is what GraphQL's error says beside the message.
func (e *Error) Extensions() map[string]any {
	if e.Field == "" {
		return map[string]any{"code": e.Code}
	}
	return map[string]any{"code": e.Code, "field": e.Field}
}

const (
	tooLarge     = "query_too_large"
	tooExpensive = "query_too_expensive"
)

var errInternal = &Error{Code: "internal", Detail: "the server failed to answer"}

// codes of the faults that the library finds in a query, by its rule. The rest
// are invalid_query.
var codes = map[string]string{
	"KnownArgumentNamesRule":         "unknown_parameter",
	"ValuesOfCorrectTypeRule":        "invalid_parameter",
	"ProvidedRequiredArgumentsRule":  "invalid_parameter",
	"VariablesOfCorrectType":         "invalid_parameter",
	"DefaultValuesOfCorrectType":     "invalid_parameter",
	"MaxDepthExceeded":               "query_too_deep",
	"OverlapValidationLimitExceeded": tooLarge,
}

// explain gives every error of an answer its code and the argument at fault.
func explain(q request, list []*errors.QueryError) {
	for _, e := range list {
		if e.Extensions != nil {
			continue
		}
		why := fault(q, e)
		e.Extensions = why.Extensions()
		if why.Detail != "" {
			e.Message = why.Detail
		}
	}
}

// fault finds out what an error without a code is about.
func fault(q request, e *errors.QueryError) *Error {
	var known *Error
	code, ruled := codes[e.Rule]
	switch {
	case stderrors.As(e.ResolverError, &known):
		return known
	case e.ResolverError != nil:
		return errInternal
	case e.Message == context.DeadlineExceeded.Error():
		return &Error{Code: "timeout", Detail: "the answer took too long; a shorter time range is quicker"}
	case e.Message == context.Canceled.Error():
		return &Error{Code: "client_gone"}
	case e.Message == notSubscribed:
		return &Error{Code: "upgrade_required", Detail: "a subscription needs a WebSocket that speaks " + Subprotocol}
	case isUnfit(e):
		name := unfitVariable(q.Variables, e.Message)
		return bad(name, strings.TrimSpace(name+" does not fit its type: "+e.Message))
	case stderrors.Is(e, gg.ErrTooManySelections):
		return &Error{Code: tooLarge}
	case e.Rule == "ValuesOfCorrectTypeRule" && len(e.Locations) > 0:
		if name := argumentAt(q.Query, e.Locations[0]); name != "" {
			return &Error{Code: code, Field: name, Detail: fmt.Sprintf("argument %s: %s", name, e.Message)}
		}
		return &Error{Code: code}
	case ruled && strings.HasSuffix(code, "_parameter"):
		return &Error{Code: code, Field: quoted(e.Message)}
	case ruled:
		return &Error{Code: code}
	case len(e.Path) > 0:
		return errInternal // a value that is not what the schema says
	default:
		return &Error{Code: "invalid_query"}
	}
}

// notSubscribed is the message about a subscription that is executed as a query.
const notSubscribed = "graphql-ws protocol header is missing"

// unfit begins the message about a value of a variable that is of another type
// than its argument, which the library does not name.
const unfit = "could not unmarshal "

func isUnfit(e *errors.QueryError) bool {
	return strings.HasPrefix(e.Message, unfit) || strings.HasSuffix(e.Message, "got null for non-null")
}

// unfitVariable is the variable that has the value of such a message. Without
// one it is the only argument that is a number or has a default, first.
func unfitVariable(variables map[string]any, message string) string {
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		values, isList := variables[name].([]any)
		if !isList {
			values = []any{variables[name]}
		}
		for _, v := range values {
			if v == nil && strings.HasSuffix(message, "null") || strings.HasPrefix(message, fmt.Sprintf(unfit+"%#v (%T) ", v, v)) {
				return name
			}
		}
	}
	if strings.HasSuffix(message, "null") || strings.Contains(message, " into int32") {
		return "first"
	}
	return ""
}

var quotedName = regexp.MustCompile(`(?:argument|Variable) "\$?(\w+)"`)

// quoted is the name of the argument or variable that a message is about.
func quoted(message string) string {
	if m := quotedName.FindStringSubmatch(message); m != nil {
		return m[1]
	}
	return ""
}

var argumentName = regexp.MustCompile(`(\w+)\s*:[\s\[]*$`)

// argumentAt is the name before a value in a query.
func argumentAt(query string, at errors.Location) string {
	lines := strings.Split(query, "\n")
	if at.Line < 1 || at.Line > len(lines) {
		return ""
	}
	last := []rune(lines[at.Line-1])
	before := strings.Join(lines[:at.Line-1], "\n") + "\n" + string(last[:min(max(at.Column-1, 0), len(last))])
	if m := argumentName.FindStringSubmatch(before); m != nil {
		return m[1]
	}
	return ""
}

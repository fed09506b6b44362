package graphql

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// instant is the scalar Time: RFC 3339 in answers, as REST takes it in arguments.
type instant string

// ImplementsGraphQLType tells the library which scalar it is.
func (*instant) ImplementsGraphQLType(name string) bool { return name == "Time" }

// UnmarshalGraphQL reads an argument. What is no time is REST's to refuse.
func (t *instant) UnmarshalGraphQL(input any) error {
	switch v := input.(type) {
	case string:
		*t = instant(v)
	case int32:
		*t = instant(strconv.Itoa(int(v)))
	case int64:
		*t = instant(strconv.FormatInt(v, 10))
	case float64: // a number in the variables
		*t = instant(strconv.FormatFloat(v, 'f', -1, 64))
	default: // a list or an object in the variables
		*t = instant(fmt.Sprint(v))
	}
	return nil
}

// whole is a number of 64 bits: the scalar Long.
type whole int64

// ImplementsGraphQLType tells the library which scalar it is.
func (*whole) ImplementsGraphQLType(name string) bool { return name == "Long" }

// UnmarshalGraphQL refuses: no argument is of this type.
func (*whole) UnmarshalGraphQL(any) error { return errOutput }

// nanoseconds is the scalar Nanoseconds.
type nanoseconds int64

// ImplementsGraphQLType tells the library which scalar it is.
func (*nanoseconds) ImplementsGraphQLType(name string) bool { return name == "Nanoseconds" }

// UnmarshalGraphQL refuses: no argument is of this type.
func (*nanoseconds) UnmarshalGraphQL(any) error { return errOutput }

// anyJSON is the scalar JSON.
type anyJSON struct{ json.RawMessage }

// ImplementsGraphQLType tells the library which scalar it is.
func (*anyJSON) ImplementsGraphQLType(name string) bool { return name == "JSON" }

// UnmarshalGraphQL refuses: no argument is of this type.
func (*anyJSON) UnmarshalGraphQL(any) error { return errOutput }

var errOutput = bad("", "this type is for answers only")

package graphql

import (
	"bytes"
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
	case float64: // a number in the variables; one that is large is an int64
		*t = instant(strconv.FormatFloat(v, 'f', -1, 64))
	default: // a list or an object in the variables
		*t = instant(fmt.Sprint(v))
	}
	return nil
}

// variables are those of a query. Whole numbers that a float64 has not room for,
// Unix ns for one, are of int64.
type variables map[string]any

// UnmarshalJSON implements json.Unmarshaler.
func (v *variables) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode((*map[string]any)(v)); err != nil {
		return err
	}
	for name, value := range *v {
		(*v)[name] = number(value)
	}
	return nil
}

// number replaces the numbers in a value of JSON.
func number(value any) any {
	switch v := value.(type) {
	case json.Number:
		const exact = 1 << 53
		f, err := v.Float64()
		if n, noWhole := v.Int64(); noWhole == nil && (n > exact || n < -exact) {
			return n
		}
		if err != nil {
			return v.String() // too large for any type: it is refused as text
		}
		return f
	case []any:
		for i := range v {
			v[i] = number(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = number(v[name])
		}
	}
	return value
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

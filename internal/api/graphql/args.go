package graphql

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
)

// periodArgs are the arguments of everything that is about a period.
type periodArgs struct{ StartTime, EndTime *instant }

// pageArgs are the arguments of a connection.
type pageArgs struct {
	First *int32 // nil is the default, also where a variable was not given
	After *string
}

// paramsOf makes the parameters of REST of arguments that are called the same:
// all but the ones of a page. A kind and a span's status are in lower case there.
func paramsOf(args any) url.Values {
	params := url.Values{}
	addParams(params, reflect.ValueOf(args))
	for _, name := range []string{"kind", "spanStatus"} {
		if params.Has(name) {
			params.Set(name, strings.ToLower(params.Get(name)))
		}
	}
	return params
}

func addParams(params url.Values, args reflect.Value) {
	for i := range args.NumField() {
		field, value := args.Type().Field(i), args.Field(i)
		name := strings.ToLower(field.Name[:1]) + field.Name[1:]
		switch {
		case field.Type == reflect.TypeFor[pageArgs]():
		case field.Anonymous:
			addParams(params, value)
		case value.Kind() == reflect.Pointer && value.IsNil():
		case value.Kind() == reflect.Pointer && value.Elem().Kind() == reflect.Slice:
			for j := range value.Elem().Len() {
				params.Add(name, value.Elem().Index(j).String())
			}
		case value.Kind() == reflect.Pointer:
			params.Set(name, value.Elem().String())
		}
	}
}

// size is how many rows a page has at most.
func (p pageArgs) size(otherwise, most int) (int, error) {
	if p.First == nil {
		return otherwise, nil
	}
	n := int(*p.First)
	if n < 1 || n > most {
		return 0, bad("first", fmt.Sprintf("first is %d, not a whole number from 1 to %d", n, most))
	}
	return n, nil
}

// maxOffset keeps a page's number within what REST accepts.
const maxOffset = 1_000_000

// offset is how many rows of a list are before the page. The cursor of a row is
// the number of those up to it.
func (p pageArgs) offset() (int, error) {
	if p.After == nil {
		return 0, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(*p.After)
	n, isNumber := strings.CutPrefix(string(text), "row:")
	at, noNumber := strconv.Atoi(n)
	if err != nil || !isNumber || noNumber != nil || at < 1 || at > maxOffset {
		return 0, bad("after", "after is not a cursor that this server gave")
	}
	return at, nil
}

func rowCursor(n int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("row:" + strconv.Itoa(n)))
}

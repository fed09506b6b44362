package model

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/flowscope/flowscope/internal/wire"
)

// everyValue has a value of each type, nested ones with all types inside.
func everyValue() []Value {
	scalars := []Value{
		{},
		{Type: TypeString, Str: "text"},
		{Type: TypeString},
		{Type: TypeBool, Bits: 1},
		{Type: TypeBool},
		{Type: TypeInt, Bits: math.MaxUint64},
		{Type: TypeInt},
		{Type: TypeDouble, Bits: math.Float64bits(-0.5)},
		{Type: TypeBytes, Str: "\x00\xff"},
		{Type: TypeBytes},
		{Type: TypeString, Str: strings.Repeat("long ", 100)},
	}
	var array, entries []byte
	for _, v := range scalars {
		array = AppendElement(array, v)
		entries = AppendEntry(entries, "key", v)
	}
	array = AppendElement(array, Value{Type: TypeMap, Str: string(entries)})
	return append(scalars,
		Value{Type: TypeArray}, Value{Type: TypeMap},
		Value{Type: TypeArray, Str: string(array)}, Value{Type: TypeMap, Str: string(entries)})
}

func TestValueRoundTrip(t *testing.T) {
	for _, v := range everyValue() {
		got, ok := ParseAnyValue(AppendAnyValue(nil, v), 0)
		if !ok || got != v {
			t.Errorf("wrote %+v, read %+v, %v", v, got, ok)
		}
		key, value, ok := ParseKeyValue(AppendKeyValue(nil, "the key", v))
		if got, valid := ParseAnyValue(value, 0); !ok || !valid || string(key) != "the key" || got != v {
			t.Errorf("wrote %+v, read %q: %+v, %v", v, key, got, ok && valid)
		}
	}
}

func TestValueLists(t *testing.T) {
	want := everyValue()
	var array, entries []byte
	for _, v := range want {
		array = AppendElement(array, v)
		entries = AppendEntry(entries, "k"+v.Str, v)
	}
	var got, gotEntries []Value
	for v := range (Value{Type: TypeArray, Str: string(array)}).Elements {
		got = append(got, v)
	}
	for key, v := range (Value{Type: TypeMap, Str: string(entries)}).Entries {
		if key != "k"+v.Str {
			t.Errorf("key %q of value %q", key, v.Str)
		}
		gotEntries = append(gotEntries, v)
	}
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(gotEntries, want) {
		t.Errorf("elements %+v, entries %+v, want %+v", got, gotEntries, want)
	}
	for v := range (Value{Type: TypeArray, Str: string(array)}).Elements {
		if v != want[0] {
			t.Error("went on after break")
		}
		break
	}
}

func TestValueNesting(t *testing.T) {
	v := Value{Type: TypeInt, Bits: 1}
	for range MaxDepth {
		v = Value{Type: TypeArray, Str: string(AppendElement(nil, v))}
	}
	if _, ok := ParseAnyValue(AppendAnyValue(nil, v), 0); !ok {
		t.Errorf("%d levels refused", MaxDepth)
	}
	if _, ok := ParseAnyValue(AppendAnyValue(nil, v), 1); ok {
		t.Error("the depth it starts at does not count")
	}
	v = Value{Type: TypeMap, Str: string(AppendEntry(nil, "k", v))}
	if _, ok := ParseAnyValue(AppendAnyValue(nil, v), 0); ok {
		t.Errorf("%d levels accepted", MaxDepth+1)
	}
}

func TestParseAnyValueOddities(t *testing.T) {
	two := AppendAnyValue(AppendAnyValue(nil, Value{Type: TypeInt, Bits: 1}), Value{Type: TypeString, Str: "last"})
	if v, ok := ParseAnyValue(two, 0); !ok || v.Str != "last" {
		t.Errorf("of two values %+v, %v", v, ok)
	}
	unknown := wire.AppendBytes(AppendAnyValue(nil, Value{Type: TypeInt, Bits: 1}), 99, "x")
	if v, ok := ParseAnyValue(unknown, 0); !ok || v.Int() != 1 {
		t.Errorf("with an unknown field %+v, %v", v, ok)
	}
	foreign := wire.AppendBytes(nil, wire.AnyInt, "text")
	if v, ok := ParseAnyValue(foreign, 0); !ok || v.Type != TypeEmpty {
		t.Errorf("an int as bytes: %+v, %v", v, ok)
	}
	if v, ok := ParseAnyValue(wire.AppendUvarint(nil, wire.AnyBool, 7), 0); !ok || v.Bits != 1 {
		t.Errorf("a bool of 7: %+v, %v", v, ok)
	}
	for name, b := range map[string][]byte{
		"truncated string": {tagString, 5, 'a'},
		"bad element":      wire.AppendBytes(nil, wire.AnyArray, []byte{tagItem, 2, tagString, 9}),
		"bad entry":        wire.AppendBytes(nil, wire.AnyMap, []byte{tagItem, 2, tagValue, 9}),
		"bad entry value":  wire.AppendBytes(nil, wire.AnyMap, []byte{tagItem, 4, tagValue, 2, tagString, 9}),
		"bad list":         wire.AppendBytes(nil, wire.AnyArray, []byte{tagItem}),
	} {
		if v, ok := ParseAnyValue(b, 0); ok {
			t.Errorf("%s: read as %+v", name, v)
		}
	}
}

func TestParseKeyValueOddities(t *testing.T) {
	value := AppendAnyValue(nil, Value{Type: TypeString, Str: "v"})
	reversed := wire.AppendBytes(wire.AppendBytes(nil, wire.KeyValueValue, value), wire.KeyValueKey, "k")
	inParts := wire.AppendBytes(wire.AppendBytes(reversed, wire.KeyValueValue, []byte{}), wire.KeyValueKey, "k")
	original := string(inParts)
	for name, b := range map[string][]byte{"reversed": reversed, "in parts": inParts} {
		if k, v, ok := ParseKeyValue(b); !ok || string(k) != "k" || string(v) != string(value) {
			t.Errorf("%s: %q %q %v", name, k, v, ok)
		}
	}
	if string(inParts) != original {
		t.Error("joining the parts wrote into the message")
	}
	if k, v, ok := ParseKeyValue(nil); !ok || len(k) != 0 || len(v) != 0 {
		t.Errorf("empty: %q %q %v", k, v, ok)
	}
	if _, _, ok := ParseKeyValue([]byte{tagKey, 1, 'k', tagValue, 9, 0}); ok {
		t.Error("truncated value accepted")
	}
}

// FuzzParseAnyValue asserts that what is accepted can be walked to its end and
// means the same when it is written again.
func FuzzParseAnyValue(f *testing.F) {
	for _, v := range everyValue() {
		f.Add(AppendAnyValue(nil, v))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, ok := ParseAnyValue(b, 0)
		if !ok {
			return
		}
		again, ok := ParseAnyValue(AppendAnyValue(nil, rewrite(v)), 0)
		if !ok || !reflect.DeepEqual(flatten(again), flatten(v)) {
			t.Fatalf("%+v became %+v, %v", v, again, ok)
		}
	})
}

// rewrite writes nested values anew, without what a parser skips.
func rewrite(v Value) Value {
	var list []byte
	switch v.Type {
	case TypeArray:
		for el := range v.Elements {
			list = AppendElement(list, rewrite(el))
		}
		v.Str = string(list)
	case TypeMap:
		for key, el := range v.Entries {
			list = AppendEntry(list, key, rewrite(el))
		}
		v.Str = string(list)
	}
	return v
}

// flatten is everything in a value, in order.
func flatten(v Value) (all []any) {
	switch v.Type {
	case TypeArray:
		all = append(all, v.Type)
		for el := range v.Elements {
			all = append(all, flatten(el)...)
		}
		return append(all, "end")
	case TypeMap:
		all = append(all, v.Type)
		for key, el := range v.Entries {
			all = append(append(all, key), flatten(el)...)
		}
		return append(all, "end")
	}
	return []any{v}
}

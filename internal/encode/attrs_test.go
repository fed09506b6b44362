package encode

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
)

// plain is a value as AppendAttrs writes it.
func plain(v model.Value) []byte { return v.AppendJSON(nil) }

func str(s string) model.Value { return model.Value{Type: model.TypeString, Str: s} }
func num(v int64) model.Value  { return model.Value{Type: model.TypeInt, Bits: uint64(v)} }
func float(v float64) model.Value {
	return model.Value{Type: model.TypeDouble, Bits: math.Float64bits(v)}
}

func list(values ...model.Value) model.Value {
	var b []byte
	for _, v := range values {
		b = model.AppendElement(b, v)
	}
	return model.Value{Type: model.TypeArray, Str: string(b)}
}

type entry struct {
	key   string
	value model.Value
}

func entries(all ...entry) model.Value {
	var b []byte
	for _, e := range all {
		b = model.AppendEntry(b, e.key, e.value)
	}
	return model.Value{Type: model.TypeMap, Str: string(b)}
}

func TestPlainValue(t *testing.T) {
	for _, tc := range []struct {
		value model.Value
		want  string
	}{
		{model.Value{}, `null`},
		{str("plain"), `"plain"`},
		{str(""), `""`},
		{str("\"\\\n\r\t\x00\x1f</é𝄞\u2028\u2029"), `"\"\\\n\r\t\u0000\u001f</é𝄞\u2028\u2029"`},
		{str("a\xffb\xc3"), `"a\ufffdb\ufffd"`},
		{model.Value{Type: model.TypeBool, Bits: 1}, `true`},
		{model.Value{Type: model.TypeBool}, `false`},
		{num(-7), `-7`},
		{num(1 << 53), `9007199254740992`},
		{num(-(1 << 53)), `-9007199254740992`},
		{num(1<<53 + 1), `"9007199254740993"`},
		{num(math.MinInt64), `"-9223372036854775808"`},
		{float(0.1), `0.1`},
		{float(1e300), `1e+300`},
		{float(math.Copysign(0, -1)), `-0`},
		{float(math.NaN()), `"NaN"`},
		{float(math.Inf(1)), `"Infinity"`},
		{float(math.Inf(-1)), `"-Infinity"`},
		{model.Value{Type: model.TypeBytes, Str: "\xff\x00"}, `"/wA="`},
		{model.Value{Type: model.TypeBytes}, `""`},
		{list(), `[]`},
		{list(num(1), str("x"), list(num(2)), model.Value{}), `[1,"x",[2],null]`},
		{entries(), `{}`},
		{entries(entry{"a", list(num(1))}, entry{"b", entries(entry{"", str("")})}), `{"a":[1],"b":{"":""}}`},
		{entries(entry{"a", num(1)}, entry{"b", num(2)}, entry{"a", num(3)}), `{"a":1,"b":2}`},
	} {
		got := string(plain(tc.value))
		if got != tc.want || !json.Valid([]byte(got)) {
			t.Errorf("%+v is %s, want %s", tc.value, got, tc.want)
		}
	}
}

func TestAppendAttrs(t *testing.T) {
	var b model.Batch
	attrs := []model.Attr{
		b.NewAttr("k", str("first")),
		b.NewAttr("quote\"", list(num(1))),
		b.NewAttr("", num(2)),
		b.NewAttr("k", str("second")),
	}
	const want = `{"k":"first","quote\"":[1],"":2}`
	for _, before := range []string{"", `{"attributes":`, "x}"} {
		if got := string(AppendAttrs([]byte(before), &b, attrs)); got != before+want {
			t.Errorf("got %s, want %s%s", got, before, want)
		}
	}
	if got := string(AppendAttrs(nil, &b, nil)); got != "{}" {
		t.Errorf("no attributes are %s", got)
	}
}

// FuzzString asserts that any string comes out as JSON that a parser reads
// back, what is not UTF-8 replaced.
func FuzzString(f *testing.F) {
	f.Add("\"\\\n\x00\xff\u2028é")
	f.Fuzz(func(t *testing.T, s string) {
		text := plain(str(s))
		var got, want string
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%q is %s: %v", s, text, err)
		}
		for _, r := range s {
			want += string(r)
		}
		if got != want || strings.ContainsAny(string(text), "\n\u2028\u2029") {
			t.Fatalf("%q is %s, which reads %q", s, text, got)
		}
	})
}

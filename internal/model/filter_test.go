package model

import (
	"errors"
	"math"
	"testing"
)

func compare(t *testing.T, f Field, key string, op Op, text string) *Compare {
	t.Helper()
	c, err := NewCompare(f, key, op, text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// filterBatch has one span of one resource and one scope.
func filterBatch() *Batch {
	b := &Batch{}
	str := func(s string) Value { return Value{Type: TypeString, Str: s} }
	b.SideAttrs = append(b.SideAttrs, b.NewAttr("service.name", str("cart")), b.NewAttr("service.version", str("1.4")),
		b.NewAttr("host.cpus", Value{Type: TypeInt, Bits: 8}))
	b.Resources = append(b.Resources, Resource{Attrs: Range{Len: 3}})
	b.Scopes = append(b.Scopes, Scope{Name: b.Strings.InternString("net/http")})
	i := b.AddSpan(0, 0)
	b.Names[i], b.Kinds[i], b.StatusCodes[i] = b.Strings.InternString("GET /cart"), KindServer, StatusError
	b.Starts[i], b.Ends[i] = 1000, 1000+250e6
	list := AppendElement(AppendElement(nil, Value{Type: TypeInt, Bits: 1}), str("x"))
	b.Attrs = append(b.Attrs,
		b.NewAttr("http.route", str("/cart/{id}")), b.NewAttr("http.route", str("second")),
		b.NewAttr("code", Value{Type: TypeInt, Bits: 503}), b.NewAttr("ratio", Value{Type: TypeDouble, Bits: math.Float64bits(0.5)}),
		b.NewAttr("ok", Value{Type: TypeBool, Bits: 1}), b.NewAttr("list", Value{Type: TypeArray, Str: string(list)}),
		b.NewAttr("raw", Value{Type: TypeBytes, Str: "\xff"}), b.NewAttr("none", Value{}),
		b.NewAttr("nan", Value{Type: TypeDouble, Bits: math.Float64bits(math.NaN())}))
	b.EndSpan()
	b.Seal()
	return b
}

func TestMatchSpan(t *testing.T) {
	s := filterBatch().Span(0)
	for _, tc := range []struct {
		field Field
		key   string
		op    Op
		text  string
		want  bool
	}{
		{FieldService, "", OpEqual, "cart", true}, {FieldService, "", OpNotEqual, "cart", false},
		{FieldService, "", OpMatch, "c.*", true}, {FieldService, "", OpMatch, "car", false}, {FieldService, "", OpMatch, "x|cart", true},
		{FieldNamespace, "", OpEqual, "", true}, {FieldVersion, "", OpEqual, "1.4", true}, {FieldEnvironment, "", OpNotEqual, "prod", true},
		{FieldName, "", OpEqual, "GET /cart", true}, {FieldName, "", OpNotMatch, "GET.*", false},
		{FieldKind, "", OpEqual, "server", true}, {FieldStatus, "", OpEqual, "error", true}, {FieldStatus, "", OpEqual, "ok", false},
		{FieldScope, "", OpMatch, "net/.*", true},
		{FieldDuration, "", OpAtLeast, "250ms", true}, {FieldDuration, "", OpMore, "250ms", false}, {FieldDuration, "", OpAtMost, "250ms", true},
		{FieldDuration, "", OpLess, "1s", true}, {FieldDuration, "", OpEqual, "0.25s", true}, {FieldStart, "", OpNotEqual, "1000", false},
		{FieldAttr, "http.route", OpEqual, "/cart/{id}", true}, {FieldAttr, "http.route", OpEqual, "second", false},
		{FieldAttr, "code", OpEqual, "503", true}, {FieldAttr, "code", OpEqual, "503.0", false},
		{FieldAttr, "code", OpEqual, "+503", false}, {FieldAttr, "code", OpNotEqual, "+503", true}, {FieldAttr, "code", OpNotEqual, "503", false}, {FieldAttr, "code", OpNotEqual, "0", true}, {FieldAttr, "code", OpMatch, "5..", true},
		{FieldAttr, "code", OpMore, "499.5", true}, {FieldAttr, "code", OpLess, "503", false}, {FieldAttr, "ratio", OpAtMost, "0.5", true},
		{FieldAttr, "ratio", OpEqual, "0.5", true}, {FieldAttr, "ok", OpEqual, "true", true}, {FieldAttr, "list", OpEqual, `[1,"x"]`, true},
		{FieldAttr, "raw", OpEqual, "/w==", true}, {FieldAttr, "http.route", OpMore, "0", false}, {FieldAttr, "nan", OpLess, "0", false},
		{FieldAttr, "none", OpNotEqual, "x", false}, {FieldAttr, "none", OpMatch, ".*", false},
		{FieldAttr, "absent", OpNotEqual, "x", false}, {FieldAttr, "absent", OpNotMatch, "x", false}, {FieldAttr, "code", OpNotEqual, "x", true},
		{FieldResourceAttr, "host.cpus", OpEqual, "8", true}, {FieldResourceAttr, "code", OpEqual, "503", false},
	} {
		c := compare(t, tc.field, tc.key, tc.op, tc.text)
		if got := MatchSpan(c, s); got != tc.want {
			t.Errorf("%s is %v", c, got)
		}
		if MatchSpan(Not{c}, s) == tc.want {
			t.Errorf("!(%s) is %v, too", c, tc.want)
		}
		if MatchSpan(And{c, And{}}, s) != tc.want || MatchSpan(Or{Or{}, c}, s) != tc.want {
			t.Errorf("in And or Or %s is not %v", c, tc.want)
		}
	}
	if !MatchSpan(nil, s) {
		t.Error("no condition does not hold")
	}
}

func TestMatchTrace(t *testing.T) {
	row := &FlowSummary{Operation: "login", Environment: "prod", Status: FlowTimeout, Duration: 5e6, Start: 77,
		RootService: Node{Name: "web"}, RootName: "POST /login",
		Services: []Node{{Namespace: "shop", Name: "web"}, {Namespace: "pay", Name: "cart"}}}
	eq := func(f Field, text string) Filter { return compare(t, f, "", OpEqual, text) }
	on := func(text string) Filter { return Some{eq(FieldName, text)} }
	for _, tc := range []struct {
		filter Filter
		bits   uint64
		want   bool
		rises  bool
	}{
		{nil, 0, true, true}, {And{on("a"), on("b")}, 1, false, true}, {And{on("a"), on("b")}, 3, true, true},
		{Or{on("a"), on("b")}, 2, true, true}, {Not{on("a")}, 0, true, false}, {Not{on("a")}, 1, false, false},
		{Not{Not{on("a")}}, 1, true, true}, {Not{Or{Not{on("a")}, on("b")}}, 1, true, false},
		{Or{on("a"), eq(FieldRootName, "POST /login")}, 0, true, true}, {Not{eq(FieldOperation, "login")}, 0, false, true},
		{And{eq(FieldRootService, "web"), compare(t, FieldStart, "", OpLess, "78")}, 0, true, true},
		{Not{eq(FieldStatus, "timeout")}, 0, false, true}, {Not{eq(FieldEnvironment, "prod")}, 0, false, true},
		{Not{compare(t, FieldDuration, "", OpLess, "5ms")}, 0, true, true},
		{Not{Reached{And{eq(FieldService, "web"), eq(FieldNamespace, "pay")}}}, 0, true, true},
		{Not{Reached{Or{eq(FieldService, "web"), Not{eq(FieldService, "cart")}}}}, 0, false, true},
	} {
		f, err := CompileFilter(tc.filter)
		if err != nil {
			t.Fatalf("%v: %v", tc.filter, err)
		}
		if got := f.Match(row, tc.bits); got != tc.want || f.Rises() != tc.rises {
			t.Errorf("%v with %b is %v, rises %v", tc.filter, tc.bits, got, f.Rises())
		}
	}
}

// What a flow query can say goes there; the rest stays with the filter.
func TestCompileTakesFlowQuery(t *testing.T) {
	eq := func(f Field, text string) Filter { return compare(t, f, "", OpEqual, text) }
	f, err := CompileFilter(And{
		eq(FieldOperation, "login"), And{eq(FieldEnvironment, "prod"), eq(FieldStatus, "error")},
		compare(t, FieldDuration, "", OpAtLeast, "1ms"), compare(t, FieldDuration, "", OpAtMost, "1s"), compare(t, FieldDuration, "", OpAtMost, "2s"),
		Reached{And{eq(FieldService, "cart"), eq(FieldNamespace, "shop")}}, Some{nil},
	})
	if err != nil {
		t.Fatal(err)
	}
	q := f.Flow
	if q.Operation != "login" || q.Environment != "prod" || *q.Status != FlowError || q.MinDuration != 1e6 || q.MaxDuration != 1e9 ||
		q.Service != "cart" || q.Namespace != "shop" || f.NeedsRow() || len(f.Spans) != 1 {
		t.Errorf("%+v, needs row %v, %d conditions on spans", q, f.NeedsRow(), len(f.Spans))
	}
	f, err = CompileFilter(And{
		eq(FieldOperation, "a"), eq(FieldOperation, "b"), Reached{eq(FieldService, "x")}, Reached{eq(FieldService, "y")},
		compare(t, FieldDuration, "", OpAtMost, "0s"),
	})
	if err != nil || f.Flow.Operation != "a" || f.Flow.Service != "x" || !f.NeedsRow() || f.Flow.MaxDuration != 0 {
		t.Errorf("%+v, %v", f, err)
	}
	if f.Match(&FlowSummary{Operation: "a", Services: []Node{{Name: "x"}}}, 0) {
		t.Error("a condition was dropped")
	}
}

func TestFilterErrors(t *testing.T) {
	for _, tc := range []struct {
		field Field
		key   string
		op    Op
		text  string
	}{
		{FieldAttr, "", OpEqual, "x"}, {FieldName, "", OpMatch, "("}, {FieldName, "", OpMatch, "a)|(b"}, {FieldDuration, "", OpMatch, "1s"},
		{FieldDuration, "", OpLess, "1"}, {FieldStart, "", OpLess, "now"}, {FieldAttr, "k", OpLess, "x"}, {FieldName, "", OpLess, "x"},
	} {
		if _, err := NewCompare(tc.field, tc.key, tc.op, tc.text); !errors.Is(err, ErrFilter) {
			t.Errorf("%+v: %v", tc, err)
		}
	}
	kind, operation := compare(t, FieldKind, "", OpEqual, "server"), compare(t, FieldOperation, "", OpEqual, "login")
	for _, f := range []Filter{kind, Some{operation}, Some{Not{Some{kind}}}, Reached{Or{kind}}, Not{And{kind}}, Or{Reached{Some{nil}}}} {
		if _, err := CompileFilter(f); !errors.Is(err, ErrFilter) {
			t.Errorf("%v: %v", f, err)
		}
	}
	var many Or
	for range maxSomes + 1 {
		many = append(many, Some{kind})
	}
	if _, err := CompileFilter(many); !errors.Is(err, ErrFilter) {
		t.Errorf("%d conditions: %v", len(many), err)
	}
}

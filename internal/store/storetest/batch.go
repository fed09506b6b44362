package storetest

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// Epoch is when generated spans begin unless a test says otherwise.
var Epoch = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC).UnixNano()

// Gen makes spans that are the same for the same seed.
type Gen struct {
	random *rand.Rand
	start  int64
}

// NewGen returns a generator whose spans begin at Epoch.
func NewGen(seed uint64) *Gen {
	return &Gen{random: rand.New(rand.NewPCG(seed, 0x5eed)), start: Epoch}
}

// At moves the start of the spans made from now on, Unix ns.
func (g *Gen) At(start int64) *Gen {
	g.start = start
	return g
}

var (
	genServices   = []string{"frontend", "cart", "checkout", "payment", "inventory"}
	genOperations = []string{"checkout", "browse", "login", "create_vm"}
)

// Batch makes a sealed batch of whole traces, with about as many bytes and
// attributes a span as real services send. Every tenth span is odd: it has what
// few spans have, of every type.
func (g *Gen) Batch(traces, spansPerTrace int) *model.Batch {
	b := &model.Batch{}
	for _, name := range genServices {
		g.resource(b, name)
	}
	b.Scopes = append(b.Scopes, model.Scope{
		Name: b.Strings.InternString("net/http"), Version: b.Strings.InternString("1.2"),
		Attrs:     g.side(b, "scope.attr", model.Value{Type: model.TypeBool, Bits: 1}),
		SchemaURL: b.Strings.InternString("https://opentelemetry.io/schemas/1.30.0"), DroppedAttrs: 2,
	})
	for range traces {
		id := g.TraceID()
		parent := model.SpanID{}
		for s := range spansPerTrace {
			parent = g.span(b, id, parent, s)
		}
		g.start += int64(time.Millisecond)
	}
	b.Seal()
	return b
}

// TraceID makes a random trace id.
func (g *Gen) TraceID() (id model.TraceID) {
	binary.BigEndian.PutUint64(id[:8], g.random.Uint64())
	binary.BigEndian.PutUint64(id[8:], g.random.Uint64()|1)
	return id
}

func (g *Gen) spanID() (id model.SpanID) {
	binary.BigEndian.PutUint64(id[:], g.random.Uint64()|1)
	return id
}

func text(s string) model.Value { return model.Value{Type: model.TypeString, Str: s} }
func integer(n int64) model.Value {
	return model.Value{Type: model.TypeInt, Bits: uint64(n)}
}

func (g *Gen) resource(b *model.Batch, name string) {
	off := uint32(len(b.SideAttrs))
	for _, kv := range [][2]string{
		{"service.name", name}, {"service.namespace", "shop"}, {"service.version", "1.4.2"},
		{"service.instance.id", name + "-7f9c"}, {"deployment.environment.name", "prod"},
		{"k8s.pod.name", name + "-5d8f-x2"}, {"host.name", "node-3"},
	} {
		b.SideAttrs = append(b.SideAttrs, b.NewAttr(kv[0], text(kv[1])))
	}
	b.Resources = append(b.Resources, model.Resource{
		Attrs: model.Range{Off: off, Len: uint32(len(b.SideAttrs)) - off}, DroppedAttrs: 1,
		SchemaURL: b.Strings.InternString("https://opentelemetry.io/schemas/1.26.0"),
	})
}

func (g *Gen) side(b *model.Batch, key string, v model.Value) model.Range {
	b.SideAttrs = append(b.SideAttrs, b.NewAttr(key, v))
	return model.Range{Off: uint32(len(b.SideAttrs) - 1), Len: 1}
}

func (g *Gen) span(b *model.Batch, trace model.TraceID, parent model.SpanID, s int) model.SpanID {
	i := b.AddSpan(uint32(s%len(genServices)), 0)
	b.TraceIDs[i], b.SpanIDs[i], b.ParentIDs[i] = trace, g.spanID(), parent
	b.Starts[i] = g.start + int64(s)*int64(time.Millisecond)
	b.Ends[i] = b.Starts[i] + g.random.Int64N(int64(100*time.Millisecond))
	b.Names[i] = b.Strings.InternString("GET /api/" + genServices[s%len(genServices)])
	b.Kinds[i] = model.Kind(1 + s%5)
	op := genOperations[g.random.IntN(len(genOperations))]
	b.Attrs = append(b.Attrs,
		b.NewAttr("http.request.method", text("GET")),
		b.NewAttr("http.route", text("/api/"+genServices[s%len(genServices)]+"/{id}")),
		b.NewAttr("http.response.status_code", integer(200)),
		b.NewAttr("url.path", text(fmt.Sprintf("/api/items/%d", g.random.IntN(5000)))),
		b.NewAttr("server.address", text("10.0.3.17")),
		b.NewAttr("server.port", integer(8080)),
		b.NewAttr("user.tier", text([]string{"gold", "silver", "free"}[g.random.IntN(3)])),
		b.NewAttr("app.request.bytes", integer(g.random.Int64N(1e6))),
		b.NewAttr("flow.operation", text(op)),
	)
	if s%10 == 3 {
		g.odd(b, i)
	}
	b.EndSpan()
	return b.SpanIDs[i]
}

// odd gives span i what few spans have.
func (g *Gen) odd(b *model.Batch, i int) {
	b.StatusCodes[i] = model.StatusError
	b.StatusMessages[i] = b.Strings.InternString("connection refused: größer")
	b.TraceStates[i] = b.Strings.InternString("vendor=1")
	b.Flags[i], b.Marks[i] = 0x301, model.MarkEndBeforeStart|model.MarkBadText
	b.DroppedAttrs[i], b.DroppedEvents[i], b.DroppedLinks[i] = 3, 4, 5
	list := model.AppendElement(model.AppendElement(nil, integer(-7)), text("two"))
	dict := model.AppendEntry(nil, "k", model.Value{Type: model.TypeArray, Str: string(list)})
	for _, v := range []struct {
		key string
		v   model.Value
	}{
		{"http.route", text("a second value of a key that has a column")},
		{"http.response.status_code", text("a type that its column does not have")},
		{"plain", text("")}, {"plain", text("the same key again")},
		{"", text("no key")}, {"empty", model.Value{}},
		{"bool", model.Value{Type: model.TypeBool, Bits: 1}}, {"int", integer(math.MinInt64)},
		{"double", model.Value{Type: model.TypeDouble, Bits: math.Float64bits(-0.1)}},
		{"nan", model.Value{Type: model.TypeDouble, Bits: 0x7ff8000000000123}},
		{"-0", model.Value{Type: model.TypeDouble, Bits: 1 << 63}},
		{"bytes", model.Value{Type: model.TypeBytes, Str: "\x00\xff\x80"}},
		{"array", model.Value{Type: model.TypeArray, Str: string(list)}},
		{"map", model.Value{Type: model.TypeMap, Str: string(dict)}},
		{"error.type", text("")},
	} {
		b.Attrs = append(b.Attrs, b.NewAttr(v.key, v.v))
	}
	b.Events = append(b.Events,
		model.Event{Time: b.Starts[i] + 5, Name: b.Strings.InternString("exception"),
			Attrs: g.side(b, "exception.type", text("IOError")), DroppedAttrs: 1},
		model.Event{Time: -3})
	b.Links = append(b.Links, model.Link{
		TraceID: g.TraceID(), SpanID: g.spanID(), TraceState: b.Strings.InternString("l=1"),
		Flags: 0x100, Attrs: g.side(b, "link.map", model.Value{Type: model.TypeMap, Str: string(dict)}), DroppedAttrs: 9,
	})
}

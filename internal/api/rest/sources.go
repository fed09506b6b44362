package rest

import (
	"encoding/json"

	"github.com/flowscope/flowscope/internal/encode"
	"github.com/flowscope/flowscope/internal/model"
)

type resource struct {
	Attributes             json.RawMessage `json:"attributes"`
	SchemaURL              string          `json:"schemaUrl,omitempty"`
	DroppedAttributesCount uint32          `json:"droppedAttributesCount,omitempty"`
}

type scope struct {
	Name       string          `json:"name"`
	Version    string          `json:"version"`
	Attributes json.RawMessage `json:"attributes,omitempty"`
	SchemaURL  string          `json:"schemaUrl,omitempty"`
}

// sources lists the resources and scopes of a trace's spans. Those of several
// batches that say the same are listed once.
type sources struct {
	resources []resource
	scopes    []scope

	resourceOf, scopeOf map[source]int
	seen                map[string]int // by content: index in its list
	buf                 []byte         // the encodings of all attributes, one after another
}

// source is a resource or a scope as its batch names it.
type source struct {
	batch *model.Batch
	row   uint32
}

func newSources() *sources {
	return &sources{
		resources: []resource{}, scopes: []scope{},
		resourceOf: map[source]int{}, scopeOf: map[source]int{}, seen: map[string]int{},
	}
}

// attrs encodes attributes as a JSON object.
func (s *sources) attrs(b *model.Batch, attrs []model.Attr) json.RawMessage {
	from := len(s.buf)
	s.buf = encode.AppendAttrs(s.buf, b, attrs)
	return json.RawMessage(s.buf[from:len(s.buf):len(s.buf)])
}

func (s *sources) resource(b *model.Batch, row uint32) int {
	at, known := s.resourceOf[source{b, row}]
	if known {
		return at
	}
	from := &b.Resources[row]
	r := resource{s.attrs(b, b.Side(from.Attrs)), b.Strings.Get(from.SchemaURL), from.DroppedAttrs}
	at = s.same("resource", r, len(s.resources))
	if at == len(s.resources) {
		s.resources = append(s.resources, r)
	}
	s.resourceOf[source{b, row}] = at
	return at
}

func (s *sources) scope(b *model.Batch, row uint32) int {
	at, known := s.scopeOf[source{b, row}]
	if known {
		return at
	}
	from := &b.Scopes[row]
	sc := scope{Name: b.Strings.Get(from.Name), Version: b.Strings.Get(from.Version), SchemaURL: b.Strings.Get(from.SchemaURL)}
	if from.Attrs.Len > 0 {
		sc.Attributes = s.attrs(b, b.Side(from.Attrs))
	}
	at = s.same("scope", sc, len(s.scopes))
	if at == len(s.scopes) {
		s.scopes = append(s.scopes, sc)
	}
	s.scopeOf[source{b, row}] = at
	return at
}

// same returns the index of what says the same as v, which is next when v is
// the first to say it.
func (s *sources) same(what string, v any, next int) int {
	content, err := json.Marshal(v)
	if err != nil {
		panic(err) // structs of strings and encoded JSON always encode
	}
	key := what + string(content)
	at, known := s.seen[key]
	if !known {
		at, s.seen[key] = next, next
	}
	return at
}

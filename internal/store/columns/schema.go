package columns

import (
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// Kind is what the values of a column mean beyond their physical type.
type Kind uint8

// The kinds of columns.
const (
	Plain     Kind = iota
	Text           // UTF-8
	Timestamp      // Unix ns
)

// node is a place in the schema: a group, or a leaf that has a type.
type node struct {
	name     string
	repeat   format.FieldRepetitionType
	list     bool
	leaf     *leaf
	children []*node
}

// leaf is the type of a column.
type leaf struct {
	typ  format.Type
	size int // of a FixedLenByteArray, bytes
	kind Kind
}

// child returns the child of a name, made at the end when there is none.
func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	c := &node{name: name}
	n.children = append(n.children, c)
	return c
}

// elements appends the schema as the footer has it, a node before its children.
func (n *node) elements(dst []format.SchemaElement) []format.SchemaElement {
	e := format.SchemaElement{Name: n.name}
	if len(dst) > 0 { // all but the root
		e.RepetitionType = thrift.New(n.repeat)
	}
	switch {
	case n.leaf != nil:
		n.leaf.describe(&e)
	default:
		e.NumChildren = thrift.New(int32(len(n.children)))
		if n.list {
			e.ConvertedType = thrift.New(deprecated.List)
			e.LogicalType.Value = new(format.ListType)
		}
	}
	dst = append(dst, e)
	for _, c := range n.children {
		dst = c.elements(dst)
	}
	return dst
}

func (l *leaf) describe(e *format.SchemaElement) {
	e.Type = thrift.New(l.typ)
	if l.typ == format.FixedLenByteArray {
		e.TypeLength = thrift.New(int32(l.size))
	}
	switch l.kind {
	case Text:
		e.ConvertedType = thrift.New(deprecated.UTF8)
		e.LogicalType.Value = new(format.StringType)
	case Timestamp:
		e.LogicalType.Value = &format.TimestampType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: new(format.NanoSeconds)}}
	}
}

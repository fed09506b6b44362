package wal

import (
	"fmt"

	"github.com/flowscope/flowscope/internal/model"
)

// check verifies that every reference inside a batch points at something.
func check(b *model.Batch) error {
	c := checker{strings: uint64(b.Strings.Len()), side: uint64(len(b.SideAttrs)), ok: true}
	c.attrs(b.Attrs)
	c.attrs(b.SideAttrs)
	for i := range b.Resources {
		c.rng(b.Resources[i].Attrs)
		c.ref(b.Resources[i].SchemaURL)
	}
	for i := range b.Scopes {
		s := &b.Scopes[i]
		c.rng(s.Attrs)
		c.refs([]model.Ref{s.Name, s.Version, s.SchemaURL})
	}
	c.refs(b.Names)
	c.refs(b.StatusMessages)
	c.refs(b.TraceStates)
	c.below(b.ResourceOf, len(b.Resources))
	c.below(b.ScopeOf, len(b.Scopes))
	c.ends(b.AttrEnds, len(b.Attrs))
	c.ends(b.EventEnds, len(b.Events))
	c.ends(b.LinkEnds, len(b.Links))
	for i := range b.Events {
		c.rng(b.Events[i].Attrs)
		c.ref(b.Events[i].Name)
	}
	for i := range b.Links {
		c.rng(b.Links[i].Attrs)
		c.ref(b.Links[i].TraceState)
	}
	if !c.ok {
		return fmt.Errorf("%w: a reference points nowhere", ErrCorrupt)
	}
	return nil
}

// checker remembers whether any check failed.
type checker struct {
	strings, side uint64
	ok            bool
}

func (c *checker) ref(r model.Ref) { c.ok = c.ok && uint64(r) < c.strings }

func (c *checker) refs(rs []model.Ref) {
	for _, r := range rs {
		c.ref(r)
	}
}

func (c *checker) rng(r model.Range) { c.ok = c.ok && uint64(r.Off)+uint64(r.Len) <= c.side }

func (c *checker) below(v []uint32, n int) {
	for _, x := range v {
		c.ok = c.ok && uint64(x) < uint64(n)
	}
}

// ends checks that rows own consecutive runs which together are all n entries.
func (c *checker) ends(v []uint32, n int) {
	last := uint32(0)
	for _, end := range v {
		c.ok = c.ok && end >= last
		last = end
	}
	c.ok = c.ok && uint64(last) == uint64(n)
}

func (c *checker) attrs(as []model.Attr) {
	for i := range as {
		c.ref(as[i].Key)
		switch as[i].Type {
		case model.TypeString, model.TypeBytes, model.TypeArray, model.TypeMap:
			c.ok = c.ok && as[i].Bits < c.strings
		default:
			c.ok = c.ok && as[i].Type <= model.TypeMap
		}
	}
}

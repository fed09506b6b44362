package model

// Side returns the attributes of a resource, a scope, an event or a link.
func (b *Batch) Side(r Range) []Attr { return b.SideAttrs[r.Off : r.Off+r.Len] }

// Value returns an attribute's value. Its Str shares the batch's memory.
func (b *Batch) Value(a Attr) Value {
	switch a.Type {
	case TypeString, TypeBytes, TypeArray, TypeMap:
		return Value{Type: a.Type, Str: b.Strings.Get(Ref(a.Bits))}
	default:
		return Value{Type: a.Type, Bits: a.Bits}
	}
}

// NewAttr interns a key and a value into an attribute of this batch.
func (b *Batch) NewAttr(key string, v Value) Attr {
	a := Attr{Key: b.Strings.InternString(key), Type: v.Type, Bits: v.Bits}
	switch v.Type {
	case TypeString, TypeBytes, TypeArray, TypeMap:
		a.Bits = uint64(b.Strings.InternString(v.Str))
	}
	return a
}

// Find returns the first attribute of that key among attrs, which belong to b.
func (b *Batch) Find(attrs []Attr, key string) (Value, bool) {
	for _, a := range attrs {
		if b.Strings.Get(a.Key) == key {
			return b.Value(a), true
		}
	}
	return Value{}, false
}

package decode

import (
	"slices"

	"github.com/flowscope/flowscope/internal/wire"
)

// growAttrs makes room for the attributes of all spans once one was read,
// supposing that the others have as many. It never takes more than attributes
// of a usual size could come to in the request.
func (d *protoDecoder) growAttrs() {
	const usual = 24 // bytes on the wire
	each := len(d.b.Attrs) - d.attrs
	d.b.Attrs = slices.Grow(d.b.Attrs, min(d.spans*each, d.size/usual))
}

// countSpans is how many spans a request holds, at most as many as could be
// good: a span's ids and one time take 39 bytes. It stops at what is malformed.
func countSpans(body []byte) int {
	const smallest = 39
	return min(count(body, wire.TracesResourceSpans, wire.ResourceSpansScopeSpans, wire.ScopeSpansSpans), len(body)/smallest)
}

// count is how many messages there are on a path of nested fields.
func count(p []byte, path ...uint32) int {
	if len(path) == 0 {
		return 1
	}
	n := 0
	for i := 0; i >= 0 && i < len(p); {
		var f wire.Field
		if f, i = wire.ReadField(p, i); f.Tag == path[0]<<3|asBytes {
			n += count(f.Bytes, path[1:]...)
		}
	}
	return n
}

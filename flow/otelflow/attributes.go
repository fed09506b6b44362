package otelflow

import (
	"go.opentelemetry.io/otel/attribute"

	"github.com/flowscope/flowscope/flow"
)

// few attributes are translated on the stack.
const few = 8

// appendAttrs appends attributes as flow has them.
func appendAttrs(to []flow.Attr, from []attribute.KeyValue) []flow.Attr {
	for i := range from {
		if a, ok := attrOf(&from[i]); ok {
			to = append(to, a)
		}
	}
	return to
}

// attrOf is one attribute as flow has it. It reports false for one that says
// nothing.
func attrOf(kv *attribute.KeyValue) (flow.Attr, bool) {
	key := string(kv.Key)
	if key == "" {
		return flow.Attr{}, false
	}
	switch kv.Value.Type() {
	case attribute.EMPTY:
		return flow.Attr{}, false
	case attribute.BOOL:
		return flow.Bool(key, kv.Value.AsBool()), true
	case attribute.INT64:
		return flow.Int64(key, kv.Value.AsInt64()), true
	case attribute.FLOAT64:
		return flow.Float64(key, kv.Value.AsFloat64()), true
	case attribute.STRING:
		return flow.String(key, kv.Value.AsString()), true
	default:
		return flow.String(key, kv.Value.String()), true
	}
}

package flow

import "context"

// Bridge connects operations to another tracing API, whose own spans contexts
// carry, too. Package otelflow is one. Its methods are called by many
// goroutines at once.
type Bridge interface {
	// Value is what a context that carries op answers for a key of the other
	// API. For any other key it is nil, and the context around it is asked.
	Value(op *Op, key any) any
	// Above is what ctx carries by the other API: an operation, or else the
	// caller in another process, or neither.
	Above(ctx context.Context) (op *Op, caller SpanContext)
}

// Connect connects a Bridge, unless the tracker has one, and returns the one it
// has then. It is called before the service serves.
func (t *Tracker) Connect(b Bridge) Bridge {
	t.bridge.CompareAndSwap(nil, &b)
	return *t.bridge.Load()
}

// above is the operation of t below which one begins in ctx, or else the caller
// in another process.
func (t *Tracker) above(ctx context.Context) (*Op, SpanContext) {
	op := current(ctx)
	if op != nil && op.run.tracker != t {
		op = nil
	}
	b := t.bridge.Load()
	if b == nil {
		return op, SpanContext{}
	}
	theirs, caller := (*b).Above(ctx)
	switch {
	case theirs != nil && theirs.run.tracker == t:
		return theirs, SpanContext{}
	case !caller.Valid():
		return op, SpanContext{}
	case op != nil && op.run.trace == caller.TraceID && op.run.caller == caller.SpanID:
		// Both APIs have read the headers of one request: flow's middleware is
		// around another one.
		return op, SpanContext{}
	default:
		return nil, caller
	}
}

// value is what a context that carries the operation around ctx answers.
func (o *Op) value(ctx context.Context, key any) any {
	if _, ours := key.(opKey); ours {
		return o
	}
	if b := o.run.tracker.bridge.Load(); b != nil {
		if v := (*b).Value(o, key); v != nil {
			return v
		}
	}
	return ctx.Value(key)
}

// carrier is a context that was given an operation to carry.
type carrier struct {
	context.Context //nolint:containedctx // it is a context
	op              *Op
}

func (c carrier) Value(key any) any { return c.op.value(c.Context, key) }

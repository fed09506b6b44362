package flow

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/flowscope/flowscope/internal/inprocess"
)

// FlowTracker is a Tracker, by another name that its users know.
type FlowTracker = Tracker //nolint:revive // the name is the one its users know

// Config makes a Tracker with NewFlowTracker.
type Config struct {
	MaxFlowHistory int // finished flows that are kept; 0 is the default, 1,000
	Enabled        bool
}

// NewFlowTracker returns a Tracker with the default options but for those of a
// Config.
func NewFlowTracker(c Config) *FlowTracker {
	options := []Option{WithEnabled(c.Enabled)}
	if c.MaxFlowHistory > 0 {
		options = append(options, WithHistory(c.MaxFlowHistory, max(defaultBytes, c.MaxFlowHistory*bytesAFlow)))
	}
	return New(options...)
}

// bytesAFlow is what a flow of some forty steps takes.
const bytesAFlow = defaultBytes / defaultFlows

// GetGlobalTracker is Default.
func GetGlobalTracker() *FlowTracker { return Default() }

// StartFlow begins a flow, with the id as its attribute flow.id. Ids are as many as
// flows, and statistics go by names: the flow's is "flow" until it is given one,
// From(ctx).SetName("checkout"). EndFlow ends it with the context that is returned.
func (t *Tracker) StartFlow(ctx context.Context, id string) context.Context {
	spec := Spec{Name: "flow", New: true}
	if id != "" {
		spec.Attrs = []Attr{String("flow.id", id)}
	}
	inner, op := t.StartSpec(ctx, spec)
	if op == nil {
		if above := t.carried(ctx); above != nil {
			return context.WithValue(ctx, unrecordedFlow{}, above)
		}
		return ctx
	}
	return inner
}

// These are keys of the operation that a context carries already where StartFlow
// or StartOperation recorded none: it is not theirs to end.
type (
	unrecordedFlow      struct{}
	unrecordedOperation struct{}
)

// StartOperation begins an operation of the flow that ctx carries. Where there
// is none, or nothing is recorded, it does nothing. EndOperation ends it with
// the context that is returned.
func (t *Tracker) StartOperation(ctx context.Context, name string) context.Context {
	above := t.carried(ctx)
	if above == nil {
		return ctx
	}
	inner, op := t.Start(ctx, name)
	if op == nil {
		return context.WithValue(ctx, unrecordedOperation{}, above)
	}
	return inner
}

// carried is the operation of t that ctx carries, or nil.
func (t *Tracker) carried(ctx context.Context) *Op {
	if op := current(ctx); op != nil && op.run.tracker == t {
		return op
	}
	return nil
}

// EndOperation ends the operation that ctx carries, as failed when err is not
// nil. The flow's own operation is for EndFlow to end.
func (t *Tracker) EndOperation(ctx context.Context, err error) {
	op := t.carried(ctx)
	if op == nil || op.parent == nil || ctx.Value(unrecordedOperation{}) == op || ctx.Value(unrecordedFlow{}) == op {
		return
	}
	op.Fail(err)
	op.End()
}

// EndFlow ends the flow that ctx carries, whichever of its operations ctx
// carries. It failed when err is not nil or the status is one of HTTP's 5xx; a
// status of 0 is none.
func (t *Tracker) EndFlow(ctx context.Context, statusCode int, err error) {
	op := t.carried(ctx)
	if op == nil {
		return
	}
	for op.parent != nil {
		op = op.parent
	}
	if outer, ok := ctx.Value(unrecordedFlow{}).(*Op); ok && outer.run == op.run {
		return
	}
	if statusCode != 0 {
		op.Set(Int("http.response.status_code", statusCode))
	}
	if statusCode >= http.StatusInternalServerError && err == nil {
		err = fmt.Errorf("HTTP %d", statusCode)
	}
	op.Fail(err)
	op.End()
}

// HTTPMiddleware is Middleware of the tracker that is the Default one when a
// request comes.
func HTTPMiddleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { Default().handle(next, w, r) })
}

// RegisterHandlers adds the dashboard of the Default tracker to a mux, at
// /debug/flow, for programs on this machine. A tracker that becomes the default
// later is shown from then on. Package flowhttp shows it to others and mounts
// it elsewhere.
func RegisterHandlers(mux *http.ServeMux) {
	h := &defaultDashboard{}
	h.of(showDefault())
	// With the method they stand beside a "GET /" of the service.
	mux.Handle("GET "+inprocess.DefaultPrefix, h)
	mux.Handle("GET "+inprocess.DefaultPrefix+"/", h)
}

// defaultDashboard is the dashboard of whichever tracker is the default one:
// main may make its tracker after it has registered handlers.
type defaultDashboard struct {
	shown atomic.Pointer[trackerDashboard]
}

type trackerDashboard struct {
	http.Handler
	of *Tracker
}

func (d *defaultDashboard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.of(Default()).ServeHTTP(w, r)
}

// of is the tracker's dashboard. Two that are made at once are alike.
func (d *defaultDashboard) of(t *Tracker) http.Handler {
	if known := d.shown.Load(); known != nil && known.of == t {
		return known
	}
	made := &trackerDashboard{Handler: inprocess.New(t.View(), inprocess.Config{}), of: t}
	d.shown.Store(made)
	return made
}

// OperationTracker is a running operation with the context that carries it. The
// methods of a nil one do nothing.
type OperationTracker struct {
	ctx context.Context //nolint:containedctx // it is what the type is for
	op  *Op
}

// StartOperation begins an operation, as Start does.
func StartOperation(ctx context.Context, name string) *OperationTracker {
	ctx, op := Start(ctx, name)
	return &OperationTracker{ctx: ctx, op: op}
}

// End ends the operation, as failed when err is not nil. Only the first call
// counts: End(err) before a deferred End(nil) keeps the error. When it is
// deferred and the function panics, the panic is recorded and goes on.
func (o *OperationTracker) End(err error) {
	if o == nil {
		return
	}
	if cause := recover(); cause != nil {
		o.op.Panicked(cause)
		o.op.End()
		panic(cause)
	}
	o.op.Fail(err)
	o.op.End()
}

// SetMetadata sets an attribute.
func (o *OperationTracker) SetMetadata(key, value string) {
	if o != nil {
		o.op.Set(String(key, value))
	}
}

// Context returns the context that carries the operation, and the background for
// a nil one.
func (o *OperationTracker) Context() context.Context {
	if o == nil || o.ctx == nil {
		return context.Background()
	}
	return o.ctx
}

package flow

import (
	"context"
	"fmt"
	"time"
)

// Kind is what an operation is to the services it connects, as OpenTelemetry
// has it.
type Kind uint8

// The kinds. An operation that Start began has none: when it names a database
// or a peer.service and nothing is below it, it is drawn as a call to them.
const (
	Unspecified Kind = iota
	Internal         // work inside the service
	Server           // answers a request of another service
	Client           // calls another service, or a database, and waits
	Producer         // sends a message
	Consumer         // handles a message
)

// Status is how an operation ended.
type Status uint8

// The statuses, as OpenTelemetry numbers them.
const (
	Unset Status = iota // nobody said: a success
	OK
	Failed
)

// Op is a running operation. Its methods may be called by any goroutine; those
// of a nil Op do nothing.
type Op struct {
	ctx    context.Context //nolint:containedctx // an Op is the context that carries it: one allocation, not two
	run    *run
	parent *Op // nil for the first of a flow
	step   *step
	name   string
	id     uint64
	own    *sheet // where it is recorded when it is loose
	*span         // nil when the run is complete
}

// span is what is measured of an operation until its run is complete. It holds no
// pointers: its memory is used again, and the garbage collector need not look.
type span struct {
	start  int64 // ns since the run's anchor
	end    int64
	attrs  stretch // encoded attributes
	extra  uint32  // which of the sheet's it has, from 1 on; 0 for none
	kind   Kind
	status Status
	ended  bool
	loose  bool // counted when it ends, but not part of the run's record
}

// stretch is a part of a run's arena, in bytes.
type stretch struct{ from, len, cap uint32 }

// over reports whether the operation has ended.
func (o *Op) over() bool { return o.span == nil || o.ended }

// extra is what few operations have.
type extra struct {
	message string // of the status
	rest    []byte // encoded events and links
	lost    uint32 // attributes that there was no room for
	logs    uint16 // log records among the events
}

// opContext is an Op as the context that carries it.
type opContext Op

type opKey struct{}

func (c *opContext) Deadline() (time.Time, bool) { return c.ctx.Deadline() }
func (c *opContext) Done() <-chan struct{}       { return c.ctx.Done() }
func (c *opContext) Err() error                  { return c.ctx.Err() }

func (c *opContext) Value(key any) any { return (*Op)(c).value(c.ctx, key) }

func (c *opContext) String() string { return fmt.Sprintf("%v.flow(%q)", c.ctx, c.name) }

// current is the operation that ctx carries, or nil.
func current(ctx context.Context) *Op {
	if c, direct := ctx.(*opContext); direct {
		return (*Op)(c)
	}
	op, _ := ctx.Value(opKey{}).(*Op)
	return op
}

// From returns the operation that ctx carries, nil when it carries none.
func From(ctx context.Context) *Op { return current(ctx) }

// Context returns the context that carries the operation. It is what Start
// returned beside it, and the background for a nil Op.
func (o *Op) Context() context.Context {
	if o == nil {
		return context.Background()
	}
	return (*opContext)(o)
}

// With returns ctx with op as the operation it carries: the hand-over to a
// goroutine, a queue or a pool whose own context is to go on being used.
func With(ctx context.Context, op *Op) context.Context {
	if op == nil {
		return ctx
	}
	return carrier{ctx, op}
}

// Go runs f in a goroutine of its own as an operation of the flow. The flow
// lasts until f returns, though its request may be answered before, but not for
// more than 30 s after that: then f is a late operation. Its context is not
// cancelled with ctx. A panic of f is recorded and goes on.
func Go(ctx context.Context, name string, f func(ctx context.Context)) {
	ctx, op := Start(context.WithoutCancel(ctx), name)
	go func() {
		defer op.End()
		f(ctx)
	}()
}

// End ends the operation. Only the first call counts. When it is deferred and
// the function panics, the panic is recorded as the operation's failure and
// goes on.
func (o *Op) End() {
	if o == nil {
		return
	}
	if cause := recover(); cause != nil {
		o.Panicked(cause)
		now := o.run.now()
		o.finish(now, now)
		panic(cause)
	}
	now := o.run.now()
	o.finish(now, now)
}

// EndAt is End at a given time.
func (o *Op) EndAt(at time.Time) {
	if o != nil {
		o.finish(int64(at.Sub(o.run.at)), o.run.now())
	}
}

// Set sets attributes. One that is there already is replaced. After End it does
// nothing.
func (o *Op) Set(attrs ...Attr) {
	if !o.lock() {
		return
	}
	defer o.run.mu.Unlock()
	for i := range attrs {
		o.setLocked(&attrs[i])
	}
}

// SetName renames the operation.
func (o *Op) SetName(name string) {
	if !o.lock() {
		return
	}
	defer o.run.mu.Unlock()
	o.name = kept(name, maxKey)
}

// SetOperation says what the user set out to do with the whole flow: checkout,
// create_vm. It names the flow; else the flow has the name of its first operation.
func (o *Op) SetOperation(name string) {
	if o != nil {
		o.Set(String(operationKey, name))
	}
}

const operationKey = "flow.operation"

// SetStatus says how the operation ended. The message is for failures; it
// replaces what an earlier one said.
func (o *Op) SetStatus(s Status, message string) {
	if !o.lock() {
		return
	}
	defer o.run.mu.Unlock()
	o.setStatusLocked(s, message)
}

// RaiseStatus is SetStatus as OpenTelemetry has it: what is set may be replaced
// by the same or by more, and OK is more than Failed, which is more than Unset.
func (o *Op) RaiseStatus(s Status, message string) {
	if !o.lock() {
		return
	}
	defer o.run.mu.Unlock()
	if s == OK || s == o.status || o.status == Unset {
		o.setStatusLocked(s, message)
	}
}

func (o *Op) setStatusLocked(s Status, message string) {
	o.status = s
	if s != Failed {
		message = ""
	}
	o.messageLocked(message)
}

// messageLocked has the status say why, as far as there is room. The flow itself
// says it in any case, in short.
func (o *Op) messageLocked(message string) {
	if message == "" && o.extra == 0 {
		return
	}
	message = kept(message, maxMessage)
	before := 0
	if x := o.moreOrNil(); x != nil {
		before = len(x.message)
	}
	if more := len(message) - before; more <= 0 || !o.run.room(more) {
		if more > 0 {
			message = kept(message, max(before, o.leastMessage()))
		}
		o.run.bytes += int32(len(message) - before)
	}
	o.more().message = message
}

// maxMessage bounds what a failure says, in bytes.
const maxMessage = 1 << 10

// leastMessage is how much of it is kept when there is no room, in bytes.
func (o *Op) leastMessage() int {
	if o.parent == nil {
		return 128
	}
	return 0
}

// Fail records that the operation failed. A nil error does nothing, so that it
// can be called with whatever a function returns. It does not end the operation.
func (o *Op) Fail(err error) {
	if err == nil || o == nil {
		return
	}
	o.failed(errorText(err), fmt.Sprintf("%T", err))
}

// errorText is the error's text. Error of a nil pointer may panic: what fmt
// writes then is as good as any.
func errorText(err error) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprint(err)
		}
	}()
	return err.Error()
}

// Panicked records that a panic of that cause ended the operation, for those
// who recover it themselves.
func (o *Op) Panicked(cause any) {
	if o == nil {
		return
	}
	o.failed(fmt.Sprintf("panic: %v", cause), fmt.Sprintf("%T", cause), String("exception.stacktrace", stack()), Bool("exception.escaped", true))
}

func (o *Op) failed(message, kind string, more ...Attr) {
	if !o.lock() {
		return
	}
	defer o.run.mu.Unlock()
	o.status = Failed
	o.messageLocked(message)
	attrs := append([]Attr{String("exception.type", kind), String("exception.message", message)}, more...)
	o.eventLocked("exception", o.run.now(), attrs)
}

// Event records something that happens during the operation.
func (o *Op) Event(name string, attrs ...Attr) {
	if !o.lock() {
		return
	}
	defer o.run.mu.Unlock()
	o.eventLocked(name, o.run.now(), attrs)
}

// EventAt is Event at a given time.
func (o *Op) EventAt(at time.Time, name string, attrs ...Attr) {
	if !o.lock() {
		return
	}
	defer o.run.mu.Unlock()
	o.eventLocked(name, int64(at.Sub(o.run.at)), attrs)
}

// Link records that another operation, often of another flow, has to do with
// this one: the producer of a message in a batch.
func (o *Op) Link(to SpanContext, attrs ...Attr) {
	if !to.Valid() || !o.lock() {
		return
	}
	defer o.run.mu.Unlock()
	if o.run.decision != Drop && o.run.room(linkSize+len(to.State)+sizeOf(attrs)) {
		x := o.more()
		x.rest = appendLink(x.rest, to, attrs)
	}
}

// Recording reports whether what is set on the operation is kept.
func (o *Op) Recording() bool {
	if !o.lock() {
		return false
	}
	defer o.run.mu.Unlock()
	return o.run.decision != Drop
}

// TraceID is the flow's id, zero for a nil Op.
func (o *Op) TraceID() TraceID {
	if o == nil {
		return TraceID{}
	}
	return o.run.trace
}

// SpanID is the operation's id, zero for a nil Op.
func (o *Op) SpanID() SpanID {
	if o == nil {
		return SpanID{}
	}
	return spanID(o.id)
}

// SpanContext is what another process needs to know to continue the flow.
func (o *Op) SpanContext() SpanContext {
	if o == nil {
		return SpanContext{}
	}
	r := o.run
	s := SpanContext{TraceID: r.trace, SpanID: spanID(o.id), Sampled: r.decision == Keep, State: r.state}
	if r.mirrors {
		s.Sampled = r.sampled
	}
	return s
}

// Name is the operation's name as it is now.
func (o *Op) Name() string {
	if o == nil {
		return ""
	}
	o.run.mu.Lock()
	defer o.run.mu.Unlock()
	return o.name
}

// lock locks the operation for a change. It reports false, and holds no lock,
// when there is nothing to change.
func (o *Op) lock() bool {
	if o == nil {
		return false
	}
	o.run.mu.Lock()
	if o.over() {
		o.run.mu.Unlock()
		return false
	}
	return true
}

// more is what few operations have, to be changed at once.
func (o *Op) more() *extra {
	p := o.sheet()
	if o.extra == 0 {
		p.extras = append(p.extras, extra{})
		o.extra = uint32(len(p.extras))
	}
	return &p.extras[o.extra-1]
}

// moreOrNil is the same to be read: nil for most.
func (o *Op) moreOrNil() *extra {
	if o.extra == 0 {
		return nil
	}
	return &o.sheet().extras[o.extra-1]
}

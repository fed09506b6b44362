package flow

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// run is a flow as it runs in this process: what lasts as long as somebody holds
// one of its operations. The rest is on a sheet.
type run struct {
	tracker *Tracker
	shard   *shard
	*anchor
	trace    TraceID
	base     uint64 // the id of the first operation; the others count up from it
	caller   SpanID // in another process
	state    string // W3C tracestate
	mirrors  bool   // a flow of another API, which decides what other processes are told
	sampled  bool   // what it decided
	decision Decision

	ended   bool   // the first operation has
	done    bool   // the record is made: what ends now is late
	kept    bool   // and it is in the history
	odd     bool   // it is unlike the others of its name
	failed  bool   // an operation that is not recorded did
	ignored bool   // it is about the recorder itself: nothing of it is counted or kept
	called  string // what the first operation says that the flow is
	mu      sync.Mutex
	made    uint32 // operations that were begun
	len     int32  // operations recorded
	open    int32  // of them, that have not ended
	lates   int32  // operations recorded beside it
	bytes   int32  // of attributes, events and links
	paid    int32  // of them, that the shard has given
	sheet   *sheet // nil when the run is complete and nothing of it runs on
	first   [5]Op  // where the first ones are: most flows are small

	// In the shard, under its lock.
	listed        bool
	taken         int32 // bytes
	before, after *run
}

const (
	// maxOps bounds the recorded operations of one run; more are counted and
	// not recorded.
	maxOps = 2000
	// maxLate bounds those recorded after the run was, each by itself: work that
	// goes on with the context of a request must not take the place of all others.
	maxLate = 100
	// maxRunBytes bounds what attributes, events and links of one run take, a
	// part of the smallest useful history.
	maxRunBytes = 512 << 10
	// runSize is what a run takes at first, attributes of firstRoom bytes
	// included; roomStep is for how many more bytes a run asks at a time.
	runSize   = 2 << 10
	firstRoom = 512
	roomStep  = 4 << 10
)

// Spec is an operation with everything that can be said when it begins.
type Spec struct {
	Name  string
	Kind  Kind // Unspecified is Server for the first of a run with a Parent
	Attrs []Attr
	// At is when it began; the zero time is now.
	At time.Time
	// Parent is the caller in another process. It begins a new run of the
	// caller's trace whatever ctx carries.
	Parent SpanContext
	// New begins a new flow even if ctx carries an operation.
	New bool
	// Self are the ids the operation has elsewhere; zero ones are made. With a
	// TraceID it says what the flow tells other processes: State and Sampled.
	Self SpanContext
}

// StartSpec is Start with everything that can be said.
func (t *Tracker) StartSpec(ctx context.Context, s Spec) (context.Context, *Op) {
	if !t.enabled.Load() {
		return ctx, nil
	}
	var parent *Op
	if !s.New && !s.Parent.Valid() {
		parent, s.Parent = t.above(ctx)
	}
	if parent == nil {
		return t.root(ctx, s.Name, origin{s.Kind, s.At, s.Parent, s.Self}, s.Attrs)
	}
	ctx, op := parent.child(ctx, s.Name, s.Attrs)
	if op == nil {
		return ctx, nil
	}
	op.run.mu.Lock()
	defer op.run.mu.Unlock()
	op.kind = s.Kind
	if !s.At.IsZero() {
		op.start = int64(s.At.Sub(op.run.at))
	}
	if !s.Self.SpanID.IsZero() {
		op.id = s.Self.SpanID.number()
	}
	return ctx, op
}

// origin is where a run comes from: the parts of a Spec that only its first
// operation has. They are apart from the attributes so that those may stay on
// the caller's stack.
type origin struct {
	kind   Kind
	at     time.Time
	parent SpanContext
	self   SpanContext
}

// root begins a run.
func (t *Tracker) root(ctx context.Context, name string, s origin, attrs []Attr) (context.Context, *Op) {
	r := &run{tracker: t}
	var start int64
	if s.at.IsZero() {
		r.anchor, start = t.anchored()
	} else {
		r.anchor = &anchor{s.at, s.at.UnixNano()}
	}
	baggage := baggageOf(ctx)
	kind := s.kind
	switch {
	case s.parent.Valid():
		r.trace, r.caller, r.state = s.parent.TraceID, s.parent.SpanID, stateOf(s.parent.State)
		if kind == Unspecified {
			kind = Server
		}
	case !s.self.TraceID.IsZero():
		r.trace = s.self.TraceID
	default:
		r.trace = newTraceID()
	}
	if !s.self.TraceID.IsZero() {
		r.mirrors, r.sampled, r.state = true, s.self.Sampled, stateOf(s.self.State)
	}
	r.base = rand.Uint64() | 1<<63
	if t.cfg.sampler != nil {
		r.decision = t.cfg.sampler.Sample(Beginning{
			TraceID: r.trace, Name: name, Kind: kind, Parent: s.parent, Attrs: slices.Clone(attrs),
			Operation: baggage.operation(attrs),
		})
	}
	r.paid, r.sheet = firstRoom, newSheet()
	r.mu.Lock()
	defer r.mu.Unlock()
	op := r.slot()
	op.ctx, op.run, op.name, op.kind, op.start = ctx, r, name, kind, start
	if !s.self.SpanID.IsZero() {
		op.id = s.self.SpanID.number()
	}
	r.open++
	if !t.begin(r) && !t.beginInstead(r) {
		t.dropped.Add(1)
		r.decision = Drop
	}
	for i := range attrs {
		op.setLocked(&attrs[i])
	}
	if name := baggage.get(operationKey); name != "" {
		a := String(operationKey, name)
		op.setLocked(&a)
	}
	return (*opContext)(op), op
}

// operation is what those who begin a flow say that it is, before it has any
// operation of its own.
func (b *baggage) operation(attrs []Attr) string {
	if name := b.get(operationKey); name != "" {
		return name
	}
	for i := range attrs {
		if attrs[i].key == operationKey {
			return attrs[i].text
		}
	}
	return ""
}

// child begins an operation below o.
func (o *Op) child(ctx context.Context, name string, attrs []Attr) (context.Context, *Op) {
	r := o.run
	if r.decision == Drop {
		return ctx, nil
	}
	start := r.now()
	r.mu.Lock()
	op := r.slot()
	op.ctx, op.run, op.parent, op.name, op.start = ctx, r, o, name, start
	if op.loose = op.loose || r.done; !op.loose {
		r.open++
	}
	for i := range attrs {
		op.setLocked(&attrs[i])
	}
	r.mu.Unlock()
	return (*opContext)(op), op
}

// now is the time since the run's anchor in ns.
func (r *run) now() int64 { return r.tracker.since(r.at) }

// slot is where the next operation goes: into the record, or outside of it
// when that is full or made.
func (r *run) slot() *Op {
	id := r.base + uint64(r.made)
	r.made++
	if r.done || r.len >= maxOps || !r.grow() {
		return &Op{id: id, span: &span{loose: true}}
	}
	op := r.next()
	op.id = id
	return op
}

// room takes bytes for an attribute, event or link, and reports false when the
// run has had its share.
func (r *run) room(bytes int) bool {
	sum := int(r.bytes) + bytes
	if sum > maxRunBytes {
		return false
	}
	if sum > int(r.paid) {
		if !r.shard.take(r, bytes+roomStep) {
			return false
		}
		r.paid += int32(bytes + roomStep)
	}
	r.bytes = int32(sum)
	return true
}

const (
	attrSize  = 20 // what encoding adds to key and text at most, or a number to its key
	eventSize = 32
	linkSize  = 64
)

func (o *Op) setLocked(a *Attr) {
	r := o.run
	if a.key == operationKey && o.parent == nil {
		r.called = strings.Clone(plain(a.text, maxText))
	}
	if r.decision == Drop && a.key != operationKey { // which objectives go by
		return
	}
	need := min(len(a.text), maxText) + min(len(a.key), maxKey) + attrSize
	if !r.room(need) || !o.reserve(need) {
		o.more().lost++
		return
	}
	before := o.attrs.len
	encoded := setAttr(o.encoded(), spanAttributes, a)
	o.sheet().put(&o.attrs, encoded)
	r.bytes += int32(o.attrs.len) - int32(before) - int32(need) // one that was replaced takes nothing more
}

// reserve sees to it that there is room for an attribute in the arena. What that
// grows by is paid for, too: it is more than what is in it.
func (o *Op) reserve(need int) bool {
	if int(o.attrs.cap-o.attrs.len) >= need {
		return true
	}
	p, size := o.sheet(), need+o.slack()
	if over := len(p.arena) + o.attrs.size(size) - cap(p.arena); over > 0 {
		more := max(over, cap(p.arena))
		if !o.run.shard.take(o.run, more) {
			return false
		}
		p.arena = append(make([]byte, 0, cap(p.arena)+more), p.arena...)
	}
	o.attrs = p.move(o.attrs, size)
	return true
}

// encoded are the operation's attributes. There is room behind them for as much as
// was reserved.
func (o *Op) encoded() []byte {
	p := o.attrs
	if p.cap == 0 {
		return nil
	}
	return o.sheet().arena[p.from : p.from+p.len : p.from+p.cap]
}

// slack is what is kept free behind an operation's attributes. The first operation
// of a flow gets more when it ends: a route, a status.
func (o *Op) slack() int {
	if o.parent == nil {
		return 128
	}
	return 32
}

// sizeOf is what attributes of an event or a link take.
func sizeOf(attrs []Attr) (size int) {
	for i := range attrs {
		size += min(len(attrs[i].text), maxText) + min(len(attrs[i].key), maxKey) + attrSize
	}
	return size
}

func (o *Op) eventLocked(name string, at int64, attrs []Attr) {
	size := min(len(name), maxKey) + eventSize + sizeOf(attrs)
	if o.run.decision != Drop && o.run.room(size) {
		x := o.more()
		x.rest = appendEvent(x.rest, o.run.wall+at, name, attrs)
	}
}

package flow

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// run is a flow as it runs in this process: its operations, in memory that is
// made in few pieces.
type run struct {
	tracker *Tracker
	shard   *shard
	trace   TraceID
	base    uint64 // the id of the first operation; the others count up from it
	anchor
	decision Decision
	caller   SpanID // in another process
	state    string // W3C tracestate
	mirrors  bool   // a flow of another API, which decides what other processes are told
	sampled  bool   // what it decided
	baggage  *baggage

	mu      sync.Mutex
	made    uint64 // operations that were begun
	open    int    // that are recorded and have not ended
	ended   bool   // the first operation has
	done    bool   // the record is made: what ends now is late
	kept    bool   // and it is in the history
	odd     bool   // it is unlike the others of its name
	ignored bool   // it is about the recorder itself: nothing of it is counted or kept
	bytes   int    // of attributes, events and links
	paid    int    // of them, that the shard has given
	arena   []byte // where attributes are encoded: nearby, then elsewhere
	len     int    // operations recorded
	last    *Op    // of them
	chunk   []Op   // where the next ones go
	used    int    // of the chunk
	first   [6]Op  // where the first ones are: most flows are small

	nearby [192]byte

	// In the shard, under its lock.
	before, after *run
	listed        bool
	taken         int // bytes
}

const (
	// maxOps bounds the recorded operations of one run; more are counted and
	// not recorded.
	maxOps = 2000
	// maxRunBytes bounds what attributes, events and links of one run take, a
	// part of the smallest useful history.
	maxRunBytes = 512 << 10
	// runSize is what a run takes at first, attributes of firstRoom bytes
	// included, and opSize what an operation does; roomStep is for how many more
	// bytes a run asks at a time.
	runSize   = 2 << 10
	firstRoom = 512
	opSize    = 136
	roomStep  = 4 << 10
	// maxChunk is how many operations are made at once.
	maxChunk = 64
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
	r := &run{tracker: t, baggage: baggageOf(ctx)}
	var start int64
	if s.at.IsZero() {
		r.anchor, start = t.anchored()
	} else {
		r.anchor = anchor{s.at, s.at.UnixNano()}
	}
	kind := s.kind
	switch {
	case s.parent.Valid():
		r.trace, r.caller, r.state = s.parent.TraceID, s.parent.SpanID, s.parent.State
		if kind == Unspecified {
			kind = Server
		}
	case !s.self.TraceID.IsZero():
		r.trace = s.self.TraceID
	default:
		r.trace = newTraceID()
	}
	if !s.self.TraceID.IsZero() {
		r.mirrors, r.sampled, r.state = true, s.self.Sampled, s.self.State
	}
	r.base = rand.Uint64() | 1<<63
	if t.cfg.sampler != nil {
		r.decision = t.cfg.sampler.Sample(Beginning{
			TraceID: r.trace, Name: name, Kind: kind, Parent: s.parent, Attrs: slices.Clone(attrs),
			Operation: r.operation(attrs),
		})
	}
	r.chunk, r.arena, r.paid = r.first[:], r.nearby[:0], firstRoom
	r.shard = &t.shards[binary.BigEndian.Uint64(r.trace[8:])>>1%uint64(len(t.shards))]
	r.mu.Lock()
	defer r.mu.Unlock()
	op := r.slot()
	op.ctx, op.run, op.name, op.kind, op.start = ctx, r, name, kind, start
	if !s.self.SpanID.IsZero() {
		op.id = s.self.SpanID.number()
	}
	r.open++
	if !r.shard.begin(r) && !r.shard.beginInstead(r) {
		t.dropped.Add(1)
		r.decision = Drop
	}
	for i := range attrs {
		op.setLocked(&attrs[i])
	}
	if r.baggage != nil {
		if name := r.baggage.get(operationKey); name != "" {
			a := String(operationKey, name)
			op.setLocked(&a)
		}
	}
	return (*opContext)(op), op
}

// operation is what those who begin a flow say that it is, before it has any
// operation of its own.
func (r *run) operation(attrs []Attr) string {
	if r.baggage != nil {
		if name := r.baggage.get(operationKey); name != "" {
			return name
		}
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
	id := r.base + r.made
	r.made++
	if r.done || r.len >= maxOps {
		return &Op{id: id, loose: true}
	}
	if r.used == len(r.chunk) {
		n := min(2*r.len, maxChunk)
		if !r.shard.take(r, n*opSize) {
			return &Op{id: id, loose: true}
		}
		r.chunk, r.used = make([]Op, n), 0
	}
	op := &r.chunk[r.used]
	r.used++
	if r.last != nil {
		r.last.next = op
	}
	r.last = op
	r.len++
	op.id = id
	return op
}

// room takes bytes for an attribute, event or link, and reports false when the
// run has had its share.
func (r *run) room(bytes int) bool {
	if r.bytes+bytes > maxRunBytes {
		return false
	}
	if r.bytes+bytes > r.paid {
		if !r.shard.take(r, bytes+roomStep) {
			return false
		}
		r.paid += bytes + roomStep
	}
	r.bytes += bytes
	return true
}

const (
	attrSize  = 16 // what encoding adds to key and text
	eventSize = 32
	linkSize  = 64
)

func (o *Op) setLocked(a *Attr) {
	r := o.run
	if r.decision == Drop && a.key != operationKey { // which objectives go by
		return
	}
	if !r.room(min(len(a.text), maxText) + min(len(a.key), maxKey) + attrSize) {
		o.more().lost++
		return
	}
	need := len(a.key) + min(len(a.text), maxText) + attrSize
	if len(o.attrs) == 0 {
		o.attrs = r.reserve(need + o.slack())
	}
	o.attrs = setAttr(o.attrs, spanAttributes, a)
}

// slack is what is kept free behind an operation's first attribute. The first
// operation of a flow gets more when it ends: a route, a status.
func (o *Op) slack() int {
	if o.parent == nil {
		return 128
	}
	return 32
}

// reserve takes memory for attributes.
func (r *run) reserve(size int) []byte {
	from := len(r.arena)
	if cap(r.arena)-from < size {
		r.arena, from = make([]byte, 0, max(512, size)), 0
	}
	r.arena = r.arena[:from+size]
	return r.arena[from : from : from+size]
}

// sizeOf is what attributes of an event or a link take.
func sizeOf(attrs []Attr) (size int) {
	for i := range attrs {
		size += min(len(attrs[i].text), maxText) + min(len(attrs[i].key), maxKey) + attrSize
	}
	return size
}

func (o *Op) eventLocked(name string, at int64, attrs []Attr) {
	size := len(name) + eventSize + sizeOf(attrs)
	if o.run.decision != Drop && o.run.room(size) {
		x := o.more()
		x.rest = appendEvent(x.rest, o.run.wall+at, name, attrs)
	}
}

package flow

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
)

// LogOptions are what a Handler may do besides naming the flow.
type LogOptions struct {
	// Events is the level from which records also become events of the running
	// operation, whatever level the handler behind writes. Nil is INFO.
	Events slog.Leveler
	// ReplaceAttr changes the attributes of events, or leaves them out, as that
	// of slog.HandlerOptions does for those that are written: what must not be
	// logged must not be in flows either.
	ReplaceAttr func(groups []string, a slog.Attr) slog.Attr
	// DebugSampled lets records below INFO pass only for flows that are to be
	// kept, so that debugging costs what sampling allows.
	DebugSampled bool
	// DebugEvery lets records below INFO pass for one flow in so many, all of
	// its records, and one record in so many outside of flows. With DebugSampled
	// it is in addition to the flows that are kept. 0 is off, 1 all.
	DebugEvery int
	// Tracker counts the errors that are logged outside of flows. Nil is the
	// Default.
	Tracker *Tracker
}

// Handler is a slog.Handler that adds to each record which flow it belongs to:
// trace_id, span_id, operation and request_id, beside the message, whatever
// groups are open. It makes records events of the running operation and counts
// the patterns of errors (Tracker.ErrorPatterns).
type Handler struct {
	opts LogOptions
	next slog.Handler // with all that was added before the first group

	pending []addition // from the first group on
	fixed   []Attr     // what WithAttrs added, for events
	groups  []string
	prefix  string // of the open groups, for events

	op      *Op // what records belong to whose context does not say
	request string
	quiet   bool // records make no events and count as no errors
	loose   *atomic.Uint64
}

const (
	traceKey = "trace_id"
	spanKey  = "span_id"
	nameKey  = "operation"
)

// addition is a group or attributes.
type addition struct {
	group string
	attrs []slog.Attr
}

// NewHandler returns a Handler in front of another, which writes. That must not
// be the one slog begins with, when the result becomes slog's default: they
// would call each other.
func NewHandler(next slog.Handler, o *LogOptions) *Handler {
	h := &Handler{next: next, loose: &atomic.Uint64{}}
	if o != nil {
		h.opts = *o
	}
	return h
}

// Logger returns a Logger whose records belong to the operation and the request
// of ctx, also where its methods are not given a context. It writes through the
// RequestLogger's handler, else through slog's default.
func Logger(ctx context.Context) *slog.Logger {
	if r := requestOf(ctx); r != nil {
		return slog.New(r.handler.of(ctx))
	}
	return slog.New(handlerOf(slog.Default()).of(ctx))
}

// handlerOf is a logger's handler as one that names flows.
func handlerOf(l *slog.Logger) *Handler {
	if h, ok := l.Handler().(*Handler); ok {
		return h
	}
	return NewHandler(l.Handler(), nil)
}

// of is the handler for what belongs to a context.
func (h *Handler) of(ctx context.Context) *Handler {
	bound := *h
	bound.op, bound.request = cmp.Or(current(ctx), h.op), cmp.Or(RequestID(ctx), h.request)
	return &bound
}

// Enabled reports whether records of a level are written, become events or are
// counted.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	op := cmp.Or(current(ctx), h.op)
	return h.passes(op, level, false) && (level >= slog.LevelError || h.next.Enabled(ctx, level) || h.events(op, level))
}

// Handle implements slog.Handler.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if isNamed(&r) { // by another Handler in front of this one
		return h.write(ctx, r, nil)
	}
	op := cmp.Or(current(ctx), h.op)
	if !h.passes(op, r.Level, true) {
		return nil
	}
	if r.Level >= slog.LevelError && !h.quiet {
		h.count(op, &r)
	}
	if h.events(op, r.Level) {
		op.logged(&r, h)
	}
	var room [4]slog.Attr
	return h.write(ctx, r, h.about(ctx, op, room[:0]))
}

// isNamed reports whether a record says already which flow it belongs to, as about
// does: a trace id alone may be that of something else.
func isNamed(r *slog.Record) bool {
	keys := [...]string{traceKey, spanKey, nameKey}
	found := 0
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != keys[found] {
			found = 0
		}
		if a.Key == keys[found] {
			found++
		}
		return found < len(keys)
	})
	return found == len(keys)
}

// write hands a record on with something about it.
func (h *Handler) write(ctx context.Context, r slog.Record, about []slog.Attr) error {
	if !h.next.Enabled(ctx, r.Level) { // Enabled allows more
		return nil
	}
	if len(h.pending) == 0 {
		r = r.Clone()
		r.AddAttrs(about...)
		return h.next.Handle(ctx, r)
	}
	next := h.next
	if len(about) > 0 {
		next = next.WithAttrs(slices.Clone(about))
	}
	for _, a := range h.pending {
		if a.group != "" {
			next = next.WithGroup(a.group)
		} else {
			next = next.WithAttrs(a.attrs)
		}
	}
	return next.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	with := *h
	if len(h.pending) == 0 {
		with.next = h.next.WithAttrs(attrs)
	} else {
		with.pending = append(slices.Clip(h.pending), addition{attrs: attrs})
	}
	with.fixed = slices.Clip(h.fixed)
	for _, a := range attrs {
		with.fixed = h.flatten(with.fixed, h.prefix, h.groups, a)
	}
	return &with
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	with := *h
	with.pending = append(slices.Clip(h.pending), addition{group: name})
	with.groups = append(slices.Clip(h.groups), name)
	with.prefix = h.prefix + name + "."
	return &with
}

// about is what is added to records.
func (h *Handler) about(ctx context.Context, op *Op, to []slog.Attr) []slog.Attr {
	if op != nil {
		to = append(to, slog.String(traceKey, op.TraceID().String()), slog.String(spanKey, op.SpanID().String()),
			slog.String(nameKey, op.run.operation()))
	}
	if id := cmp.Or(RequestID(ctx), h.request); id != "" {
		to = append(to, slog.String("request_id", id))
	}
	return to
}

// operation is what the flow is called as far as it is known while it runs.
func (r *run) operation() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return cmp.Or(r.called, r.first[0].name)
}

// passes decides about debug records. Only a record that is handled counts.
func (h *Handler) passes(op *Op, level slog.Level, counts bool) bool {
	switch {
	case level >= slog.LevelInfo, !h.opts.DebugSampled && h.opts.DebugEvery <= 1, h.opts.DebugEvery == 1:
		return true
	case op != nil && h.opts.DebugSampled && op.run.decision == Keep:
		return true
	case h.opts.DebugEvery <= 1:
		return false
	case op != nil:
		return traceNumber(op.run.trace)%uint64(h.opts.DebugEvery) == 0
	default:
		return !counts || (h.loose.Add(1)-1)%uint64(h.opts.DebugEvery) == 0
	}
}

// events reports whether records of a level become events of op.
func (h *Handler) events(op *Op, level slog.Level) bool {
	if op == nil || h.quiet || op.run.decision == Drop {
		return false
	}
	if h.opts.Events == nil {
		return level >= slog.LevelInfo
	}
	return level >= h.opts.Events.Level()
}

// count counts an error by its message and the first error among its attributes.
func (h *Handler) count(op *Op, r *slog.Record) {
	message, id := r.Message, TraceID{}
	r.Attrs(func(a slog.Attr) bool {
		v := a.Value.Resolve()
		if _, isError := v.Any().(error); !isError && a.Key != "error" && a.Key != "err" {
			return true
		}
		message += ": " + attrOf("", v).Text()
		return false
	})
	t := h.opts.Tracker
	if op != nil {
		t, id = op.run.tracker, op.run.trace
	} else if t == nil {
		t = Default()
	}
	at := r.Time
	if at.IsZero() {
		at = t.now()
	}
	t.observer.patterns.logged(message, id, at)
}

package flow

import (
	"encoding"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"
)

const (
	// maxLogs bounds the records that become events of one operation, and
	// maxLogAttrs what they bring along: the first ones tell how it began to go
	// wrong, the log has the others.
	maxLogs     = 64
	maxLogAttrs = 16
	logEvent    = "log"
)

// logged makes a record an event of the operation.
func (o *Op) logged(r *slog.Record, h *Handler) {
	attrs := make([]Attr, 2, 2+maxLogAttrs)
	attrs[0], attrs[1] = String("log.level", r.Level.String()), String("log.message", r.Message)
	attrs = append(attrs, h.fixed[:min(len(h.fixed), maxLogAttrs)]...)
	r.Attrs(func(a slog.Attr) bool {
		attrs = h.flatten(attrs, h.prefix, h.groups, a)
		return len(attrs) < 2+maxLogAttrs
	})
	attrs = attrs[:min(len(attrs), 2+maxLogAttrs)]
	if !o.lock() {
		return
	}
	defer o.run.mu.Unlock()
	x := o.more()
	switch x.logs++; {
	case x.logs == maxLogs:
		attrs = []Attr{String("log.level", slog.LevelWarn.String()), String("log.message", "more records were logged than are kept here")}
	case x.logs > maxLogs:
		x.logs = maxLogs // so that it does not begin anew
		return
	}
	at := o.run.now()
	if !r.Time.IsZero() && o.run.tracker.cfg.clock == nil {
		at = int64(r.Time.Sub(o.run.at))
	}
	o.eventLocked(logEvent, at, attrs)
}

// flatten appends an attribute, or those of a group with its name before theirs.
func (h *Handler) flatten(to []Attr, prefix string, groups []string, a slog.Attr) []Attr {
	if len(to) >= 2+maxLogAttrs {
		return to
	}
	a.Value = a.Value.Resolve()
	if h.opts.ReplaceAttr != nil && a.Value.Kind() != slog.KindGroup {
		a = h.opts.ReplaceAttr(groups, a)
		a.Value = a.Value.Resolve()
	}
	if a.Value.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
			groups = append(slices.Clip(groups), a.Key)
		}
		for _, inner := range a.Value.Group() {
			to = h.flatten(to, prefix, groups, inner)
		}
		return to
	}
	if a.Key == "" {
		return to
	}
	return append(to, attrOf(prefix+a.Key, a.Value))
}

func attrOf(key string, v slog.Value) Attr {
	switch v.Kind() {
	case slog.KindBool:
		return Bool(key, v.Bool())
	case slog.KindInt64:
		return Int64(key, v.Int64())
	case slog.KindUint64:
		if n := v.Uint64(); n <= math.MaxInt64 {
			return Int64(key, int64(n))
		}
	case slog.KindFloat64:
		return Float64(key, v.Float64())
	case slog.KindTime:
		return String(key, v.Time().Format(time.RFC3339Nano))
	case slog.KindGroup:
		return String(key, slog.GroupValue(resolved(v.Group())...).String())
	case slog.KindAny:
		return String(key, textOfAny(v.Any()))
	}
	return String(key, v.String())
}

// resolved are attributes with what is in groups resolved, too: it may be a secret.
func resolved(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		a.Value = a.Value.Resolve()
		if a.Value.Kind() == slog.KindGroup {
			a.Value = slog.GroupValue(resolved(a.Value.Group())...)
		}
		out[i] = a
	}
	return out
}

// textOfAny is a value as text. Its methods are others' code.
func textOfAny(v any) (text string) {
	defer func() {
		if cause := recover(); cause != nil {
			text = fmt.Sprintf("!PANIC: %v", cause)
		}
	}()
	switch v := v.(type) {
	case error:
		return v.Error()
	case encoding.TextMarshaler:
		if out, err := v.MarshalText(); err == nil {
			return string(out)
		}
	}
	return fmt.Sprintf("%+v", v)
}

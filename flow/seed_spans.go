package flow

import (
	"context"
	"log/slog"
	"net/http"
)

// NewMiddleware makes a Tracker and returns its middleware. Without WithExporter
// it has a ConsoleExporter that writes to the standard output. The tracker
// becomes the Default one, so that StartSpan outside of a request uses it,
// RegisterHandlers shows it and Default().Shutdown(ctx) flushes it. It is called
// once, by main.
func NewMiddleware(options ...Option) func(http.Handler) http.Handler {
	console := option(func(c *config) {
		if len(c.exporters) == 0 {
			c.exporters = []Exporter{&ConsoleExporter{}}
		}
	})
	t := New(append(options[:len(options):len(options)], console)...)
	SetDefault(t)
	return t.Middleware
}

// StartSpan begins an operation below the one that ctx carries. The context it
// returns carries it; finish ends it, and is best deferred at once: then a
// panic is recorded as the operation's failure and goes on.
func StartSpan(ctx context.Context, name string) (spanCtx context.Context, finish func()) {
	ctx, op := Start(ctx, name)
	return ctx, op.End
}

// AddTag sets an attribute of the operation that ctx carries. Texts, numbers and
// truth values keep their type; others are written as package slog writes them.
func AddTag(ctx context.Context, key string, value any) {
	current(ctx).Set(attrOf(key, slog.AnyValue(value).Resolve()))
}

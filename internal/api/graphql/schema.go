package graphql

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	gg "github.com/graph-gophers/graphql-go"
	"github.com/graph-gophers/graphql-go/errors"
	"github.com/graph-gophers/graphql-go/log"
)

//go:embed schema.graphql
var schemaText string

// Limits of one request.
const (
	// MaxQuery is in bytes. What GraphiQL and the dashboards of others send is
	// below 4 KiB.
	MaxQuery = 16 << 10
	// maxBody leaves room for the variables, and for what JSON escapes.
	maxBody = 64 << 10
	// MaxDepth is that of the usual introspection query, which is the deepest
	// one of use: all of a trace's links, from the list of flows, are 7 deep.
	MaxDepth = 15
	// MaxSelections is after fragments are put in. The usual introspection query
	// has about 250. Aliases cannot multiply an answer by more.
	MaxSelections = 500
	// MaxReads lets through what one REST request may cost at most: a page of 200
	// flows with their graphs, each of which is a trace that is read.
	MaxReads = 250
	// maxBytes is of all that a request reads, in JSON, times what its aliases may
	// repeat. A page of 200 flows with ordinary traces of 100 spans reads 20 MB.
	maxBytes = 256 << 20
	// maxEventSelections is of a subscription: twice what an event has.
	maxEventSelections = 100
	// parallelism is how many reads one request has under way. REST clients of
	// one browser have six connections.
	parallelism = 4
)

// REST answers a request to the REST API in JSON. The endpoint is a path below
// /api/v1 such as flows/{flowId}, and name is what stands for the braces. An
// error that is an [Error] is shown as it is, others are not. All reads of one
// request are at the same now.
type REST func(ctx context.Context, now time.Time, endpoint, name string, params url.Values) ([]byte, error)

// Config is what the handler is made of. Without Timeout a request has as long as
// it takes, the rest is required.
type Config struct {
	REST     REST
	Follow   Follow
	Stopping <-chan struct{} // closed when connections are to end
	Logger   *slog.Logger
	Now      func() time.Time
	Timeout  time.Duration // of one query
}

// handler is safe for concurrent use.
type handler struct {
	Config
	schema      *gg.Schema
	rehearsal   *gg.Schema // of subscriptions
	connections atomic.Int64
}

// New returns the handler of /graphql. Who may open a WebSocket is for the caller
// to check.
func New(c Config) (http.Handler, error) {
	h := &handler{Config: c}
	var err error
	if h.schema, err = h.parse(schemaText, &root{}, gg.MaxSelections(MaxSelections)); err != nil {
		return nil, fmt.Errorf("read schema.graphql: %w", err)
	}
	if h.rehearsal, err = h.parse(rehearsalText(), &rehearsal{}, gg.MaxSelections(maxEventSelections)); err != nil {
		return nil, fmt.Errorf("read subscriptions as queries: %w", err)
	}
	return h, nil
}

func (h *handler) parse(text string, resolver any, selections gg.SchemaOpt) (*gg.Schema, error) {
	return gg.ParseSchema(text, resolver, selections,
		gg.UseFieldResolvers(), gg.UseStringDescriptions(), gg.MaxDepth(MaxDepth), gg.MaxParallelism(parallelism),
		gg.OverlapValidationLimit(MaxSelections*MaxSelections), gg.SubscribeResolverTimeout(answerTimeout), gg.PanicHandler(h),
		gg.Logger(log.LoggerFunc(func(context.Context, any) {}))) // MakePanicError logs
}

// answerTimeout is how long the library waits for an event's answer to be taken
// before it drops it and says nothing. It never does: a client that takes nothing
// loses its connection long before.
const answerTimeout = 24 * time.Hour

// MakePanicError turns a panic of a resolver into an error of its field.
func (h *handler) MakePanicError(ctx context.Context, value any) *errors.QueryError {
	h.Logger.ErrorContext(ctx, "panic in resolver", "panic", value)
	return &errors.QueryError{Message: "the server failed to answer", ResolverError: errInternal}
}

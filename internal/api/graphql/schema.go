package graphql

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
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
	// parallelism is how many reads one request has under way. REST clients of
	// one browser have six connections.
	parallelism = 4
)

// REST answers a request to the REST API in JSON. The endpoint is a path below
// /api/v1 such as flows/{flowId}, and name is what stands for the braces. An
// error that is an [Error] is shown as it is, others are not.
type REST func(ctx context.Context, endpoint, name string, params url.Values) ([]byte, error)

// Config is what the handler is made of. REST and Logger are required.
type Config struct {
	REST    REST
	Logger  *slog.Logger
	Timeout time.Duration // of one request; 0 is none
}

// handler is safe for concurrent use.
type handler struct {
	Config
	schema *gg.Schema
}

// New returns the handler of /graphql.
func New(c Config) (http.Handler, error) {
	h := &handler{Config: c}
	schema, err := gg.ParseSchema(schemaText, &root{},
		gg.UseFieldResolvers(), gg.UseStringDescriptions(), gg.MaxDepth(MaxDepth), gg.MaxSelections(MaxSelections), gg.MaxParallelism(parallelism),
		gg.OverlapValidationLimit(MaxSelections*MaxSelections), gg.PanicHandler(h),
		gg.Logger(log.LoggerFunc(func(context.Context, any) {}))) // MakePanicError logs
	if err != nil {
		return nil, fmt.Errorf("read schema.graphql: %w", err)
	}
	h.schema = schema
	return h, nil
}

// MakePanicError turns a panic of a resolver into an error of its field.
func (h *handler) MakePanicError(ctx context.Context, value any) *errors.QueryError {
	h.Logger.ErrorContext(ctx, "panic in resolver", "panic", value)
	return &errors.QueryError{Message: "the server failed to answer", ResolverError: errInternal}
}

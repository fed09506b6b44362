package graphql

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	gg "github.com/graph-gophers/graphql-go"
)

// run is one request under way: what it has read and may still read. It is safe
// for concurrent use.
type run struct {
	rest    REST
	now     time.Time    // of all its reads
	repeats int64        // how often the answer may say what it has read
	reads   atomic.Int64 // counted so far
	bytes   atomic.Int64 // read so far, repeats included

	mu      sync.Mutex
	answers map[string]*reading
}

// reading is one answer of REST, decoded, once it has been read.
type reading struct {
	once  sync.Once
	value any
	err   error
}

type runKey struct{}

func withRun(ctx context.Context, rest REST, now time.Time, query string) context.Context {
	return context.WithValue(ctx, runKey{}, &run{rest: rest, now: now, repeats: repeats(query), answers: map[string]*reading{}})
}

func runOf(ctx context.Context) *run {
	r, _ := ctx.Value(runKey{}).(*run) // every request has one
	return r
}

// read asks REST, once in a request for each question, and decodes the answer.
// The result is shared: it must not be changed. An endpoint is
// always read as the same type.
func read[T any](ctx context.Context, endpoint, name string, params url.Values) (*T, error) {
	r := runOf(ctx)
	key := endpoint + " " + name + "?" + params.Encode()
	r.mu.Lock()
	one := r.answers[key]
	if one == nil {
		one = &reading{}
		r.answers[key] = one
	}
	r.mu.Unlock()
	one.once.Do(func() {
		one.err = errInternal // when what follows panics
		var body []byte
		if body, one.err = r.rest(ctx, r.now, endpoint, name, params); one.err != nil {
			return
		}
		if r.bytes.Add(int64(len(body))*r.repeats) > maxBytes {
			one.err = errTooMuch
			return
		}
		value := new(T)
		one.value, one.err = value, json.Unmarshal(body, value)
	})
	if one.err != nil {
		return nil, one.err
	}
	value, _ := one.value.(*T)
	return value, nil
}

var errTooMuch = &Error{Code: tooExpensive, Detail: fmt.Sprintf(
	"the answer may have more than %d MiB: ask for fewer rows, or with fewer aliases", maxBytes>>20)}

// spend counts reads before they are made: some by the field itself, and one of
// each kind that is selected below it, times how many rows of a list there may be.
func spend(ctx context.Context, itself, rows int) error {
	r := runOf(ctx)
	cost := int64(itself + rows*len(kindsBelow(gg.SelectedFieldNames(ctx))))
	if total := r.reads.Add(cost); total > MaxReads {
		return &Error{Code: tooExpensive, Field: "first", Detail: fmt.Sprintf(
			"the query may read %d times, %d are accepted: ask for fewer rows with first, or for fewer of the fields that cost a read", total, MaxReads)}
	}
	return nil
}

// The kinds of reads that fields cost. All of one row that are of one kind share
// one read, however deep: a flow and its trace have the same id.
var readKinds = map[string]string{
	"graph": "graph", "stats": "stats",
	"criticalPath": "flow", "sequence": "flow", "errors": "flow", "flow": "flow",
	"trace": "trace", "spans": "trace", "resources": "trace", "scopes": "trace",
	"pods": "service", "dependencies": "service", "operations": "service", "partial": "service",
}

// kindsBelow is which kinds of reads the selected paths cost.
func kindsBelow(paths []string) map[string]bool {
	kinds := map[string]bool{}
	for _, path := range paths {
		parent, name := "", path
		if dot := strings.LastIndexByte(path, '.'); dot >= 0 {
			parent, name = path[:dot], path[dot+1:]
		}
		kind := readKinds[name]
		inRow := parent == "" || strings.HasSuffix(parent, "node") || strings.HasSuffix(parent, "flow") || strings.HasSuffix(parent, "trace")
		if kind != "" && inRow {
			kinds[kind] = true
		}
	}
	return kinds
}

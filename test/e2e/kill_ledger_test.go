package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/encode"
	"github.com/flowscope/flowscope/internal/model"
)

// ledger is what was sent to a server that keeps being killed, and what became
// of it.
type ledger struct {
	t       *testing.T
	random  *rand.Rand
	splits  bool // half of the bundles come in two requests, sent until acked
	mu      sync.Mutex
	bundles []*bundle // in the order they were made
	again   []*request
	resent  int // spans in requests that may have been stored before
}

// bundle is some flows, and what they add up to.
type bundle struct {
	truth    *analyzetest.Truth // without spans
	traces   map[model.TraceID][]model.SpanID
	requests int
	acked    int // of them
}

// request is a bundle or a half of one.
type request struct {
	*bundle
	body  []byte
	spans int
	next  *request // goes when this one is acked
}

const (
	flowsPerBundle = 3
	// payload of each span in bytes: a head of 1 MiB is 250 of them.
	payload = 4 << 10
)

// newRequest makes a bundle and returns the request to begin with.
func (l *ledger) newRequest() *request {
	truth := analyzetest.Generate(analyzetest.Plan{
		Seed: l.random.Uint64(), Services: 8, Operations: 3, Flows: flowsPerBundle, FailEvery: 20,
		Start: time.Now().Add(-time.Minute).UnixNano(),
	})
	nameCallees(truth.Spans)
	b := &bundle{truth: truth, traces: map[model.TraceID][]model.SpanID{}, requests: 1}
	l.bundles = append(l.bundles, b)
	var part [2][]analyzetest.Span
	split := l.splits && l.random.IntN(2) == 0
	for _, s := range truth.Spans {
		b.traces[s.TraceID] = append(b.traces[s.TraceID], s.ID)
		s.Attrs = append(s.Attrs, analyzetest.Attr{Key: "payload", Value: l.payload()})
		at := 0
		if split {
			at = l.random.IntN(2)
		}
		part[at] = append(part[at], s)
	}
	truth.Spans = nil
	var first *request
	for _, spans := range part {
		if len(spans) > 0 {
			first = &request{b, l.encode(spans), len(spans), first}
		}
	}
	if first.next != nil {
		b.requests = 2
	}
	return first
}

// payload does not compress: what is written to disk takes its time.
func (l *ledger) payload() string {
	p := make([]byte, payload*3/4)
	for i := range p {
		p[i] = byte(l.random.Uint32())
	}
	return base64.StdEncoding.EncodeToString(p)
}

func (l *ledger) encode(spans []analyzetest.Span) []byte {
	b := analyzetest.Batch(spans)
	all := make([]model.Span, b.Len())
	for i := range all {
		all[i] = b.Span(i)
	}
	return encode.Proto(nil, all)
}

func (l *ledger) take() *request {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.again) > 0 {
		r := l.again[0]
		l.again = l.again[1:]
		return r
	}
	return l.newRequest()
}

// answered notes what became of a request. Those of a bundle in two parts come
// again until they are acked; any other is sent once.
func (l *ledger) answered(r *request, acked bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case acked:
		if r.acked++; r.next != nil {
			l.again = append(l.again, r.next)
		}
	case r.requests > 1:
		l.again = append(l.again, r)
		l.resent += r.spans
	}
}

// send sends to a server from several connections until it is gone.
func (l *ledger) send(p *process, conns int) (wait func()) {
	var sending sync.WaitGroup
	// Some 15 MB/s: enough for a block of fat spans every 70 ms.
	tick := time.NewTicker(10 * time.Millisecond)
	for range conns {
		sending.Go(func() {
			for {
				select {
				case <-p.done:
					return
				case <-tick.C:
				}
				r := l.take()
				l.answered(r, export(p, r.body) == http.StatusOK)
			}
		})
	}
	return func() {
		sending.Wait()
		tick.Stop()
	}
}

// export posts a body once. The status is 0 when there was no whole answer.
func export(p *process, body []byte) (status int) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.otlp+"/v1/traces", bytes.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0
	}
	return resp.StatusCode
}

// finish sends what must arrive and has not.
func (l *ledger) finish(p *process) {
	l.t.Helper()
	for len(l.again) > 0 {
		r := l.take()
		status := export(p, r.body)
		if l.answered(r, status == http.StatusOK); status != http.StatusOK {
			l.t.Fatalf("export answered %d", status)
		}
	}
}

// addTo adds what flows add up to.
func addTo(sum *analyzetest.Sums, add *analyzetest.Sums) {
	sum.Flows += add.Flows
	for edge, counts := range add.Edges {
		have := sum.Edges[edge]
		if have == nil {
			have = &analyzetest.Counts{}
			sum.Edges[edge] = have
		}
		have.Calls += counts.Calls
		have.Errors += counts.Errors
		have.Latencies = append(have.Latencies, counts.Latencies...)
	}
}

func newSums() *analyzetest.Sums {
	return &analyzetest.Sums{Edges: map[model.Edge]*analyzetest.Counts{}}
}

// total is what bundles add up to, in all and by operation.
func total(bundles []*bundle) (all *analyzetest.Sums, operations map[string]*analyzetest.Sums) {
	all, operations = newSums(), map[string]*analyzetest.Sums{}
	for _, b := range bundles {
		addTo(all, &b.truth.Total)
		for name := range maps.Keys(b.truth.Operations) {
			if operations[name] == nil {
				operations[name] = newSums()
			}
			addTo(operations[name], b.truth.Operations[name])
		}
	}
	return all, operations
}

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"sync"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// check asks for everything that was sent, when all of it is counted:
//
//   - of an acked request every span is found, exactly once;
//   - of any other request every span or none is, exactly once, for a request is
//     one record of the WAL;
//   - the store holds as many spans as that, but for those of requests that were
//     sent again; checkBlocks looks closer;
//   - one flow is listed for each trace found, and flow counts, edges, errors
//     and percentiles of every operation and of all together are those of the
//     traces found: each is counted exactly once.
func (l *ledger) check(p *process) {
	l.t.Helper()
	p.eventually("all is counted", p.nothingOpen)
	found, spans := l.lookUp(p)
	for i, b := range l.bundles {
		if !found[i] && b.acked == b.requests {
			l.t.Errorf("bundle %d of %d was acked and is lost", i, len(l.bundles))
		}
	}
	l.checkStored(p, spans)
	var there []*bundle
	for i, b := range l.bundles {
		if found[i] {
			there = append(there, b)
		}
	}
	p.eventually("the truth", func() error { return checkCounts(p, there) })
	l.t.Logf("%d bundles of %d flows sent, %d found, %d spans, %d sent again", len(l.bundles), flowsPerBundle, len(there), spans, l.resent)
}

// checkExpiring is check for a server that removes its oldest blocks and was sent
// one request after the other. Blocks are removed whole and from the oldest on,
// so:
//
//   - what is found of the acked requests are the last ones, without a gap, and
//     each span of them exactly once; of the oldest of them some traces may be
//     found, for a block that goes may have had a flow that came in earlier;
//   - more than half of the limit is still there, when anything was removed at
//     all: a block of a quarter of it is the largest;
//   - the store holds exactly the spans found;
//   - no flow is listed twice, and the flows counted in the operations' rollups
//     are as many as are listed: a flow is in one block with its count.
func (l *ledger) checkExpiring(p *process, limit int64) {
	l.t.Helper()
	p.eventually("all is counted", p.nothingOpen)
	p.eventually("nothing is left to remove", func() error {
		if stored := int64(p.metric("flowscope_store_stored_bytes")); stored > limit {
			return fmt.Errorf("%d bytes are stored, the limit is %d", stored, limit)
		}
		return p.nothingLive()
	})
	found, spans := l.lookUp(p)
	first := slices.Index(found, true)
	if first < 0 {
		l.t.Fatal("nothing is found")
	}
	for i, b := range l.bundles[first:] {
		if b.acked == 1 && !found[first+i] {
			l.t.Errorf("bundle %d of %d was acked and is lost, and %d is there", first+i, len(l.bundles), first)
		}
	}
	l.checkStored(p, spans)
	stored := int64(p.metric("flowscope_store_stored_bytes"))
	if first > 0 && stored < limit/2 {
		l.t.Errorf("retention left %d bytes of %d", stored, limit)
	}
	flows, err := listFlows(p)
	if err != nil {
		l.t.Fatal(err)
	}
	counted, err := operationCounts(p)
	if err != nil || counted != len(flows) {
		l.t.Errorf("%d flows are listed and %d counted, %v", len(flows), counted, err)
	}
	l.t.Logf("%d bundles sent, found from %d on, %d spans, %d flows", len(l.bundles), first, spans, len(flows))
}

// checkStored compares the spans the store holds with those that were found.
func (l *ledger) checkStored(p *process, found int) {
	l.t.Helper()
	var status struct{ SpansStored int }
	if err := p.getJSON("/api/v1/status", &status); err != nil {
		l.t.Fatal(err)
	}
	if status.SpansStored < found || status.SpansStored > found+l.resent {
		l.t.Errorf("%d spans are stored, %d found, %d were sent again", status.SpansStored, found, l.resent)
	}
}

// nothingLive reports whether all that was acked is in blocks.
func (p *process) nothingLive() error {
	if live := p.metric("flowscope_store_live_spans"); live > 0 {
		return fmt.Errorf("%v spans are in no block", live)
	}
	return nil
}

// checkBlocks reads the blocks that a server left: no span of a request that was
// sent once may be in them twice.
func (l *ledger) checkBlocks(data string) {
	l.t.Helper()
	once := map[model.TraceID]bool{}
	for _, b := range l.bundles {
		for id := range b.traces {
			once[id] = b.requests == 1
		}
	}
	dir := filepath.Join(data, "blocks")
	ids, err := vfs.OS{}.ReadDir(dir)
	if err != nil {
		l.t.Fatal(err)
	}
	type span struct {
		trace model.TraceID
		id    model.SpanID
	}
	in := map[span]string{}
	for _, id := range ids {
		for _, batch := range l.readBlock(dir, id) {
			for i, trace := range batch.TraceIDs {
				s := span{trace, batch.SpanIDs[i]}
				if other := in[s]; other != "" && once[trace] {
					l.t.Fatalf("a span sent once is in blocks %s and %s", other, id)
				}
				in[s] = id
			}
		}
	}
}

func (l *ledger) readBlock(dir, id string) []*model.Batch {
	l.t.Helper()
	b, err := block.Open(vfs.OS{}, dir, id)
	if err != nil {
		l.t.Fatal(err)
	}
	batches, err := b.Spans(context.Background())
	if err := errors.Join(err, b.Close()); err != nil {
		l.t.Fatal(err)
	}
	return batches
}

// lookUp asks for every trace. A bundle is found when all of its spans are.
func (l *ledger) lookUp(p *process) (found []bool, spans int) {
	l.t.Helper()
	found = make([]bool, len(l.bundles))
	errs := make([]error, len(l.bundles))
	counts := make([]int, len(l.bundles))
	next := make(chan int)
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for i := range next {
				counts[i], found[i], errs[i] = l.bundles[i].lookUp(p)
			}
		})
	}
	for i := range l.bundles {
		next <- i
	}
	close(next)
	asking.Wait()
	for i, err := range errs {
		if spans += counts[i]; err != nil {
			l.t.Errorf("bundle %d of %d: %v", i, len(l.bundles), err)
		}
	}
	return found, spans
}

// lookUp returns how many spans of the bundle are there. Half of a bundle is an
// error, unless it came in two requests.
func (b *bundle) lookUp(p *process) (spans int, all bool, err error) {
	want := 0
	for id, ids := range b.traces {
		n, err := lookUpTrace(p, id, ids)
		if err != nil {
			return 0, false, err
		}
		spans += n
		want += len(ids)
	}
	if spans != 0 && spans != want && b.requests == 1 {
		return spans, false, fmt.Errorf("%d of %d spans of one request are there", spans, want)
	}
	return spans, spans == want, nil
}

// lookUpTrace returns how many spans of a trace are there, each once and none
// that was not sent.
func lookUpTrace(p *process, id model.TraceID, sent []model.SpanID) (int, error) {
	body, status, err := p.fetch("/api/v1/traces/" + id.String())
	if err != nil || status == http.StatusNotFound {
		return 0, err
	}
	var data tracepb.TracesData
	if err := proto.Unmarshal(body, &data); err != nil || status != http.StatusOK {
		return 0, fmt.Errorf("trace %s: answer %d, %w", id, status, err)
	}
	seen := map[model.SpanID]bool{}
	for _, rs := range data.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				span := model.SpanID(s.SpanId)
				if seen[span] || !slices.Contains(sent, span) {
					return 0, fmt.Errorf("trace %s: span %s is there twice, or was not sent", id, span)
				}
				seen[span] = true
			}
		}
	}
	return len(seen), nil
}

// fetch gets a path of the API as protobuf, whatever the status is.
func (p *process) fetch(path string) (body []byte, status int, err error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, p.api+path, nil)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Accept", "application/x-protobuf")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return body, resp.StatusCode, err
}

// checkCounts compares what the server has counted with the truth.
func checkCounts(p *process, there []*bundle) error {
	all, operations := total(there)
	if err := p.checkGraph("/api/v1/dependencies?startTime=now-24h", all); err != nil {
		return err
	}
	for name, sums := range operations {
		path := "/api/v1/operations/" + url.PathEscape(name) + "/graph?startTime=now-24h"
		if err := checkOperation(p, path, sums); err != nil {
			return err
		}
	}
	flows, err := listFlows(p)
	if err == nil && int64(len(flows)) != all.Flows {
		err = fmt.Errorf("%d flows are listed, want %d", len(flows), all.Flows)
	}
	return err
}

func checkOperation(p *process, path string, want *analyzetest.Sums) error {
	var got graph
	if err := p.getJSON(path, &got); err != nil {
		return err
	}
	if got.FlowCount != want.Flows {
		return fmt.Errorf("%s: %d flows, want %d", path, got.FlowCount, want.Flows)
	}
	return p.checkGraph(path, want)
}

// listFlows pages through all flows. One listed twice is an error.
func listFlows(p *process) (map[string]bool, error) {
	flows := map[string]bool{}
	for page := 1; ; page++ {
		var answer struct {
			Flows []struct{ TraceID string }
		}
		if err := p.getJSON(fmt.Sprintf("/api/v1/flows?startTime=now-24h&graph=false&pageSize=100&page=%d", page), &answer); err != nil {
			return nil, err
		}
		for _, f := range answer.Flows {
			if flows[f.TraceID] {
				return nil, fmt.Errorf("flow %s is listed twice", f.TraceID)
			}
			flows[f.TraceID] = true
		}
		if len(answer.Flows) == 0 {
			return flows, nil
		}
	}
}

// operationCounts adds up the flows counted of each operation.
func operationCounts(p *process) (count int, err error) {
	var answer struct {
		Operations []struct{ Count int }
	}
	err = p.getJSON("/api/v1/operations?startTime=now-24h", &answer)
	for _, o := range answer.Operations {
		count += o.Count
	}
	return count, err
}

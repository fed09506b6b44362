package receive

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"

	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/model"
)

// ingest is the way from a body to the sink, the same for every transport. Each
// transport has one of its own; config, sink, budget, buffers, log and scratch
// are shared.
type ingest struct {
	transport string
	config    Config
	sink      Sink
	budget    *budget
	buffers   *buffers
	log       *limitedLog
	// scratch has one batch per processor to decode into. Decoding never waits
	// for anything, so more at once would be no faster; but a hostile body
	// can decode to 32 times its size, and this bounds how many do at a time.
	scratch chan *model.Batch
	stats   *counters
}

// maxScratch is how large a batch to decode into is kept: a collector's usual
// 8,192 spans are half of it.
const maxScratch = 8 << 20

func newIngest(c Config, sink Sink, b *budget) *ingest {
	scratch := make(chan *model.Batch, runtime.GOMAXPROCS(0))
	for range cap(scratch) {
		scratch <- new(model.Batch)
	}
	return &ingest{config: c, sink: sink, budget: b, buffers: new(buffers), log: newLimitedLog(c.Logger), scratch: scratch}
}

// over is the same way for one transport, with its own counts.
func (in *ingest) over(transport string) *ingest {
	one := *in
	one.transport, one.stats = transport, newCounters()
	return &one
}

// take decodes a body, gives it back and stores its spans. From then on the
// lease covers what they take in memory.
func (in *ingest) take(ctx context.Context, form format, body []byte, giveBack func(), l *lease) (*decode.Report, *failure) {
	batch, report, fail := in.decode(form.reader(), body)
	giveBack()
	if fail != nil {
		return nil, fail
	}
	if fail := in.hold(l, int64(batch.Size())); fail != nil {
		return nil, fail
	}
	if batch.Len() > 0 {
		if err := in.sink.Append(ctx, batch); err != nil {
			return nil, in.sinkFailure(ctx, err)
		}
	}
	in.stats.count(&report)
	return &report, nil
}

// hold makes the lease cover a batch of that size.
func (in *ingest) hold(l *lease, size int64) *failure {
	switch {
	case l.resize(size):
		return nil
	case size > in.config.InFlightLimit:
		return refuse(TooLarge, "the spans take %d bytes of memory, more than all requests together may", size)
	}
	return busy()
}

// decode reads a body into a sealed batch of its own. A fault in the decoder is
// one request's misfortune, not the end of the process.
func (in *ingest) decode(read reader, body []byte) (batch *model.Batch, report decode.Report, fail *failure) {
	scratch := <-in.scratch
	defer func() {
		if p := recover(); p != nil {
			fail = refuse(Internal, "the request could not be decoded because of a fault in the server")
			fail.cause = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			scratch = new(model.Batch)
		}
		if scratch.Size() > maxScratch {
			scratch = new(model.Batch)
		}
		in.scratch <- scratch
	}()
	scratch.Reset()
	report, err := read(scratch, body)
	if err != nil {
		return nil, report, refuse(Malformed, "%v", err)
	}
	return scratch.Compact(), report, nil
}

// sinkFailure is what the sender is told when the sink did not take a batch.
func (in *ingest) sinkFailure(ctx context.Context, err error) *failure {
	var fail *failure
	var later RetryAfterer
	switch {
	case errors.As(err, &later):
		fail = refuse(Behind, "%v, come back later", later)
		fail.retryAfter = max(later.RetryAfter(), shortestRetry)
	case ctx.Err() != nil:
		fail = refuse(Aborted, "the request ended before its spans were stored")
	default:
		fail = refuse(Failed, "the spans could not be stored")
	}
	fail.cause = err
	return fail
}

// refused counts and logs a failure. It returns the id of the request.
func (in *ingest) refused(ctx context.Context, remote string, f *failure) (id string) {
	in.stats.refused[f.kind].Add(1)
	return in.log.refusal(ctx, in.transport, remote, f)
}

// answer is OTLP's response to a request that was taken. A message with no
// rejected spans is a warning.
func answer(r *decode.Report) *collector.ExportTraceServiceResponse {
	response := new(collector.ExportTraceServiceResponse)
	if message := r.Message(); message != "" {
		response.PartialSuccess = &collector.ExportTracePartialSuccess{RejectedSpans: int64(r.Rejected), ErrorMessage: message}
	}
	return response
}

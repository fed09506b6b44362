package flow

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/flowscope/flowscope/internal/wire"
)

// OTLPExporter sends flows to flowscope serve, to an OpenTelemetry Collector or
// to any backend that takes OTLP over HTTP, as protobuf. Nothing is sent unless
// an endpoint is set here or in the environment.
//
// An attempt that fails for now (no connection, 429, 502, 503, 504) is repeated
// after a while that doubles from half a second up to ten, or that the receiver
// asked for with Retry-After; meanwhile flows wait in the tracker. Every other
// answer but 2xx is an error and the flows are lost; a redirect, too, unless Client
// follows it. Spans that the receiver refused of a request that it took are counted
// (ExporterStats.Refused).
type OTLPExporter struct {
	// Endpoint is where the receiver is: "http://127.0.0.1:4318". Spans go to
	// /v1/traces below it. Empty is OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, which is
	// taken as it is, else OTEL_EXPORTER_OTLP_ENDPOINT.
	Endpoint string
	// Headers go with every request, beside those of
	// OTEL_EXPORTER_OTLP_TRACES_HEADERS, else OTEL_EXPORTER_OTLP_HEADERS, and in
	// their place.
	Headers map[string]string
	// Timeout is how long an attempt may take. 0 is
	// OTEL_EXPORTER_OTLP_TRACES_TIMEOUT or OTEL_EXPORTER_OTLP_TIMEOUT, in ms,
	// else 10 s.
	Timeout time.Duration
	// GiveUp is how long a request is tried for. 0 is a minute; below 0 it is
	// tried once.
	GiveUp time.Duration
	// Wait is how long a flow may wait for others that go out with it, unless
	// there are 512 KiB of them before. 0 is a second; below 0 none waits.
	Wait time.Duration
	// Uncompressed sends requests as they are. Else they are compressed with
	// gzip, unless OTEL_EXPORTER_OTLP_TRACES_COMPRESSION or
	// OTEL_EXPORTER_OTLP_COMPRESSION is none.
	Uncompressed bool
	// Client sends the requests. Its Transport must not be one that records
	// them as flows. Nil is a client of the exporter's own.
	Client *http.Client

	once    sync.Once
	target  target
	invalid error

	mu      sync.Mutex
	spans   int64 // refused
	refusal error
}

const (
	defaultTimeout = 10 * time.Second
	defaultGiveUp  = time.Minute
	defaultWait    = time.Second
	firstPause     = 500 * time.Millisecond
	longestPause   = 10 * time.Second
	// maxAnswer bounds what is read of an answer, bytes.
	maxAnswer = 64 << 10
	// maxReason bounds what an error tells of an answer, bytes.
	maxReason = 256
)

// Check reports what makes every Export fail: no endpoint, a malformed one or a
// malformed variable of the environment.
func (e *OTLPExporter) Check() error {
	e.once.Do(func() { e.target, e.invalid = e.resolve() })
	return e.invalid
}

func (e *OTLPExporter) patience() time.Duration { return cmp.Or(e.Wait, defaultWait) }

func (e *OTLPExporter) refused() (spans int64, reason error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.spans, e.refusal
}

// Export sends flows in one request, for those who wrap the exporter. A tracker
// has them encoded already.
func (e *OTLPExporter) Export(ctx context.Context, flows []Trace) error {
	return e.exportRequest(ctx, EncodeOTLP(flows...))
}

func (e *OTLPExporter) exportRequest(ctx context.Context, request []byte) error {
	if err := e.Check(); err != nil {
		return fmt.Errorf("send flows: %w", err)
	}
	body, err := e.target.compress(request)
	if err != nil {
		return fmt.Errorf("compress flows: %w", err)
	}
	giveUp := time.Now().Add(cmp.Or(e.GiveUp, defaultGiveUp))
	pause := backoff{next: firstPause}
	for {
		err := e.attempt(ctx, body)
		var again *retryError
		if !errors.As(err, &again) {
			return err
		}
		wait := pause.after(again.after)
		if time.Now().Add(wait).After(giveUp) {
			return fmt.Errorf("give up: %w", err)
		}
		if !sleep(ctx, wait) {
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}

// attempt sends the body once. A *retryError is one that may go away.
func (e *OTLPExporter) attempt(ctx context.Context, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, e.target.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.target.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("send flows: %w", err)
	}
	for name, value := range e.target.headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	if e.target.gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	answer, err := e.target.client.Do(r)
	if err != nil {
		return &retryError{cause: fmt.Errorf("send flows: %w", err)}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	switch {
	case answer.StatusCode/100 == 2:
		if err == nil {
			e.note(answer.Header, text)
		}
		return nil
	case retryable(answer.StatusCode):
		return &retryError{cause: failureOf(answer, text), after: retryAfter(answer.Header.Get("Retry-After"), time.Now())}
	default:
		return failureOf(answer, text)
	}
}

// note counts the spans that the receiver did not take: the field
// partial_success of its answer.
func (e *OTLPExporter) note(h http.Header, answer []byte) {
	if !isProto(h) {
		return
	}
	partial := protoField(answer, 1).Bytes
	spans := protoField(partial, 1).Bits
	if spans == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spans += int64(spans)
	e.refusal = fmt.Errorf("the receiver refused %d spans: %s", spans, plain(string(protoField(partial, 2).Bytes), maxReason))
}

// failureOf is an answer as an error, with the reason that it gives: the message
// of a google.rpc.Status, or text.
func failureOf(answer *http.Response, body []byte) error {
	reason := strings.TrimSpace(string(body))
	if isProto(answer.Header) {
		reason = string(protoField(body, 2).Bytes)
	}
	if reason == "" {
		return fmt.Errorf("send flows: HTTP %s", answer.Status)
	}
	return fmt.Errorf("send flows: HTTP %s: %s", answer.Status, plain(reason, maxReason))
}

func isProto(h http.Header) bool {
	return strings.HasPrefix(h.Get("Content-Type"), "application/x-protobuf")
}

// protoField is the first field of that number in a message, zero when there is
// none.
func protoField(message []byte, num uint32) wire.Field {
	for i := 0; i < len(message); {
		var f wire.Field
		if f, i = wire.ReadField(message, i); i < 0 {
			break
		}
		if f.Tag>>3 == num {
			return f
		}
	}
	return wire.Field{}
}

// Close closes the connections of the exporter's own client.
func (e *OTLPExporter) Close() error {
	if e.Check() == nil && e.Client == nil {
		e.target.client.CloseIdleConnections()
	}
	return nil
}

// compress uses the fastest level: the service has better things to do. What it
// returns is not written to again, for a transport may read a request's body
// for a while after it has given up on it.
func (t *target) compress(request []byte) ([]byte, error) {
	if !t.gzip {
		return request, nil
	}
	var out bytes.Buffer
	if t.zip == nil {
		zip, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
		if err != nil {
			return nil, err
		}
		t.zip = zip
	}
	t.zip.Reset(&out)
	if _, err := t.zip.Write(request); err != nil {
		return nil, err
	}
	if err := t.zip.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

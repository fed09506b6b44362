package flow

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// Transport returns a RoundTripper that records every request as an operation
// and hands the flow on to the server, by traceparent and baggage headers. A
// nil base is http.DefaultTransport.
//
//	client := &http.Client{Transport: flow.Transport(nil)}
//
// The operation ends when the answer's body was read or closed. Requests
// outside of a flow begin one.
func Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{base: base}
}

// Transport is like the function, for flows that begin with a request of the
// client: they are the tracker's.
func (t *Tracker) Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{base: base, tracker: t}
}

type transport struct {
	base    http.RoundTripper
	tracker *Tracker // nil is the flow's, else the default
}

// CloseIdleConnections is what http.Client looks for.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	tracker := t.tracker
	if tracker == nil {
		tracker = Default()
		if op := current(r.Context()); op != nil {
			tracker = op.run.tracker
		}
	}
	ctx, op := tracker.StartSpec(r.Context(), Spec{Name: method(r.Method), Kind: Client, Attrs: clientAttrs(r)})
	r = r.Clone(ctx)     // a RoundTripper must not change its request
	if r.Header == nil { // an http.Client makes one; others may not
		r.Header = http.Header{}
	}
	Inject(ctx, r.Header)
	if id := RequestID(ctx); id != "" && r.Header.Get(requestIDHeader) == "" {
		r.Header.Set(requestIDHeader, id)
	}
	answer, err := t.roundTrip(r, op)
	if err != nil || answer == nil {
		op.Fail(err)
		op.End()
		return answer, err
	}
	op.Set(Int("http.response.status_code", answer.StatusCode))
	if answer.StatusCode >= http.StatusBadRequest {
		op.SetStatus(Failed, "HTTP "+strconv.Itoa(answer.StatusCode))
	}
	if answer.Body == nil || answer.Body == http.NoBody {
		op.End()
		return answer, nil
	}
	answer.Body = watch(answer.Body, op)
	return answer, nil
}

// roundTrip asks the base. A panic of it is recorded and goes on.
func (t *transport) roundTrip(r *http.Request, op *Op) (answer *http.Response, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			op.Panicked(cause)
			op.End()
			panic(cause)
		}
	}()
	return t.base.RoundTrip(r)
}

// clientAttrs leaves out the query of the URL: that is where secrets are.
func clientAttrs(r *http.Request) []Attr {
	if r.URL == nil { // which the base refuses
		return []Attr{String("http.request.method", method(r.Method))}
	}
	attrs := []Attr{
		String("http.request.method", method(r.Method)),
		String("server.address", r.URL.Hostname()),
		String("url.full", r.URL.Scheme+"://"+r.URL.Host+r.URL.EscapedPath()),
	}
	if port, err := strconv.Atoi(r.URL.Port()); err == nil {
		attrs = append(attrs, Int("server.port", port))
	}
	return attrs
}

// body ends an operation when an answer was read.
type body struct {
	io.ReadCloser
	op   *Op
	once sync.Once
}

// watch keeps the ability to write, which is how protocols are switched, and to
// say that nothing more will be written.
func watch(b io.ReadCloser, op *Op) io.ReadCloser {
	watched := &body{ReadCloser: b, op: op}
	w, writes := b.(io.Writer)
	if !writes {
		return watched
	}
	return &duplex{body: watched, Writer: w}
}

// duplex is a body that is written to, too.
type duplex struct {
	*body
	io.Writer
}

// CloseWrite is what a proxy passes on when one side has nothing more to say.
func (d *duplex) CloseWrite() error {
	if c, ok := d.Writer.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return fmt.Errorf("close the writing half: %w", http.ErrNotSupported)
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end(err)
	}
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.end(err)
	return err
}

func (b *body) end(err error) {
	b.once.Do(func() {
		if err != nil && err != io.EOF { //nolint:errorlint // readers return io.EOF itself
			b.op.Fail(err)
		}
		b.op.End()
	})
}

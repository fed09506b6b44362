package load

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
)

// httpSender sends OTLP/HTTP over one connection.
type httpSender struct {
	url       string
	transport *http.Transport
}

func newHTTPSender(addr string) *httpSender {
	return &httpSender{
		url:       "http://" + addr + "/v1/traces",
		transport: &http.Transport{MaxConnsPerHost: 1, MaxIdleConnsPerHost: 1, DisableCompression: true, WriteBufferSize: 64 << 10},
	}
}

func (s *httpSender) close() error {
	s.transport.CloseIdleConnections()
	return nil
}

func (s *httpSender) send(ctx context.Context, body []byte) answer {
	reader := &requestBody{Reader: *bytes.NewReader(body), closed: make(chan struct{})}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, reader)
	if err != nil {
		return answer{outcome: refused, problem: err.Error()}
	}
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := s.transport.RoundTrip(r)
	// The transport may read the body, which is going to be overwritten, until
	// it closes it.
	defer func() { <-reader.closed }()
	if err != nil {
		return answer{outcome: lost, problem: err.Error()}
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{outcome: lost, problem: err.Error()}
	}
	return readAnswer(resp, got)
}

// maxAnswer bounds what is read of an answer; real ones are a line.
const maxAnswer = 64 << 10

func readAnswer(resp *http.Response, body []byte) answer {
	if resp.StatusCode == http.StatusOK {
		var said collector.ExportTraceServiceResponse
		if err := proto.Unmarshal(body, &said); err != nil {
			return answer{outcome: lost, problem: "read the answer: " + err.Error()}
		}
		return answer{outcome: taken, rejected: said.GetPartialSuccess().GetRejectedSpans()}
	}
	a := answer{outcome: refused, problem: resp.Status}
	var said status.Status
	if proto.Unmarshal(body, &said) == nil && said.GetMessage() != "" {
		a.problem = fmt.Sprintf("%s: %s", resp.Status, said.GetMessage())
	}
	switch resp.StatusCode { // those that OTLP says to retry
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		a.outcome = throttled
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		a.outcome = lost
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		a.after = time.Duration(seconds) * time.Second
	}
	return a
}

// requestBody tells when the transport is done with it.
type requestBody struct {
	bytes.Reader
	once   sync.Once
	closed chan struct{}
}

// Close is called by the transport, possibly more than once.
func (b *requestBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

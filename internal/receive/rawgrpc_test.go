package receive

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/http"
	"strconv"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc/codes"
)

// rawUnary sends a message with a compressed flag of its own over HTTP/2,
// which no gRPC client would, and returns the code of the answer.
func rawUnary(t *testing.T, addr, coding string, compressed byte, message []byte) codes.Code {
	t.Helper()
	framed := make([]byte, 5, 5+len(message))
	framed[0] = compressed
	binary.BigEndian.PutUint32(framed[1:], uint32(len(message)))
	framed = append(framed, message...)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+collector.TraceService_Export_FullMethodName, bytes.NewReader(framed))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/grpc")
	r.Header.Set("Te", "trailers")
	r.Header.Set("Grpc-Encoding", coding)
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	said := resp.Trailer.Get("Grpc-Status")
	if said == "" { // an answer without a message has its trailers in front
		said = resp.Header.Get("Grpc-Status")
	}
	code, err := strconv.ParseUint(said, 10, 32)
	if err != nil {
		t.Fatalf("grpc-status %q: %v", said, err)
	}
	return codes.Code(code)
}

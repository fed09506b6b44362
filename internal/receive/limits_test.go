package receive

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/model"
)

// bombs are a gibibyte of zeros each: a compressed piece, 64 times over.
func bombs(t *testing.T) map[string][]byte {
	t.Helper()
	piece := make([]byte, 16<<20)
	return map[string][]byte{
		"gzip": bytes.Repeat(gzipped(t, piece), 64),
		"zstd": bytes.Repeat(zstded(t, piece), 64),
	}
}

// allocated is how many bytes do allocates, freed or not.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestHTTPDecompressionBombs(t *testing.T) {
	sink := new(memSink)
	s, _ := start(t, Config{}, sink)
	for coding, body := range bombs(t) {
		used := allocated(func() {
			got := post(t, s.tracesURL(), bytes.NewReader(body), "Content-Type", contentProtobuf, "Content-Encoding", coding)
			if got.status != http.StatusRequestEntityTooLarge {
				t.Errorf("%s: %d %q, want 413", coding, got.status, got.body)
			}
		})
		// The buffer doubles from 1 to 16 MiB, 31 MiB in all; a zstd window
		// and what the client needs come on top.
		if used > 64<<20 {
			t.Errorf("%s: %d MiB allocated for a bomb of %d bytes", coding, used>>20, len(body))
		}
	}
	if sink.spans() != 0 || s.Stats().InFlight != 0 {
		t.Errorf("%d spans stored, %d bytes held", sink.spans(), s.Stats().InFlight)
	}
}

func TestZstdWindowIsBounded(t *testing.T) {
	s, _ := start(t, Config{}, new(memSink))
	var body bytes.Buffer
	z, err := zstd.NewWriter(&body, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(2*maxWindow))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(z, bytes.NewReader(make([]byte, 3*maxWindow))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	got := post(t, s.tracesURL(), &body, "Content-Type", contentProtobuf, "Content-Encoding", "zstd")
	if got.status != http.StatusBadRequest {
		t.Errorf("%d %q, want 400", got.status, got.body)
	}
}

// The budget has room for one request that waits in the sink, not for two.
func TestHTTPInFlightLimit(t *testing.T) {
	sink := &memSink{entered: make(chan struct{}, 1), gate: make(chan struct{})}
	s, _ := start(t, Config{BodyLimit: 1000, InFlightLimit: 1500}, sink)
	body := marshal(t, request(14))
	first := make(chan error)
	go func() { first <- postOnce(t.Context(), s.tracesURL(), body) }()
	<-sink.entered
	got := post(t, s.tracesURL(), bytes.NewReader(body), "Content-Type", contentProtobuf)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "1" {
		t.Errorf("%d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
	close(sink.gate)
	if err := <-first; err != nil {
		t.Errorf("the first request: %v", err)
	}
	eventually(t, "all bytes are given back", func() bool { return s.Stats().InFlight == 0 })
	if n := s.Stats().Transports["http"].Refused["busy"]; n != 1 {
		t.Errorf("%d refused as busy, want 1", n)
	}
}

// A body that arrives in slow chunks is cut off, however regular they are.
func TestHTTPSlowBodyTimesOut(t *testing.T) {
	s, _ := start(t, Config{RequestTimeout: 300 * time.Millisecond}, new(memSink))
	c := dial(t, s)
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 100000\r\n\r\n", tracesPath, contentProtobuf)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				if _, err := c.Write([]byte{0}); err != nil {
					return
				}
			}
		}
	}()
	answer, err := io.ReadAll(c)
	if err != nil && len(answer) == 0 {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
		t.Errorf("answer %q", answer)
	}
	eventually(t, "all bytes are given back", func() bool { return s.Stats().InFlight == 0 })
}

func TestHTTPSlowHeadersTimeOut(t *testing.T) {
	s, _ := start(t, Config{RequestTimeout: 100 * time.Millisecond}, new(memSink))
	c := dial(t, s)
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nX-Slow: ", tracesPath)
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Fatalf("the connection was not closed in order: %v", err)
	}
}

func TestHTTPClientLeaves(t *testing.T) {
	s, _ := start(t, Config{}, new(memSink))
	c := dial(t, s)
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 100000\r\n\r\nhalf", tracesPath, contentProtobuf)
	c.Close()
	eventually(t, "the request is counted as aborted", func() bool { return s.Stats().Transports["http"].Refused["aborted"] == 1 })
}

func TestConfigValidate(t *testing.T) {
	for _, c := range []struct {
		config Config
		says   string
	}{
		{Config{}, "no address"},
		{Config{HTTPAddr: "x", BodyLimit: -1}, "BodyLimit"},
		{Config{HTTPAddr: "x", BodyLimit: 1 << 40}, "BodyLimit"},
		{Config{HTTPAddr: "x", InFlightLimit: 1}, "InFlightLimit"},
		{Config{HTTPAddr: "x", IdleTimeout: -1}, "IdleTimeout"},
		{Config{HTTPAddr: "x", BodyLimit: 1 << 30}, ""},
	} {
		err := c.config.Validate()
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want %q", c.config, err, c.says)
		}
	}
}

func TestDecoderFaultIsContained(t *testing.T) {
	in := newIngest(Config{Logger: slog.New(slog.DiscardHandler)}, nil, nil)
	for range 2 * cap(in.scratch) { // and leaves the place in the queue
		_, _, fail := in.decode(func(*model.Batch, []byte) (decode.Report, error) { panic("fault") }, nil)
		if fail == nil || fail.kind != Internal || !strings.Contains(fail.cause.Error(), "fault") {
			t.Fatalf("%+v", fail)
		}
	}
}

func TestLogIsLimited(t *testing.T) {
	var out bytes.Buffer
	l := newLimitedLog(slog.New(slog.NewTextHandler(&out, nil)))
	first := l.refusal(t.Context(), "http", "peer", refuse(Malformed, "bad"))
	for range 100 {
		if l.refusal(t.Context(), "http", "peer", refuse(Malformed, "bad")) == first {
			t.Fatal("two requests have one id")
		}
	}
	l.refusal(t.Context(), "http", "peer", refuse(TooLarge, "big"))
	if got := strings.Count(out.String(), "\n"); got != 2 {
		t.Errorf("%d lines, want one of each kind:\n%s", got, &out)
	}
	if skipped, ok := l.turn(Malformed, time.Now().Add(2*logEvery)); !ok || skipped != 100 {
		t.Errorf("%d left out, %v; want 100, true", skipped, ok)
	}
}

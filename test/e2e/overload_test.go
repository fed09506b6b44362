package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/load"
	"github.com/flowscope/flowscope/internal/model"
)

const (
	overloadFor  = 10 * time.Second
	overloadBy   = 10
	requestSpans = 500
	// overloadRSS bounds the server's memory under overload, in bytes: what it
	// may take at full speed. Its settings here let 2 MiB of requests
	// in, 64 MiB of spans be in no block, 32 MiB wait for the assembler, which
	// holds 128 MiB of traces and what it knows of them; a merge takes 100 MB,
	// and garbage is half as much again.
	overloadRSS = 600 << 20
	// recoverWithin is how soon the server must be at its speed again.
	recoverWithin = 5 * time.Second
	// machineSlack is for a machine that is shared: it may be slow for a while all
	// by itself, and unable to offer that much.
	machineSlack = 3
)

// TestOverload sends ten times what the server can take, from senders that wait
// when they are told to and from such that do not, over both transports: memory
// stays bounded, senders are told to come back later, nothing that was acked is
// lost, and soon after all is as it was. OVERLOAD_SECONDS is how long.
func TestOverload(t *testing.T) {
	t.Setenv("GOMAXPROCS", "1") // for the server: this machine must be able to offer that much
	lasts := time.Duration(setting(t, "OVERLOAD_SECONDS", int(overloadFor/time.Second))) * time.Second
	o := &overload{process: serve(t, t.TempDir(), "--head-bytes=16MiB", "--max-inflight=2MiB", "--max-body=1MiB", "--trace-quiet=500ms")}
	o.burst() // warm up
	usual := o.usual()
	o.storm(lasts)
	ended := time.Now()
	var took time.Duration
	o.eventually("full speed", func() error {
		now := o.burst()
		took = time.Since(ended)
		if now < 0.7*usual {
			return fmt.Errorf("%.0f spans for a unit of the machine's work, before it were %.0f", now, usual)
		}
		return nil
	})
	peak := o.peakRSS()
	t.Logf("full speed %v after the end; peak of %d MiB", took.Round(time.Millisecond), peak>>20)
	if took > machineSlack*recoverWithin {
		t.Errorf("full speed %v after the overload, want %v", took, recoverWithin)
	}
	if peak > overloadRSS {
		t.Errorf("the server took %d MiB, want at most %d", peak>>20, overloadRSS>>20)
	}
	o.checkAcked()
}

// overload is a server and what it acked.
type overload struct {
	*process
	mu     sync.Mutex
	spans  int64 // acked
	traces []model.TraceID
}

func (o *overload) onAck(ids []model.TraceID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.traces = append(o.traces, ids...)
}

// config is a load on one transport.
func (o *overload) config(grpc bool, conns int) load.Config {
	addr := strings.TrimPrefix(o.otlp, "http://")
	if grpc {
		addr = o.grpc
	}
	return load.Config{
		GRPC: grpc, Addr: addr, Conns: conns, SpansPerRequest: requestSpans, Spans: 50_000,
		GiveUpAfter: time.Hour, OnAck: o.onAck,
	}
}

// burst measures the server's speed with two senders: spans a unit of work that
// this machine does at the same time, for others may be at work here.
func (o *overload) burst() float64 {
	o.t.Helper()
	done := make(chan struct{})
	work := make(chan float64)
	go func() {
		n := 0.0
		for buf := make([]byte, 64<<10); ; n++ {
			select {
			case <-done:
				work <- n
				return
			default:
				sha256.Sum256(buf)
			}
		}
	}()
	r, err := load.Run(o.t.Context(), o.config(false, 2))
	close(done)
	units := <-work
	if err != nil || r.Failed > 0 {
		o.t.Fatalf("%+v, %v", r, err)
	}
	o.spans += r.Acked
	o.t.Logf("burst of %.0f spans/s, p99 %v, %d told to come back later, %.0f spans a unit", r.SpansPerSecond(), r.P99, r.Throttled, float64(r.Acked)/units)
	return float64(r.Acked) / units
}

// usual is the speed in the middle of some bursts.
func (o *overload) usual() float64 {
	o.t.Helper()
	speeds := make([]float64, 5)
	for i := range speeds {
		speeds[i] = o.burst()
	}
	slices.Sort(speeds)
	return speeds[len(speeds)/2]
}

// storm offers ten times what is taken.
func (o *overload) storm(lasts time.Duration) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), lasts)
	defer cancel()
	var offered, taken float64
	var all sync.WaitGroup
	for _, grpc := range []bool{false, true} {
		for impatient, conns := range map[bool]int{false: 16, true: 64} {
			c := o.config(grpc, conns)
			c.Spans, c.Impatient = 1<<40, impatient
			all.Go(func() {
				r, _ := load.Run(ctx, c) // it ends with the context's error
				o.mu.Lock()
				defer o.mu.Unlock()
				o.spans += r.Acked
				offered += float64(r.Requests + r.Retries)
				taken += float64(r.Acked) / requestSpans
				if r.Throttled == 0 || r.Failed > int64(conns*requestSpans) { // those in flight at the end
					o.t.Errorf("gRPC %v, impatient %v: %+v", grpc, impatient, r)
				}
				o.t.Logf("gRPC %v, impatient %v: %d spans acked; %d requests, %d retries, %d told to come back later, p99 %v",
					grpc, impatient, r.Acked, r.Requests, r.Retries, r.Throttled, r.P99)
			})
		}
	}
	all.Wait()
	o.t.Logf("%.0f requests taken, %.1f times as many offered", taken, offered/taken)
	if offered < overloadBy/machineSlack*taken {
		o.t.Errorf("only %.1f times what was taken was offered", offered/taken)
	}
}

// peakRSS is the most memory the server ever had, in bytes.
func (o *overload) peakRSS() (bytesUsed int64) {
	o.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", o.cmd.Process.Pid))
	if err != nil {
		o.t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(text, []byte("VmHWM:"))
	if _, err := fmt.Sscan(string(rest), &bytesUsed); err != nil {
		o.t.Fatal(err)
	}
	return bytesUsed << 10
}

// checkAcked looks up a sample of the acked traces, and counts all spans.
func (o *overload) checkAcked() {
	o.t.Helper()
	var status struct{ SpansStored int64 }
	if err := o.getJSON("/api/v1/status", &status); err != nil {
		o.t.Fatal(err)
	}
	if status.SpansStored < o.spans {
		o.t.Errorf("%d spans are stored, %d were acked", status.SpansStored, o.spans)
	}
	const sample = 2000
	for range sample {
		id := o.traces[rand.IntN(len(o.traces))]
		if _, code, err := o.fetch("/api/v1/traces/" + id.String()); err != nil || code != http.StatusOK {
			o.t.Fatalf("trace %s was acked and is answered %d, %v", id, code, err)
		}
	}
	o.t.Logf("%d spans acked, %d stored, %d of %d traces looked up", o.spans, status.SpansStored, sample, len(o.traces))
}

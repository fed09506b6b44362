package e2e

import (
	"fmt"
	"os/exec"
	"testing"

	"github.com/flowscope/flowscope/test/tools"
)

// TestTelemetrygen sends a thousand traces with the OpenTelemetry Collector's
// own generator and counts them.
func TestTelemetrygen(t *testing.T) {
	const traces = 500 // over each transport
	generator, err := tools.Telemetrygen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := serve(t, t.TempDir())
	for name, args := range map[string][]string{
		"grpc": {"--otlp-endpoint", p.grpc},
		"http": {"--otlp-endpoint", p.otlp[len("http://"):], "--otlp-http"},
	} {
		args = append([]string{
			"traces", "--otlp-insecure", "--traces", fmt.Sprint(traces), "--workers", "1", "--rate", "0",
			"--service", "telemetrygen-" + name,
		}, args...)
		if out, err := exec.Command(generator, args...).CombinedOutput(); err != nil {
			t.Fatalf("telemetrygen %v: %v\n%s", args, err, out)
		}
	}
	for _, name := range []string{"grpc", "http"} {
		p.eventually("all traces of "+name, func() error {
			ids, err := p.traceIDs("telemetrygen-" + name)
			if err == nil && len(ids) != traces {
				err = fmt.Errorf("%d traces listed, %d sent", len(ids), traces)
			}
			return err
		})
	}
}

// traceIDs lists every trace that reached a service.
func (p *process) traceIDs(service string) (map[string]bool, error) {
	ids := map[string]bool{}
	for path := "/api/v1/traces?limit=200&service=" + service; ; {
		var list struct {
			Traces     []struct{ TraceID string }
			NextCursor string
		}
		if err := p.getJSON(path, &list); err != nil {
			return nil, err
		}
		for _, tr := range list.Traces {
			ids[tr.TraceID] = true
		}
		if list.NextCursor == "" {
			return ids, nil
		}
		path = "/api/v1/traces?limit=200&service=" + service + "&cursor=" + list.NextCursor
	}
}

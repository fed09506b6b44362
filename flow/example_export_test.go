package flow_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowscope/flowscope/flow"
)

// The examples that docs/flow-exporters.md shows.

func Example_exporters() {
	dir, err := os.MkdirTemp("", "flows")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	logger := slog.New(slog.DiscardHandler)
	file := filepath.Join(dir, "flows.jsonl")

	tracker := flow.New(
		flow.WithService("shop"),
		flow.WithExporter(&flow.FileExporter{Path: file, MaxBytes: 16 << 20, MaxFiles: 5}),
		flow.WithExporter(&flow.SlogExporter{Logger: logger}),
		flow.WithExporter(&flow.FolderExporter{Dir: dir, Format: flow.FormatChrome, MaxFiles: 100}),
	)

	_, op := tracker.Start(context.Background(), "checkout")
	op.End()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := tracker.Shutdown(ctx); err != nil {
		fmt.Println("flows were lost:", err)
	}
	for _, e := range tracker.Exporters() {
		fmt.Println(e.Exporter, e.Exported, "exported", e.Dropped, "dropped", e.Failed, "failed")
	}

	// Output:
	// *flow.FileExporter 1 exported 0 dropped 0 failed
	// *flow.SlogExporter 1 exported 0 dropped 0 failed
	// *flow.FolderExporter 1 exported 0 dropped 0 failed
}

func ExampleConsoleExporter() {
	tracker := flow.New(flow.WithExporter(&flow.ConsoleExporter{}))

	fmt.Println(tracker.Shutdown(context.Background()))
	// Output: <nil>
}

func ExampleOTLPExporter() {
	exporter := &flow.OTLPExporter{
		Endpoint: "https://collector.example/otlp",
		Headers:  map[string]string{"Authorization": "Bearer " + os.Getenv("TOKEN")},
	}
	if err := exporter.Check(); err != nil {
		fmt.Println(err)
	}
	tracker := flow.New(flow.WithExporter(exporter))

	fmt.Println(tracker.Shutdown(context.Background()))
	// Output: <nil>
}

func ExampleWriteSankey() {
	tracker := flow.New()
	ctx, root := tracker.Start(context.Background(), "checkout")
	_, op := flow.Start(ctx, "pay")
	op.End()
	root.End()
	var w strings.Builder

	err := flow.WriteSankey(&w, tracker.Flows(0)...) // all flows that are kept, added up

	fmt.Println(err, strings.HasPrefix(w.String(), `{"nodes":[{"name":"checkout","depth":0,`))
	// Output: <nil> true
}

// shortNames is an exporter that counts flows with short names.
type shortNames struct{ count int }

func (s *shortNames) Export(_ context.Context, flows []flow.Trace) error {
	for _, f := range flows {
		if len(f.Operation()) < 10 {
			s.count++
		}
	}
	return nil
}

func ExampleExporter() {
	short := &shortNames{}
	tracker := flow.New(flow.WithExporter(short))
	for _, name := range []string{"login", "checkout", "recommendation"} {
		_, op := tracker.Start(context.Background(), name)
		op.End()
	}
	fmt.Println(tracker.Shutdown(context.Background()), short.count)
	// Output: <nil> 2
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

const dataWeek = "week"

// week asks for graphs of a made-up week: the slowest of ten answers, the first
// of which comes from a process that has just started.
func (b *bench) week(ctx context.Context) error {
	made, err := storetest.WriteHistory(vfs.OS{}, filepath.Join(b.temp, dataWeek, "blocks"), b.days())
	if err != nil {
		return err
	}
	b.report.fact(float64(made.Spans), "", "spans that the week's rollups count")
	read, err := readFiles(filepath.Join(b.temp, dataWeek, "blocks", "*", "*.parquet"))
	if err != nil {
		return err
	}
	for _, graph := range []struct{ id, path string }{{graphOne, "operations/checkout/graph"}, {graphAll, "dependencies"}} {
		times, err := b.graphs(ctx, graph.path)
		if err != nil {
			return err
		}
		b.report.set(graph.id, millis(quantile(times, 1)), millis(read), "reading all files of the week")
		b.report.fact(millis(quantile(times, 0.5)), unitMillis, "%s, p50", graph.path)
	}
	return nil
}

// days is how much of the week is made: all of it takes half a minute, which a
// small run does not spend.
func (b *bench) days() int {
	if b.spans < smallRun {
		return 1
	}
	return 7
}

// smallRun is below how many spans a run is for the table, not for its figures.
const smallRun = 1_000_000

// graphs asks a new server for a graph again and again.
func (b *bench) graphs(ctx context.Context, path string) (times []time.Duration, err error) {
	s, err := b.serve(ctx, dataWeek, "--retention-age=0")
	if err != nil {
		return nil, err
	}
	defer s.kill()
	end := storetest.HistoryEnd
	period := url.Values{"startTime": {nanos(end.AddDate(0, 0, -7))}, "endTime": {nanos(end)}}
	for range 10 {
		body, took, err := s.timed(ctx, "/api/v1/"+path+"?"+period.Encode())
		if err != nil {
			return nil, err
		}
		var graph struct{ Nodes, Edges []json.RawMessage }
		if err := json.Unmarshal(body, &graph); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if len(graph.Nodes) == 0 || len(graph.Edges) == 0 {
			return nil, fmt.Errorf("%s has %d nodes and %d edges", path, len(graph.Nodes), len(graph.Edges))
		}
		times = append(times, took)
	}
	return times, s.stop()
}

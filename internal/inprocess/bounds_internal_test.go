package inprocess

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/encode"
	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/sketch"
)

// fake is a recorder whose records are whole requests.
type fake struct {
	Source // the rest is not called
	now    time.Time
	ended  [][]byte
	missed uint64
	paths  []Path
}

func (f *fake) Now() time.Time            { return f.now }
func (f *fake) Request(r [][]byte) []byte { _ = r[0][0]; return r[0] }
func (f *fake) Paths() []Path             { return f.paths }
func (f *fake) Status() Status            { return Status{Service: "shop"} }
func (f *fake) Ended(n uint64) ([][]byte, uint64, uint64) {
	missed := f.missed
	f.missed = 0
	return f.ended[n:], uint64(len(f.ended)), missed
}

// end adds a run of one operation, a part of trace n.
func (f *fake) end(n int, name string, late bool) {
	s := analyzetest.Span{Resource: analyzetest.Resource{Service: "shop"}, Name: name, Start: f.now.UnixNano(), End: f.now.UnixNano() + 1000}
	binary.BigEndian.PutUint64(s.TraceID[:], uint64(n+1))
	binary.BigEndian.PutUint64(s.ID[:], uint64(len(f.ended)+1))
	b := analyzetest.Batch([]analyzetest.Span{s})
	if late {
		b.Flags[0] = LateFlags
	}
	f.ended = append(f.ended, encode.Proto(nil, []model.Span{b.Span(0)}))
}

func (f *fake) counted() *counted {
	return newCounted(f, analyze.Config{}, live.New(live.Config{Events: 16}))
}

// TestCountedIsBounded has more names, minutes and flows than are kept of each.
func TestCountedIsBounded(t *testing.T) {
	f := &fake{now: time.Unix(1_700_000_000, 0)}
	c := f.counted()
	for i := range 25_000 {
		f.end(i, fmt.Sprintf("operation %d", i), false)
		if i%5000 == 0 {
			f.now = f.now.Add(time.Hour)
		}
	}
	for c.sync() {
		if len(c.rollups) > maxRollups || len(c.accounted) > maxTallies+1 || len(c.recent.flows) > maxRecent ||
			len(c.recent.flows) != len(c.recent.order) || c.recent.bytes > maxRecentBytes {
			t.Fatalf("%d rollups, %d names, %d flows of %d bytes", len(c.rollups), len(c.accounted), len(c.recent.flows), c.recent.bytes)
		}
	}
	// What has no path is others: their count is what the recorder says.
	f.missed, f.paths = 1, []Path{{Names: []string{Other}, Calls: 25_001, Latency: &c.rollups[someKey(c)].Latency}}
	c.sync()
	if len(c.accounted) != 1 || c.accounted[Other].calls != 25_001 {
		t.Errorf("%d names are accounted", len(c.accounted))
	}
	f.now = f.now.Add(keepRollups + time.Hour)
	c.sync()
	if len(c.rollups) != 0 {
		t.Errorf("%d rollups are left", len(c.rollups))
	}
}

// TestFaultOfTheAnalysisEndsNothing has a run whose decoding panics between two
// others.
func TestFaultOfTheAnalysisEndsNothing(t *testing.T) {
	f := &fake{now: time.Unix(1_700_000_000, 0)}
	c := f.counted()
	f.end(1, "a", false)
	f.ended = append(f.ended, nil) // Request takes the first byte of it
	f.end(2, "a", false)
	latency := &sketch.Sketch{}
	latency.AddN(1000, 3)
	f.paths = []Path{{Names: []string{"a"}, Calls: 3, Latency: latency}}
	c.sync()
	var flows, timed int64
	for _, r := range c.rollups {
		flows += r.Flows
		timed += r.Latency.Count()
	}
	if flows != 3 || timed != 3 {
		t.Errorf("%d flows are counted, %d timed", flows, timed)
	}
}

func someKey(c *counted) (key model.RollupKey) {
	for key = range c.rollups {
		break
	}
	return key
}

// TestPartsAreBounded has one trace of many runs and late operations.
func TestPartsAreBounded(t *testing.T) {
	f := &fake{now: time.Unix(1_700_000_000, 0)}
	c := f.counted()
	for i := range 2000 {
		f.end(7, "run", i%2 == 1)
	}
	for c.sync() {
		continue
	}
	if e := c.recent.flows[c.recent.order[0]]; len(c.recent.flows) != 1 || len(e.records) != maxParts || c.accounted["run"].calls != 1000 {
		t.Errorf("%d records are analysed together, %d runs accounted", len(e.records), c.accounted["run"].calls)
	}
	var flows int64
	for _, r := range c.rollups {
		flows += r.Flows
	}
	if flows != 1 {
		t.Errorf("%d flows are counted", flows)
	}
}

func TestMountsAreBounded(t *testing.T) {
	var m mounts
	made := 0
	for i := range 10 * maxMounts {
		_, err := m.at(fmt.Sprint(i), func(string) (http.Handler, error) {
			made++
			return http.NotFoundHandler(), nil
		})
		if err != nil || len(m.byPrefix) > maxMounts {
			t.Fatalf("%d prefixes are remembered: %v", len(m.byPrefix), err)
		}
	}
	for range 10 {
		m.at("0", func(string) (http.Handler, error) { made++; return http.NotFoundHandler(), nil }) //nolint:errcheck // it has none
	}
	if made != 10*maxMounts+1 {
		t.Errorf("%d handlers were made", made)
	}
}

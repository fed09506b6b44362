package block

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/columns"
)

// formatVersion is what meta.json says of this layout.
const formatVersion = 1

// Meta is what a store knows of a block without opening its Parquet files. It
// is meta.json, and read-only. Times are Unix ns.
type Meta struct {
	Format     int    `json:"format"`
	ID         string `json:"id"`
	WALSeq     uint64 `json:"walSeq"`     // all WAL segments up to this one are in this block or an older one
	Generation int    `json:"generation"` // 0 as first written, one more each time it was merged or rewritten
	Level      int    `json:"level"`      // how often it was merged
	Created    int64  `json:"created"`
	Since      int64  `json:"since"` // created of the oldest block it was merged from

	Spans    int64 `json:"spans"`
	MinStart int64 `json:"minStart"` // of the spans; 0 when there are none
	MaxStart int64 `json:"maxStart"`
	// BatchBytes is the memory of the batches the block was made of, TextBytes
	// what of it are strings.
	BatchBytes int64 `json:"batchBytes"`
	TextBytes  int64 `json:"textBytes"`

	Flows        int64 `json:"flows"`
	FlowMinStart int64 `json:"flowMinStart"`
	FlowMaxStart int64 `json:"flowMaxStart"`
	FlowMaxEnd   int64 `json:"flowMaxEnd"`
	Revised      int64 `json:"revised"` // flows that replace a row of an older block

	Rollups       int64 `json:"rollups"`
	RollupMinTime int64 `json:"rollupMinTime"`
	RollupMaxTime int64 `json:"rollupMaxTime"`
	// RollupTiers are the widths, ns, that the rollups are kept added up to
	// besides minutes; ascending.
	RollupTiers []int64 `json:"rollupTiers,omitempty"`

	// Where the bloom filters on trace ids are in spans.parquet and flows.parquet,
	// so that asking one does not take opening the file as Parquet.
	SpanFilter columns.Filter `json:"spanFilter"`
	FlowFilter columns.Filter `json:"flowFilter"`

	// Replaces are the blocks this one was made of.
	Replaces []string `json:"replaces,omitempty"`
	// Environments are what the block holds of each, by name.
	Environments []Environment  `json:"environments,omitempty"`
	Pruned       *Pruned        `json:"pruned,omitempty"` // nil when retention took nothing out
	Resources    []SeenResource `json:"resources"`

	Bytes int64 `json:"-"` // of all files, from sums
}

// SeenResource is model.SeenResource in meta.json.
type SeenResource struct {
	Service     string `json:"service"`
	Namespace   string `json:"namespace,omitempty"`
	Version     string `json:"version,omitempty"`
	Instance    string `json:"instance,omitempty"`
	Pod         string `json:"pod,omitempty"`
	Node        string `json:"node,omitempty"`
	Deployment  string `json:"deployment,omitempty"`
	Environment string `json:"environment,omitempty"`
	First       int64  `json:"first"`
	Last        int64  `json:"last"`
}

// Model is the resource as the rest of the program has it.
func (s SeenResource) Model() model.SeenResource {
	return model.SeenResource{ResourceInfo: model.ResourceInfo{
		Service: s.Service, Namespace: s.Namespace, Version: s.Version, Instance: s.Instance, Pod: s.Pod,
		Node: s.Node, Deployment: s.Deployment, Environment: s.Environment,
	}, First: s.First, Last: s.Last}
}

// Newest is when the newest thing in the block happened, and not after it was
// made, whatever the senders' clocks said.
func (m *Meta) Newest() int64 {
	newest := max(m.MaxStart, m.FlowMaxStart)
	if newest == 0 {
		return m.Created
	}
	return min(newest, m.Created)
}

func parseMeta(id string, p []byte) (*Meta, error) {
	m := &Meta{}
	if err := json.Unmarshal(p, m); err != nil {
		return nil, err
	}
	if m.Format > formatVersion && m.ID == id {
		return nil, newer(metaFile, m.Format)
	}
	if m.Format != formatVersion || m.ID != id {
		return nil, fmt.Errorf("format %d of block %q", m.Format, m.ID)
	}
	return m, nil
}

const timeLayout = "20060102T150405"

// tempSuffix marks a directory that is being written or removed.
const tempSuffix = ".tmp"

// ID is the name of a block made at a time, covering the WAL up to seq.
func ID(at time.Time, seq uint64, generation int) string {
	id := fmt.Sprintf("%s-%016x", at.UTC().Format(timeLayout), seq)
	if generation > 0 {
		id += "." + strconv.Itoa(generation)
	}
	return id
}

// IsTemp reports whether a directory holds an unfinished block.
func IsTemp(name string) bool { return strings.HasSuffix(name, tempSuffix) }

// Rewritten reports whether a block's name is that of one made of other blocks.
func Rewritten(id string) bool { return strings.Contains(id, ".") }

// ParseID returns the time and sequence in a block's name.
func ParseID(id string) (at time.Time, seq uint64, ok bool) {
	stamp, rest, found := strings.Cut(id, "-")
	digits, generation, merged := strings.Cut(rest, ".")
	if !found || len(digits) != 16 {
		return time.Time{}, 0, false
	}
	if _, err := strconv.Atoi(generation); merged && err != nil {
		return time.Time{}, 0, false
	}
	at, timeErr := time.Parse(timeLayout, stamp)
	seq, seqErr := strconv.ParseUint(digits, 16, 64)
	return at, seq, timeErr == nil && seqErr == nil
}

// extremes tracks a smallest and a largest time.
type extremes struct{ lo, hi int64 }

func newExtremes() extremes { return extremes{math.MaxInt64, math.MinInt64} }

func (e *extremes) add(v int64) { e.lo, e.hi = min(e.lo, v), max(e.hi, v) }

// get returns zeros when nothing was added.
func (e *extremes) get() (lo, hi int64) {
	if e.lo > e.hi {
		return 0, 0
	}
	return e.lo, e.hi
}

package block

import (
	"github.com/parquet-go/parquet-go"
)

// attrRow is an attribute in a list, see appendText.
type attrRow struct {
	Key   string `parquet:"key,dict"`
	Type  int32  `parquet:"type,dict"`
	Value string `parquet:"value"`
}

// resourceRow is the schema of resources.parquet: a resource, or a scope.
type resourceRow struct {
	Kind      string    `parquet:"kind,dict"` // "resource" or "scope"
	ID        int32     `parquet:"id"`        // what the columns resource and scope of spans hold
	Name      string    `parquet:"name"`      // service.name, or the scope's name
	Version   string    `parquet:"version"`
	SchemaURL string    `parquet:"schema_url"`
	Dropped   int64     `parquet:"dropped_attributes"`
	Attrs     []attrRow `parquet:"attrs,list"`
}

// nodeRow is a node of a flow graph.
type nodeRow struct {
	Kind      int32  `parquet:"kind,dict"` // 0 service, 1 database, 2 queue, 3 external
	Namespace string `parquet:"namespace,dict"`
	Name      string `parquet:"name,dict"`
}

// flowRow is the schema of flows.parquet: model.FlowSummary. Flows are written
// column by column; this is how one is read.
type flowRow struct {
	TraceID     [16]byte  `parquet:"trace_id"`
	Operation   string    `parquet:"operation,dict"`
	Environment string    `parquet:"deployment_environment,dict"`
	Start       int64     `parquet:"start_unix_nano,delta,timestamp(nanosecond)"`
	Duration    int64     `parquet:"duration_nano"`
	Overrun     int64     `parquet:"overrun_nano"` // from Start and Duration to the end of the last span
	Status      int32     `parquet:"status,dict"`  // 0 success, 1 error, 2 timeout
	Revision    int64     `parquet:"revision,dict"`
	RootService nodeRow   `parquet:"root_service"`
	RootName    string    `parquet:"root_name,dict"`
	UIEvent     string    `parquet:"ui_event,dict"`
	User        string    `parquet:"user"`
	Session     string    `parquet:"session"`
	Error       string    `parquet:"error,dict"`
	Services    []nodeRow `parquet:"services,list"`
	SpanCount   int64     `parquet:"span_count"`
	ErrorCount  int64     `parquet:"error_count,dict"`
	Orphans     int64     `parquet:"orphans,dict"`
	NoRoot      bool      `parquet:"no_root"`
}

// coarseRow is the schema of rollups_coarse.parquet: rows of rollups.parquet
// added up over wider buckets.
type coarseRow struct {
	Width int64 `parquet:"width_nano,dict"` // of the bucket
	rollupRow
}

// rollupRow is the schema of rollups.parquet: one entry of a model.Rollup.
type rollupRow struct {
	Operation   string  `parquet:"operation,dict"`
	Environment string  `parquet:"deployment_environment,dict"`
	Bucket      int64   `parquet:"bucket_unix_nano,delta,timestamp(nanosecond)"`
	Entry       int32   `parquet:"entry,dict"` // see the entry constants
	From        nodeRow `parquet:"from"`       // the node itself, or the caller
	To          nodeRow `parquet:"to"`         // the called node of an edge
	Count       int64   `parquet:"count"`      // flows, requests or calls
	Errors      int64   `parquet:"errors"`
	Timeouts    int64   `parquet:"timeouts"` // of flows
	Retries     int64   `parquet:"retries"`  // of edges
	Breaks      int64   `parquet:"breaks"`   // of edges
	Self        int64   `parquet:"self_nano"`
	Critical    int64   `parquet:"critical_nano"`
	LastSeen    int64   `parquet:"last_seen_unix_nano,timestamp(nanosecond)"` // of flows
	Sketch      []byte  `parquet:"sketch"`                                    // internal/sketch's encoding
}

// What a rollupRow counts.
const (
	entryFlows = iota
	entryNode
	entryEdge
)

const (
	spansFile     = "spans.parquet"
	resourcesFile = "resources.parquet"
	flowsFile     = "flows.parquet"
	rollupsFile   = "rollups.parquet"
	coarseFile    = "rollups_coarse.parquet"
	metaFile      = "meta.json"

	// tablePageRows is how many rows of the small files share a page.
	tablePageRows = 1024
	// coarsePageRows is smaller: one operation's rows of a stretch of time are
	// some hundred.
	coarsePageRows = 256
)

// writerOptions are those of a file with so many rows. A column allocates its
// page buffer at once, so a small file gets small ones.
func writerOptions(schema *parquet.Schema, rows int) []parquet.WriterOption {
	const perRow, least = 16, 1 << 10 // bytes; a page that needs more is two pages
	return []parquet.WriterOption{
		parquet.PageBufferSize(min(max(perRow*rows, least), parquet.DefaultPageBufferSize)),
		parquet.WriteBufferSize(min(max(perRow*rows, least), 256<<10)),
		schema,
		parquet.Compression(&parquet.Zstd),
		parquet.CreatedBy("flowscope", "1", ""),
		parquet.DataPageStatistics(false), // the page index has them
	}
}

package block

import (
	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// spanRow is the schema of spans.parquet. Spans are written and read column by
// column, never as this struct; it is what a generic Parquet reader sees.
type spanRow struct {
	TraceID       [16]byte  `parquet:"trace_id,dict"`
	SpanID        [8]byte   `parquet:"span_id,uncompressed"`
	ParentSpanID  [8]byte   `parquet:"parent_span_id"`
	Start         int64     `parquet:"start_unix_nano,delta,timestamp(nanosecond)"`
	Duration      int64     `parquet:"duration_nano"`
	Name          string    `parquet:"name,dict"`
	Kind          int32     `parquet:"kind,dict"`
	StatusCode    int32     `parquet:"status_code,dict"`
	StatusMessage string    `parquet:"status_message,dict"`
	TraceState    string    `parquet:"trace_state,dict"`
	Flags         int32     `parquet:"flags,dict"`
	Service       string    `parquet:"service_name,dict"`
	Namespace     string    `parquet:"service_namespace,dict"`
	Version       string    `parquet:"service_version,dict"`
	Environment   string    `parquet:"deployment_environment,dict"`
	Resource      int32     `parquet:"resource,dict"`
	Scope         int32     `parquet:"scope,dict"`
	Marks         int32     `parquet:"marks,dict"`
	DroppedAttrs  int32     `parquet:"dropped_attributes,dict"`
	DroppedEvents int32     `parquet:"dropped_events,dict"`
	DroppedLinks  int32     `parquet:"dropped_links,dict"`
	AttrOrder     []byte    `parquet:"attr_order,dict"`
	Attrs         []attrRow `parquet:"attrs,list"`
	Events        []byte    `parquet:"events,optional"`
	Links         []byte    `parquet:"links,optional"`
	promotedRow
}

// attrRow is an attribute with no column of its own, see valueText.
type attrRow struct {
	Key   string `parquet:"key,dict"`
	Type  int32  `parquet:"type,dict"`
	Value string `parquet:"value"`
}

// promotedRow are the attributes with a column of their own: what the OpenTelemetry
// semantic conventions put on nearly every span and what people search by, under
// its old name too where that is still widely sent.
type promotedRow struct {
	FlowOperation     *string `parquet:"flow.operation,optional,dict"`
	HTTPMethod        *string `parquet:"http.request.method,optional,dict"`
	HTTPStatus        *int64  `parquet:"http.response.status_code,optional,dict"`
	HTTPRoute         *string `parquet:"http.route,optional,dict"`
	URLPath           *string `parquet:"url.path,optional"`
	URLFull           *string `parquet:"url.full,optional"`
	ServerAddress     *string `parquet:"server.address,optional,dict"`
	ServerPort        *int64  `parquet:"server.port,optional,dict"`
	ErrorType         *string `parquet:"error.type,optional,dict"`
	PeerService       *string `parquet:"peer.service,optional,dict"`
	DBSystem          *string `parquet:"db.system.name,optional,dict"`
	DBNamespace       *string `parquet:"db.namespace,optional,dict"`
	DBCollection      *string `parquet:"db.collection.name,optional,dict"`
	DBOperation       *string `parquet:"db.operation.name,optional,dict"`
	DBQuery           *string `parquet:"db.query.text,optional"`
	RPCSystem         *string `parquet:"rpc.system,optional,dict"`
	RPCService        *string `parquet:"rpc.service,optional,dict"`
	RPCMethod         *string `parquet:"rpc.method,optional,dict"`
	MessagingSystem   *string `parquet:"messaging.system,optional,dict"`
	MessagingTarget   *string `parquet:"messaging.destination.name,optional,dict"`
	MessagingOp       *string `parquet:"messaging.operation.type,optional,dict"`
	OldHTTPMethod     *string `parquet:"http.method,optional,dict"`
	OldHTTPStatus     *int64  `parquet:"http.status_code,optional,dict"`
	OldDBSystem       *string `parquet:"db.system,optional,dict"`
	SessionID         *string `parquet:"session.id,optional"`
	EndUser           *string `parquet:"enduser.pseudo.id,optional"`
	UserAgentOriginal *string `parquet:"user_agent.original,optional,dict"`
}

// promotedAttr is one attribute with a column of its own. Its number in
// attr_order is its place in the list, from 1; numbers are never given anew.
type promotedAttr struct {
	name string
	typ  model.ValueType
}

func promotedAttrs() []promotedAttr {
	const text, number = model.TypeString, model.TypeInt
	return []promotedAttr{
		{"flow.operation", text}, {"http.request.method", text}, {"http.response.status_code", number},
		{"http.route", text}, {"url.path", text}, {"url.full", text}, {"server.address", text},
		{"server.port", number}, {"error.type", text}, {"peer.service", text}, {"db.system.name", text},
		{"db.namespace", text}, {"db.collection.name", text}, {"db.operation.name", text}, {"db.query.text", text},
		{"rpc.system", text}, {"rpc.service", text}, {"rpc.method", text}, {"messaging.system", text},
		{"messaging.destination.name", text}, {"messaging.operation.type", text}, {"http.method", text},
		{"http.status_code", number}, {"db.system", text}, {"session.id", text}, {"enduser.pseudo.id", text},
		{"user_agent.original", text},
	}
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

// flowRow is the schema of flows.parquet: model.FlowSummary.
type flowRow struct {
	TraceID     [16]byte  `parquet:"trace_id"`
	Operation   string    `parquet:"operation,dict"`
	Environment string    `parquet:"deployment_environment,dict"`
	Start       int64     `parquet:"start_unix_nano,delta,timestamp(nanosecond)"`
	End         int64     `parquet:"end_unix_nano,delta,timestamp(nanosecond)"`
	Duration    int64     `parquet:"duration_nano"`
	Status      int32     `parquet:"status,dict"` // 0 success, 1 error, 2 timeout
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
	metaFile      = "meta.json"

	// pageRows is how many spans share a page of each column: a trace lookup
	// decodes one page a column, and a page compresses well from about here.
	pageRows = 8192
	// flowPageRows is smaller because a page of flows is fetched by rows.
	flowPageRows = 1024
	// groupRows bounds what a writer holds of a file in memory.
	groupRows = 32 * pageRows
	// bloomBits gives a bloom filter one false yes in a hundred.
	bloomBits = 10
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

// traceFilter makes the bloom filter on trace ids.
func traceFilter() parquet.WriterOption {
	return parquet.BloomFilters(parquet.SplitBlockFilter(bloomBits, "trace_id"))
}

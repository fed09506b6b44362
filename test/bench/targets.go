package main

// A target is one row of the table: what is promised.
type target struct {
	id        string
	what      string
	unit      string  // of the measured value and its reference
	must, aim float64 // at most, of the value; of its ratio to the reference when ratio is set
	ratio     bool
}

// Names of rows.
const (
	cpuHTTP          = "cpu-http"
	cpuGRPC          = "cpu-grpc"
	diskBytes        = "disk"
	peakMemory       = "memory"
	lookupP50        = "lookup-p50"
	lookupP99        = "lookup-p99"
	findP99          = "find-p99"
	scanColumn       = "scan-column"
	scanRest         = "scan-rest"
	graphOne         = "graph-operation"
	graphAll         = "graph-all"
	startTime        = "start"
	mixedP99         = "ingest-p99"
	followedApart    = "followed-apart"
	followedTogether = "followed-together"
	dashboardP99     = "dashboards-p99"
	unitNanos        = "ns"
	unitMillis       = "ms"
	unitBytes        = "B"
	unitMega         = "MB"
	verdictAim       = "aim met"
	verdictMust      = "must met"
	verdictMiss      = "missed"
)

// targets are the rows in order. The numbers are promises; they change with the
// issue that made them, not with what was measured.
func targets() []target {
	return []target{
		{cpuHTTP, "CPU of the server per span, OTLP/HTTP", unitNanos, 3, 1.6, true},
		{cpuGRPC, "CPU of the server per span, OTLP/gRPC", unitNanos, 3.3, 1.9, true},
		{diskBytes, "bytes on disk per span, after compaction", unitBytes, 0.9, 0.65, true},
		{peakMemory, "peak memory at full speed, at least 80 % of the spans in store", unitMega, 600, 350, false},
		{lookupP50, "trace by id, cold process, p50", unitMillis, 3, 1, false},
		{lookupP99, "trace by id, cold process, p99", unitMillis, 15, 5, false},
		{findP99, "find by service, operation, duration and status in an hour, p99", unitMillis, 50, 15, false},
		{scanColumn, "attribute equality over all spans, a column without dictionary", unitMillis, 3000, 800, false},
		{scanRest, "attribute equality over all spans, no column of its own", unitMillis, 3000, 800, false},
		{graphOne, "flow graph of one operation over 7 days", unitMillis, 300, 50, false},
		{graphAll, "dependency graph of everything over 7 days", unitMillis, 300, 50, false},
		{startTime, "start until /readyz, all spans on disk", unitMillis, 2000, 300, false},
		{followedApart, "CPU of the server per span with 1,000 subscribers, a WebSocket each", unitNanos, 1.25, 1.1, true},
		{followedTogether, "CPU of the server per span with 1,000 subscribers, 16 a WebSocket", unitNanos, 1.25, 1.1, true},
		{mixedP99, "request latency at half of full speed while queries run, p99", unitMillis, 100, 30, false},
		{dashboardP99, "slowest API call of 100 dashboards, each with a WebSocket, at 50,000 spans/s, p99", unitMillis, 100, 30, false},
	}
}

// row is a target and what was measured.
type row struct {
	ID        string  `json:"id"`
	What      string  `json:"what"`
	Unit      string  `json:"unit"`
	Must      float64 `json:"must"`
	Aim       float64 `json:"aim"`
	ByRatio   bool    `json:"byRatio"` // Must and Aim are of Ratio, not of Measured
	Measured  float64 `json:"measured"`
	Reference float64 `json:"reference"`
	Beside    string  `json:"beside"` // what the reference is
	Ratio     float64 `json:"ratio"`
	Verdict   string  `json:"verdict"`
}

func (t target) row(measured, reference float64, beside string) row {
	r := row{
		ID: t.id, What: t.what, Unit: t.unit, Must: t.must, Aim: t.aim, ByRatio: t.ratio,
		Measured: measured, Reference: reference, Beside: beside, Ratio: measured / reference,
	}
	judged := r.Measured
	if t.ratio {
		judged = r.Ratio
	}
	switch {
	case judged <= t.aim:
		r.Verdict = verdictAim
	case judged <= t.must:
		r.Verdict = verdictMust
	default: // NaN, too
		r.Verdict = verdictMiss
	}
	return r
}

package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/flowscope/flowscope/internal/receive"
)

// collector shows the parts' own counts as Prometheus metrics. The parts know
// nothing of Prometheus; they are asked when somebody scrapes.
type collector struct {
	server *Server
	descs  map[string]*prometheus.Desc
}

// family is a metric without its value.
type family struct {
	name, help string
	kind       prometheus.ValueType
	labels     []string
}

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

// Names of metrics, by what they count.
const (
	receiveRequests  = "flowscope_receive_requests_total"
	receiveBytes     = "flowscope_receive_bytes_total"
	receiveSpans     = "flowscope_receive_spans_total"
	receiveRejected  = "flowscope_receive_rejected_spans_total"
	receiveCorrected = "flowscope_receive_corrected_spans_total"
	receiveRefused   = "flowscope_receive_refused_requests_total"
	receiveInFlight  = "flowscope_receive_in_flight_bytes"

	assembleOpen       = "flowscope_assemble_open_traces"
	assembleLingering  = "flowscope_assemble_lingering_traces"
	assembleRemembered = "flowscope_assemble_remembered_traces"
	assembleBytes      = "flowscope_assemble_held_bytes"
	assembleQueue      = "flowscope_assemble_queue_bytes"
	assembleFlows      = "flowscope_assemble_flows_total"
	assembleLate       = "flowscope_assemble_late_spans_total"
	assembleCorrected  = "flowscope_assemble_corrected_flows_total"
	assembleForced     = "flowscope_assemble_forced_flows_total"
	assembleDropped    = "flowscope_assemble_dropped_spans_total"

	liveFollowers     = "flowscope_live_followers"
	liveSubscriptions = "flowscope_live_subscriptions"
	livePublished     = "flowscope_live_events_total"
	liveDropped       = "flowscope_live_dropped_events_total"
)

func families() []family {
	transport := []string{"transport"}
	return append([]family{
		{receiveRequests, "OTLP requests, the refused ones too.", counter, transport},
		{receiveBytes, "Bytes of OTLP bodies after decompression.", counter, transport},
		{receiveSpans, "Spans that were stored and acknowledged.", counter, transport},
		{receiveRejected, "Spans refused one by one, by reason.", counter, []string{"transport", "reason"}},
		{receiveCorrected, "Corrections made to stored spans, by what was corrected.", counter, []string{"transport", "correction"}},
		{receiveRefused, "OTLP requests refused whole, by reason.", counter, []string{"transport", "reason"}},
		{receiveInFlight, "Bytes that requests hold right now.", gauge, nil},

		{assembleOpen, "Traces not yet counted.", gauge, nil},
		{assembleLingering, "Counted traces whose spans are kept for late ones.", gauge, nil},
		{assembleRemembered, "Ids of counted traces that are remembered.", gauge, nil},
		{assembleBytes, "Bytes of batches held by open and lingering traces.", gauge, nil},
		{assembleQueue, "Bytes of batches that wait to be assembled.", gauge, nil},
		{assembleFlows, "Flows counted.", counter, nil},
		{assembleLate, "Spans that came after their trace was counted.", counter, nil},
		{assembleCorrected, "Flows replaced because of late spans.", counter, nil},
		{assembleForced, "Traces analysed early for lack of memory.", counter, nil},
		{assembleDropped, "Spans left out of their flow, though stored.", counter, nil},

		{liveFollowers, "Connections that follow flows.", gauge, nil},
		{liveSubscriptions, "Subscriptions of those who follow flows.", gauge, nil},
		{livePublished, "Events of flows published to those who follow.", counter, nil},
		{liveDropped, "Events at most that a follower wanted and was not given.", counter, nil},
	}, storeFamilies()...)
}

func newCollector(s *Server) *collector {
	c := &collector{server: s, descs: map[string]*prometheus.Desc{}}
	for _, f := range families() {
		c.descs[f.name] = prometheus.NewDesc(f.name, f.help, f.labels, nil)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	kinds := map[string]prometheus.ValueType{}
	for _, f := range families() {
		kinds[f.name] = f.kind
	}
	put := func(name string, v int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(c.descs[name], kinds[name], float64(v), labels...)
	}
	c.collectReceive(put)
	c.collectAssemble(put)
	c.collectLive(put)
	c.collectStore(put)
}

func (c *collector) collectLive(put func(string, int64, ...string)) {
	stats := c.server.live.Stats()
	put(liveFollowers, int64(stats.Followers))
	put(liveSubscriptions, int64(stats.Subscriptions))
	put(livePublished, stats.Published)
	put(liveDropped, stats.Dropped)
}

func (c *collector) collectReceive(put func(string, int64, ...string)) {
	if c.server.receive == nil {
		return
	}
	stats := c.server.receive.Stats()
	put(receiveInFlight, stats.InFlight)
	for transport, t := range stats.Transports {
		put(receiveRequests, t.Requests, transport)
		put(receiveBytes, t.Bytes, transport)
		put(receiveSpans, t.Accepted, transport)
		for _, by := range []struct {
			name   string
			counts map[string]int64
		}{{receiveRejected, t.Rejected}, {receiveCorrected, t.Corrected}, {receiveRefused, t.Refused}} {
			for reason, n := range by.counts {
				put(by.name, n, transport, reason)
			}
		}
	}
}

func (c *collector) collectAssemble(put func(string, int64, ...string)) {
	stats := c.server.assemble.Stats()
	put(assembleOpen, stats.Open)
	put(assembleLingering, stats.Lingering)
	put(assembleRemembered, stats.Remembered)
	put(assembleBytes, stats.Bytes)
	put(assembleQueue, stats.QueueBytes)
	put(assembleFlows, stats.Analysed)
	put(assembleLate, stats.Late)
	put(assembleCorrected, stats.Corrected)
	put(assembleForced, stats.Forced)
	put(assembleDropped, stats.Dropped)
}

// received is the number of spans taken since the server began.
func received(s receive.Stats) (spans int64) {
	for _, t := range s.Transports {
		spans += t.Accepted
	}
	return spans
}

package receive

import (
	"sync"
	"sync/atomic"

	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/model"
)

// Stats are counts since the server began, but for InFlight.
type Stats struct {
	Transports map[string]TransportStats // by "http" and "grpc", those that are on
	InFlight   int64                     // bytes that requests hold right now
}

// TransportStats count what came in over one transport. A label that was
// never counted is missing from its map.
type TransportStats struct {
	Requests  int64            // all, the refused ones too
	Bytes     int64            // of bodies, decompressed
	Accepted  int64            // spans that the sink took
	Rejected  map[string]int64 // spans refused one by one, by decode.Reason
	Corrected map[string]int64 // corrections made to accepted spans, by model.Marks
	Refused   map[string]int64 // requests refused whole, by Kind
}

// Stats returns the counts of now.
func (s *Server) Stats() Stats {
	all := Stats{InFlight: s.budget.used.Load(), Transports: make(map[string]TransportStats, len(s.doors))}
	for _, d := range s.doors {
		all.Transports[d.ingest.transport] = d.ingest.stats.snapshot()
	}
	return all
}

// counters are TransportStats while they are being counted.
type counters struct {
	requests, bytes, accepted atomic.Int64
	refused                   [kinds]atomic.Int64

	mu        sync.Mutex // bad spans are rare
	rejected  map[decode.Reason]int64
	corrected map[model.Marks]int64
}

func newCounters() *counters {
	return &counters{rejected: map[decode.Reason]int64{}, corrected: map[model.Marks]int64{}}
}

// count adds what became of one request's spans.
func (c *counters) count(r *decode.Report) {
	c.accepted.Add(int64(r.Accepted))
	if r.Rejected == 0 && len(r.Corrected) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for reason, n := range r.Reasons {
		c.rejected[reason] += int64(n)
	}
	for mark, n := range r.Corrected {
		c.corrected[mark] += int64(n)
	}
}

func (c *counters) snapshot() TransportStats {
	s := TransportStats{
		Requests: c.requests.Load(), Bytes: c.bytes.Load(), Accepted: c.accepted.Load(),
		Rejected: map[string]int64{}, Corrected: map[string]int64{}, Refused: map[string]int64{},
	}
	for k := range kinds {
		if n := c.refused[k].Load(); n > 0 {
			s.Refused[k.String()] = n
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for reason, n := range c.rejected {
		s.Rejected[reason.String()] = n
	}
	for mark, n := range c.corrected {
		s.Corrected[mark.String()] = n
	}
	return s
}

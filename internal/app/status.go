package app

import (
	"cmp"
	"time"

	"github.com/flowscope/flowscope/internal/api"
	"github.com/flowscope/flowscope/internal/config"
	"github.com/flowscope/flowscope/internal/receive"
)

func (s *Server) receiveStats() receive.Stats {
	if s.receive == nil {
		return receive.Stats{}
	}
	return s.receive.Stats()
}

func (s *Server) status() api.Status {
	stored := s.store.Stats()
	return api.Status{
		StartTime: s.began, UptimeSeconds: time.Since(s.began).Seconds(),
		OTLPGRPC:      cmp.Or(s.addr(listenGRPC), config.Off),
		OTLPHTTP:      cmp.Or(s.addr(listenOTLPHTTP), config.Off),
		SpansReceived: received(s.receiveStats()),
		SpansStored:   stored.LiveSpans + stored.StoredSpans,
		TracesOpen:    s.assemble.Stats().Open,
		StoreBytes:    stored.StoredBytes,
	}
}

// ready says which parts can do their work.
func (s *Server) ready() api.Readiness {
	r := api.Readiness{Ready: true, Components: map[string]string{}}
	for part, err := range map[string]error{"store": s.store.Health(), "wal": s.store.WALHealth()} {
		r.Components[part] = "ok"
		if err != nil {
			r.Ready = false
			r.Components[part] = err.Error()
		}
	}
	for _, name := range []string{listenGRPC, listenOTLPHTTP} {
		r.Components[name] = cmp.Or(s.addr(name), config.Off)
	}
	return r
}

// counted is what has arrived and been understood so far.
func (s *Server) counted() tally {
	return tally{flows: s.assemble.Stats().Analysed, spans: received(s.receiveStats())}
}

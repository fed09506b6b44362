package api

import (
	"net/http"
	"time"
)

// Status is what the server says of itself.
type Status struct {
	Version       string    `json:"version"`
	StartTime     time.Time `json:"startTime"`
	UptimeSeconds float64   `json:"uptimeSeconds"`
	OTLPGRPC      string    `json:"otlpGrpc"` // address, or "off"
	OTLPHTTP      string    `json:"otlpHttp"` // address, or "off"
	SpansReceived int64     `json:"spansReceived"`
	SpansStored   int64     `json:"spansStored"`
	TracesOpen    int64     `json:"tracesOpen"`
	StoreBytes    int64     `json:"storeBytes"`
}

func (s *server) status(_ *http.Request, p *params) (any, error) {
	if err := p.done(); err != nil {
		return nil, err
	}
	status := s.Status()
	status.StartTime = status.StartTime.UTC()
	return status, nil
}

// Readiness is whether the server can do its work, and which part cannot.
type Readiness struct {
	Ready      bool              `json:"ready"`
	Components map[string]string `json:"components"` // "ok", or what is wrong
}

func (s *server) readyz(w http.ResponseWriter, _ *http.Request) {
	ready := s.Ready()
	status := http.StatusOK
	if !ready.Ready {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, status, ready)
}

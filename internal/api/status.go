package api

import (
	"net/http"
	"time"

	"github.com/flowscope/flowscope/internal/api/rest"
)

// Status is what the server says of itself. Mode and Version are filled in by
// the handler.
type Status struct {
	Mode          string    `json:"mode"` // "server"; a process that shows its own flows says "process"
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

func (s *server) status() any {
	status := s.Status()
	status.Mode, status.Version = "server", s.Version
	status.StartTime = status.StartTime.UTC()
	return status
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
	rest.WriteJSON(w, status, ready)
}

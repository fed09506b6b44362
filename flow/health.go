package flow

// Health is what a tracker knows of its process besides flows. /debug/flow/health
// answers it as JSON.
type Health struct {
	Runtime   Runtime        `json:"runtime"`
	SLOs      []SLOStatus    `json:"slos,omitempty"`
	Anomalies []Anomaly      `json:"anomalies,omitempty"` // the newest first
	Errors    []ErrorPattern `json:"errors,omitempty"`    // the most frequent first
	Pools     []Pool         `json:"pools,omitempty"`
	Caches    []CacheStats   `json:"caches,omitempty"`
	Limits    []LimitStats   `json:"limits,omitempty"`
}

// Health returns what is known now.
func (t *Tracker) Health() Health {
	anomalies, _ := t.Anomalies()
	return Health{
		Runtime: t.Runtime(), SLOs: t.SLOs(), Anomalies: anomalies, Errors: t.ErrorPatterns(),
		Pools: t.Pools(), Caches: t.Caches(), Limits: t.Limits(),
	}
}

package api

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/flowscope/flowscope/internal/api/rest"
)

// metrics is how the HTTP server is doing. Labels are bounded: routes are
// patterns, methods outside the known ones are counted together.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	panics   prometheus.Counter
}

func newMetrics(registry *prometheus.Registry) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "flowscope_http_requests_total",
			Help: "Requests answered by the API and dashboard server.",
		}, []string{"route", "method", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "flowscope_http_request_duration_seconds",
			Help: "Time to answer a request.",
			// From a cached answer to the request timeout.
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "flowscope_http_panics_total",
			Help: "Requests that ended in a panic and were answered with 500.",
		}),
	}
	err := errors.Join(registry.Register(m.requests), registry.Register(m.duration), registry.Register(m.panics))
	return m, err
}

func (m *metrics) observe(r *http.Request, e *rest.Exchange) {
	if e.Panic != nil {
		m.panics.Inc()
	}
	m.requests.WithLabelValues(route(r), method(r), strconv.Itoa(e.Status)).Inc()
	if !e.Stream {
		m.duration.WithLabelValues(route(r)).Observe(e.Took.Seconds())
	}
}

// method is the request's method when it is a usual one; a client may send any word.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return r.Method
	default:
		return "other"
	}
}

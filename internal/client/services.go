package client

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"strings"
)

// Service is what its spans in a period come to.
type Service struct {
	Name        string   `json:"name"`
	Namespace   string   `json:"namespace"`
	Environment string   `json:"environment"`
	PodCount    int      `json:"podCount"`
	Versions    []string `json:"versions"` // the latest first
	Status      string   `json:"status"`
	Metrics     struct {
		RequestRate float64 `json:"requestRate"` // per second
		ErrorRate   float64 `json:"errorRate"`
		latencies
	} `json:"metrics"`
}

// Services yields pages of the services that the parameters of GET /services
// select, at most so many. It ends with the first error.
func (c *Client) Services(ctx context.Context, params url.Values, limit int) iter.Seq2[*Page[Service], error] {
	return numbered(ctx, c, "services", params, maxRollupPage, limit, func(s *Service) string {
		return strings.Join([]string{s.Environment, s.Namespace, s.Name}, "\x00")
	})
}

// PrintServices writes pages of services.
func PrintServices(o Output, pages iter.Seq2[*Page[Service], error]) error {
	return listing[Service]{
		name: "services",
		head: []string{"SERVICE", "NAMESPACE", "ENVIRONMENT", "STATUS", ">PODS", ">RATE", ">ERRORS", ">P50", ">P95", ">P99", "VERSIONS"},
		add: func(rows *table, s *Service) {
			m := &s.Metrics
			rows.add(cell(s.Name), cell(s.Namespace), cell(s.Environment), cell(s.Status), strconv.Itoa(s.PodCount),
				perSecond(m.RequestRate), percent(m.ErrorRate), millis(m.P50), millis(m.P95), millis(m.P99), cell(strings.Join(s.Versions, ",")))
			rows.style(3, statusStyle(s.Status))
		},
	}.write(o, pages)
}

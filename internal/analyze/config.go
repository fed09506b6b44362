package analyze

import "cmp"

// Config says what analysis can be told. The zero Config has the defaults.
type Config struct {
	// OperationAttributes are span attributes that name the operation when
	// flow.operation and its copies do not, the best first.
	// Default: app.operation, ui.operation.
	OperationAttributes []string

	// MaxNames bounds the distinct operations, environments and nodes that an
	// Analyzer knows, each. Default 10,000: more than people tell apart, and a
	// few MB.
	MaxNames int

	// DegradedAt is the share of failed requests from which a node counts as
	// degraded. Default 0.01.
	DegradedAt float64

	// DownAt is the share from which it counts as down, and DownCalls the
	// requests that takes. Defaults 0.5 and 5.
	DownAt    float64
	DownCalls int64
}

const defaultMaxNames = 10_000

func (c Config) operationAttributes() []string {
	if c.OperationAttributes == nil {
		return []string{"app.operation", "ui.operation"}
	}
	return c.OperationAttributes
}

// NodeStatus is how well a node does.
type NodeStatus uint8

// The statuses of a node.
const (
	NodeHealthy NodeStatus = iota
	NodeDegraded
	NodeDown
)

// String names the status as the API does.
func (s NodeStatus) String() string { return [...]string{"healthy", "degraded", "down"}[s] }

// NodeStatus judges a node, or an edge, by its requests and how many failed.
func (c Config) NodeStatus(requests, errors int64) NodeStatus {
	rate := float64(errors) / float64(max(requests, 1))
	switch {
	case errors <= 0:
		return NodeHealthy
	case rate >= cmp.Or(c.DownAt, 0.5) && requests >= cmp.Or(c.DownCalls, 5):
		return NodeDown
	case rate >= cmp.Or(c.DegradedAt, 0.01):
		return NodeDegraded
	default:
		return NodeHealthy
	}
}

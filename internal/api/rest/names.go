package rest

import "github.com/flowscope/flowscope/internal/model"

// The names of a span's kind and status are those of the OpenTelemetry
// specification.

func kindName(k model.Kind) string {
	return [...]string{"UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"}[k]
}

func statusName(c model.StatusCode) string {
	return [...]string{"UNSET", "OK", "ERROR"}[c]
}

// flowStatuses are the accepted values of a status parameter.
func flowStatuses() []string {
	return []string{model.FlowSuccess.String(), model.FlowError.String(), model.FlowTimeout.String()}
}

// idOrNone is a span id, empty for none.
func idOrNone(id model.SpanID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

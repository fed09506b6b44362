package storecmd

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// ParseFilter reads a filter as the flags give it; an error names the flag. A
// time is RFC 3339, or now-24h.
func ParseFilter(from, to, service string, traceIDs []string, now time.Time) (Filter, error) {
	f := Filter{Service: service}
	var err error
	if f.From, err = parseTime(from, now); err != nil {
		return f, fmt.Errorf("--from: %w", err)
	}
	if f.To, err = parseTime(to, now); err != nil {
		return f, fmt.Errorf("--to: %w", err)
	}
	if f.To != 0 && f.From >= f.To {
		return f, errors.New("--from: must be before --to")
	}
	for _, text := range traceIDs {
		id, err := model.ParseTraceID(text)
		if err != nil {
			return f, fmt.Errorf("--trace-id: %w", err)
		}
		f.TraceIDs = append(f.TraceIDs, id)
	}
	return f, nil
}

// parseTime returns Unix ns, 0 for an empty text.
func parseTime(text string, now time.Time) (int64, error) {
	if text == "" {
		return 0, nil
	}
	if ago, relative := strings.CutPrefix(text, "now-"); relative {
		if d, err := time.ParseDuration(ago); err == nil && d >= 0 {
			return now.Add(-d).UnixNano(), nil
		}
	} else if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UnixNano(), nil
	}
	return 0, fmt.Errorf("%q is neither a time like 2026-11-20T12:00:00Z nor one like now-24h", text)
}

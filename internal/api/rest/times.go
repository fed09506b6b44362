package rest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
)

// defaultRange is how far back an answer looks when it is not told.
const defaultRange = time.Hour

// Times accepted reach from 1970 to 2200, as those of spans do.
var (
	earliest = time.Unix(0, 0)
	latest   = time.Unix(0, model.LatestTime)
)

// period reads startTime and endTime, by default the last hour.
func (p *params) period() query.Period {
	start, end := p.time("startTime"), p.time("endTime")
	if end.IsZero() {
		end = p.now
	}
	if start.IsZero() {
		start = end.Add(-defaultRange)
	}
	if p.fault == nil && !start.Before(end) {
		p.fail("startTime", "startTime is not before endTime")
	}
	return query.Period{From: start.UnixNano(), To: end.UnixNano()}
}

// time reads a point in time, the zero time when it is not there.
func (p *params) time(name string) time.Time {
	v := p.text(name)
	if v == "" {
		return time.Time{}
	}
	t, err := parseTime(v, p.now)
	if err != nil {
		p.fail(name, fmt.Sprintf("%s is %q, not a time: %v", name, v, err))
	}
	return t
}

var (
	errTimeFormat = errors.New("RFC 3339, Unix s, ms, µs or ns, now, or now-1h (s, m, h, d) is accepted")
	errTimeRange  = errors.New("times from 1970 to 2200 are accepted")
)

// parseTime reads RFC 3339, a Unix time in s, ms, µs or ns, "now", or "now"
// less a number of s, m, h or d.
func parseTime(v string, now time.Time) (time.Time, error) {
	t, err := readTime(v, now)
	switch {
	case err != nil:
		return time.Time{}, err
	case t.Before(earliest) || t.After(latest):
		return time.Time{}, errTimeRange
	default:
		return t, nil
	}
}

func readTime(v string, now time.Time) (time.Time, error) {
	if v == "now" {
		return now, nil
	}
	if ago, relative := strings.CutPrefix(v, "now-"); relative {
		return relativeTime(ago, now)
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		return unixTime(n), nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return time.Time{}, errTimeFormat
	}
	return t, nil
}

// unixTime tells the unit by the magnitude. Each limit is the year 5138 in its
// unit, and 1973 in the next finer one.
func unixTime(n int64) time.Time {
	switch {
	case n < 1e11:
		return time.Unix(n, 0)
	case n < 1e14:
		return time.UnixMilli(n)
	case n < 1e17:
		return time.UnixMicro(n)
	default:
		return time.Unix(0, n)
	}
}

var units = map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}

// relativeTime reads what follows "now-": a number and a unit.
func relativeTime(ago string, now time.Time) (time.Time, error) {
	if ago == "" {
		return time.Time{}, errTimeFormat
	}
	last := len(ago) - 1
	unit, known := units[ago[last]]
	n, err := strconv.ParseUint(ago[:last], 10, 63)
	switch {
	case !known || err != nil:
		return time.Time{}, errTimeFormat
	case n > uint64(latest.Sub(earliest)/unit):
		return time.Time{}, errTimeRange
	default:
		return now.Add(-time.Duration(n) * unit), nil
	}
}

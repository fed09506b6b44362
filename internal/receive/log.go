package receive

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// logEvery is how often one kind of refusal is logged at most, so that a
// broken sender cannot fill the disk.
const logEvery = time.Second

// limitedLog logs refusals, at most one of a kind per logEvery, and says how
// many of that kind it left out since. It also names requests.
type limitedLog struct {
	to     *slog.Logger
	prefix string // of request ids: differs from one run of the server to the next
	lastID atomic.Uint64

	mu    sync.Mutex
	kinds [kinds]struct {
		last    time.Time
		skipped int
	}
}

func newLimitedLog(to *slog.Logger) *limitedLog {
	var run [4]byte
	rand.Read(run[:])
	return &limitedLog{to: to, prefix: hex.EncodeToString(run[:]) + "-"}
}

// refusal logs that a request was refused and returns the id it gave to the
// request, which the sender is told too.
func (l *limitedLog) refusal(ctx context.Context, transport, remote string, f *failure) string {
	id := l.prefix + strconv.FormatUint(l.lastID.Add(1), 10)
	skipped, ok := l.turn(f.kind, time.Now())
	if !ok {
		return id
	}
	level := slog.LevelWarn
	if f.kind == Internal || f.kind == Failed {
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("request_id", id), slog.String("transport", transport), slog.String("remote", remote),
		slog.String("kind", f.kind.String()), slog.String("reason", f.message),
	}
	if f.cause != nil {
		attrs = append(attrs, slog.Any("error", f.cause))
	}
	if skipped > 0 {
		attrs = append(attrs, slog.Int("not_logged", skipped))
	}
	l.to.LogAttrs(ctx, level, "refused an OTLP request", attrs...)
	return id
}

// turn reports whether a refusal of that kind may be logged now and, if so,
// how many were not.
func (l *limitedLog) turn(k Kind, now time.Time) (skipped int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kind := &l.kinds[k]
	if now.Sub(kind.last) < logEvery {
		kind.skipped++
		return 0, false
	}
	skipped = kind.skipped
	kind.last, kind.skipped = now, 0
	return skipped, true
}

package flow

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowscope/flowscope/internal/inprocess"
)

// Tracker records flows. It may be used by any number of goroutines.
type Tracker struct {
	cfg      config
	began    time.Time
	resource []byte // encoded

	enabled atomic.Bool
	steps   stepTree
	shards  []shard
	history *ring
	outbox  *ring                // what exporters read: the history, or a small one beside it; nil without exporters
	tap     atomic.Pointer[ring] // every flow, while somebody analyses them
	bridge  atomic.Pointer[Bridge]
	anchor  atomic.Pointer[anchor]

	unused  atomic.Int64 // bytes that running flows may take and no shard has drawn
	tooBig  atomic.Int64 // flows that the history could not take
	dropped atomic.Int64 // operations that were counted but not recorded

	untapped atomic.Uint64 // flows that the tap could not take, as far as nobody was told

	observer observer
	viewed   sync.Once
	view     *inprocess.View

	runners []*runner // one an exporter
	sweep   sweeper
	close   sync.Once
	closed  chan struct{} // when Shutdown has returned, with
	failure error
}

// New returns a Tracker. It starts a goroutine for each exporter; Shutdown
// ends them.
func New(options ...Option) *Tracker {
	t := &Tracker{cfg: newConfig(options)}
	t.began = t.now()
	t.enabled.Store(!t.cfg.disabled)
	t.resource = encodeResource(t.cfg.attributes())
	t.history = newRing(t.cfg.flows, t.cfg.bytes)
	t.steps.most, t.steps.limit = t.cfg.paths, int64(max(t.cfg.bytes, leastStats))
	t.shards = make([]shard, shardCount())
	t.unused.Store(maxRunning)
	t.closed = make(chan struct{})
	for i := range t.shards {
		t.shards[i].number, t.shards[i].shared = uint32(i), &t.unused
	}
	t.sweep.tracker = t
	t.observer.begin(&t.cfg)
	if len(t.cfg.exporters) > 0 {
		t.outbox = newOutbox(t.history)
	}
	for _, e := range t.cfg.exporters {
		t.runners = append(t.runners, startRunner(t, e))
	}
	return t
}

const (
	// maxRunning bounds what running flows take, in bytes: some 40,000 small ones.
	maxRunning = 64 << 20
	// leastStats is what statistics may take however little history there is, in
	// bytes: a thousand paths.
	leastStats = 1 << 20
)

// shardCount is so many shards that two cores seldom meet in one: twice the
// cores, in a power of two.
func shardCount() int {
	n := 4
	for n < 2*runtime.GOMAXPROCS(0) && n < 64 {
		n *= 2
	}
	return n
}

//nolint:gochecknoglobals // the default tracker is what package functions are about
var standard struct {
	sync.Mutex
	atomic.Pointer[Tracker]
	shown bool // RegisterHandlers shows it
}

// Default returns the tracker that package functions use: one that keeps all
// flows in the default history, unless SetDefault set another.
func Default() *Tracker {
	if t := standard.Load(); t != nil {
		return t
	}
	standard.Lock()
	defer standard.Unlock()
	if standard.Load() == nil {
		standard.Store(New())
	}
	return standard.Load()
}

// SetDefault replaces the tracker that package functions use. Flows that run
// stay with theirs. It is called before the service serves, by main.
func SetDefault(t *Tracker) {
	standard.Lock()
	defer standard.Unlock()
	if standard.shown && t != nil {
		t.View() // counts from now on, not from when somebody looks
	}
	standard.Store(t)
}

// showDefault is Default for those who show it, and what is set later.
func showDefault() *Tracker {
	t := Default()
	standard.Lock()
	defer standard.Unlock()
	standard.shown = true
	if now := standard.Load(); now != nil {
		t = now
	}
	return t
}

// SetEnabled turns recording on or off. What runs is finished.
func (t *Tracker) SetEnabled(on bool) { t.enabled.Store(on) }

// Enabled reports whether flows are recorded.
func (t *Tracker) Enabled() bool { return t.enabled.Load() }

func (t *Tracker) now() time.Time {
	if t.cfg.clock != nil {
		return t.cfg.clock()
	}
	return time.Now()
}

// anchor is a moment that times of a run are told from.
type anchor struct {
	at   time.Time
	wall int64 // Unix ns
}

// anchorFor is for how long runs that begin share an anchor: the system's clock
// may be set, and what begins afterwards is to show it.
const anchorFor = time.Second

// anchored is a moment to tell times from, and how long it was ago in ns. Reading
// the monotonic clock alone costs half of reading both.
func (t *Tracker) anchored() (*anchor, int64) {
	if t.cfg.clock != nil {
		now := t.cfg.clock()
		return &anchor{now, now.UnixNano()}, 0
	}
	if a := t.anchor.Load(); a != nil {
		if ago := time.Since(a.at); ago < anchorFor {
			return a, int64(ago)
		}
	}
	now := time.Now()
	a := &anchor{now, now.UnixNano()}
	t.anchor.Store(a)
	return a, 0
}

// since is how long ago a moment was. The system's clock is read once, the
// monotonic one alone.
func (t *Tracker) since(from time.Time) int64 {
	if t.cfg.clock != nil {
		return int64(t.cfg.clock().Sub(from))
	}
	return int64(time.Since(from))
}

// Start begins an operation: a child of the one that ctx carries, else the
// first of a new flow. The context it returns carries the new operation; End
// ends it.
func (t *Tracker) Start(ctx context.Context, name string, attrs ...Attr) (context.Context, *Op) {
	if !t.enabled.Load() {
		return ctx, nil
	}
	if c, direct := ctx.(*opContext); direct && c.run.tracker == t {
		return (*Op)(c).child(ctx, name, attrs)
	}
	parent, caller := t.above(ctx)
	if parent != nil {
		return parent.child(ctx, name, attrs)
	}
	return t.root(ctx, name, origin{parent: caller}, attrs)
}

// Start begins an operation of the flow that ctx carries, with that flow's
// tracker, else the first of a new flow of the Default tracker.
func Start(ctx context.Context, name string, attrs ...Attr) (context.Context, *Op) {
	parent := current(ctx)
	switch {
	case parent == nil:
		return Default().Start(ctx, name, attrs...)
	case !parent.run.tracker.enabled.Load():
		return ctx, nil
	case parent.run.tracker.bridge.Load() != nil:
		return parent.run.tracker.Start(ctx, name, attrs...)
	default:
		return parent.child(ctx, name, attrs)
	}
}

// Shutdown ends the exporters after they have exported what has finished, or
// when ctx ends, and returns their errors joined. An exporter that hangs until
// then is told by its own context and left alone; what it did not take is
// dropped and counted. Of a flow whose first operation has ended what is there
// is exported; what still runs of it would come too late. Recording goes on into
// the history. Later calls return what the first did, those beside it when it has,
// or their own ctx ends.
func (t *Tracker) Shutdown(ctx context.Context) error {
	first := false
	t.close.Do(func() { first = true })
	if first {
		defer close(t.closed)
		t.failure = t.shutdown(ctx)
		return t.failure
	}
	select {
	case <-t.closed:
		return t.failure
	default:
	}
	select {
	case <-t.closed:
		return t.failure
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *Tracker) shutdown(ctx context.Context) error {
	t.sweep.stop()
	t.completeLingering(0)
	var errs []error
	for _, r := range t.runners {
		r.finish()
	}
	for _, r := range t.runners {
		errs = append(errs, r.join(ctx))
	}
	return errors.Join(errs...)
}

// Service is the service's name.
func (t *Tracker) Service() string { return cmp.Or(t.cfg.service, "unknown_service") }

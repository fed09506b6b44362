package store_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// keptSpan is a span of the retention tests and what is known of its trace.
type keptSpan struct {
	trace  *keptTrace
	id     model.SpanID
	env    string
	start  time.Time
	stored time.Time // when it was flushed; zero before
	freed  bool      // at some time the rules allowed it to go
}

type keptTrace struct {
	id     model.TraceID
	start  time.Time
	envs   []string
	status model.FlowStatus
	took   time.Duration
	flow   bool // its flow was put
}

// keeping is a store with random data and the truth about it.
type keeping struct {
	t      *testing.T
	random *rand.Rand
	keep   store.Retention
	now    time.Time
	disk   *vfs.Mem
	dies   *dying
	s      *store.Store
	spans  []*keptSpan
	late   []*keptTrace // whose flow comes after the next cut
	seq    uint64
}

// dying is a disk that stops changing after a number of operations.
type dying struct {
	mu   sync.Mutex
	left int // negative: it lives
}

func (d *dying) hook(op vfs.Op, _ string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.left < 0 || !op.Changes():
		return nil
	case d.left == 0:
		return errors.New("the disk is gone")
	}
	d.left--
	return nil
}

func (k *keeping) open() {
	k.t.Helper()
	k.dies = &dying{left: -1}
	s, err := store.Open(store.Config{
		Dir: "data", FS: &vfs.Fault{FS: k.disk, Hook: k.dies.hook}, Retention: k.keep,
		Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return k.now },
	})
	ok(k.t, err)
	ok(k.t, s.Start(context.Background(), nil))
	k.s = s
}

func randomRetention(r *rand.Rand) store.Retention {
	hours := func(most int) time.Duration { return time.Duration(r.IntN(most)) * time.Hour } // 0 is for ever, or off
	keep := store.Retention{Age: hours(40)}
	if r.IntN(3) > 0 {
		keep.Environments = append(keep.Environments, store.EnvironmentRetention{Name: "staging", Age: hours(20)})
	}
	if r.IntN(3) > 0 {
		keep.ErrorsAge = hours(60)
	}
	if r.IntN(3) > 0 {
		keep.SlowAge, keep.SlowOver = hours(60), time.Second
	}
	return keep
}

// age is how long a trace is kept in an environment, the long way round.
func (k *keeping) age(t *keptTrace, env string) time.Duration {
	const forever = 1e6 * time.Hour
	age := k.keep.Age
	for _, e := range k.keep.Environments {
		if e.Name == env {
			age = e.Age
		}
	}
	if age == 0 {
		return forever
	}
	if t.flow && t.status != model.FlowSuccess {
		age = max(age, k.keep.ErrorsAge)
	}
	if t.flow && k.keep.SlowOver > 0 && t.took >= k.keep.SlowOver {
		age = max(age, k.keep.SlowAge)
	}
	return age
}

func (k *keeping) put(t *keptTrace) {
	t.flow = true
	f := storetest.Flow(t.id, t.start.UnixNano(), 0)
	f.Environment, f.Status, f.Duration = t.envs[0], t.status, int64(t.took)
	f.End = k.now.UnixNano()
	k.s.PutFlow(f, nil)
}

// ingest stores some traces, some of which get their flow, or some of their
// spans, only in the next round.
func (k *keeping) ingest() {
	b := &model.Batch{}
	resources := map[string]uint32{}
	add := func(t *keptTrace, env string, start time.Time) {
		r, known := resources[env]
		if !known {
			r = uint32(len(b.Resources))
			resources[env] = r
			value := model.Value{Type: model.TypeString, Str: env}
			b.SideAttrs = append(b.SideAttrs, b.NewAttr("deployment.environment.name", value))
			b.Resources = append(b.Resources, model.Resource{Attrs: model.Range{Off: r, Len: 1}})
		}
		k.seq++
		i := b.AddSpan(r, 0)
		binary.BigEndian.PutUint64(b.SpanIDs[i][:], k.seq)
		b.TraceIDs[i], b.Starts[i], b.Ends[i] = t.id, start.UnixNano(), start.UnixNano()+1
		b.EndSpan()
		k.spans = append(k.spans, &keptSpan{trace: t, id: b.SpanIDs[i], env: env, start: start})
	}
	b.Scopes = append(b.Scopes, model.Scope{})
	for _, t := range k.late {
		add(t, t.envs[0], k.now)
		k.put(t)
	}
	k.late = nil
	for range 1 + k.random.IntN(6) {
		k.seq++
		t := &keptTrace{status: model.FlowStatus(k.random.IntN(3)), took: time.Duration(k.random.IntN(2000)) * time.Millisecond}
		binary.BigEndian.PutUint64(t.id[:], k.random.Uint64()|1)
		t.envs = [][]string{{"prod"}, {"staging"}, {""}, {"prod", "staging"}}[k.random.IntN(4)]
		t.start = k.now.Add(-time.Duration(k.random.IntN(60)) * time.Second)
		for i := range 1 + k.random.IntN(3) {
			add(t, t.envs[i%len(t.envs)], t.start)
		}
		switch k.random.IntN(4) {
		case 0:
			k.late = append(k.late, t)
		case 1: // never counted
		default:
			k.put(t)
		}
	}
	b.Seal()
	ok(k.t, k.s.Append(context.Background(), b))
}

func (k *keeping) flush() {
	ok(k.t, k.s.Flush(context.Background()))
	for _, s := range k.spans {
		if s.stored.IsZero() {
			s.stored = k.now
		}
	}
}

// free marks what may go from now on.
func (k *keeping) free() {
	for _, s := range k.spans {
		if s.start.Add(k.age(s.trace, s.env)).Before(k.now) {
			s.freed = true
		}
	}
}

// check compares the store with the truth. Right after Maintain, what expired
// longer than the slack ago must be gone as well.
func (k *keeping) check(when string, maintained bool) {
	k.t.Helper()
	there := map[model.SpanID]bool{}
	asked := map[model.TraceID]bool{}
	for _, s := range k.spans {
		if asked[s.trace.id] {
			continue
		}
		asked[s.trace.id] = true
		trace, err := k.s.Trace(context.Background(), s.trace.id)
		if errors.Is(err, model.ErrNotFound) {
			continue
		}
		ok(k.t, err)
		for _, span := range trace.Spans {
			there[span.ID()] = true
		}
	}
	for _, s := range k.spans {
		if !s.freed && !there[s.id] {
			k.t.Fatalf("%s: a span in %q of %v ago, flow %+v, is gone; rules %+v", when, s.env, k.now.Sub(s.start), *s.trace, k.keep)
		}
		longest := time.Duration(0)
		for _, env := range s.trace.envs {
			longest = max(longest, k.age(s.trace, env))
		}
		if maintained && there[s.id] && s.stored.Add(longest+longest/4).Before(k.now) {
			k.t.Fatalf("%s: a span in %q stored %v ago, flow %+v, is still there; rules %+v", when, s.env, k.now.Sub(s.stored), *s.trace, k.keep)
		}
	}
	if st := k.s.Stats(); st.StoredSpans+st.LiveSpans != int64(len(there)) || st.BlocksQuarantined > 0 {
		k.t.Fatalf("%s: %d spans, %d different ones; %+v", when, st.StoredSpans+st.LiveSpans, len(there), st)
	}
}

// What must stay stays, once, and what expired longer than the slack ago is
// gone, whatever the rules and the data, and wherever the power fails.
func TestRetentionRules(t *testing.T) {
	t.Parallel()
	pruned := int64(0)
	for seed := range uint64(pruneSeeds) {
		k := &keeping{t: t, random: rand.New(rand.NewPCG(seed, 7)), now: time.Unix(0, storetest.Epoch), disk: vfs.NewMem()}
		k.keep = randomRetention(k.random)
		k.open()
		for step := range 40 {
			when := fmt.Sprintf("seed %d, step %d", seed, step)
			k.now = k.now.Add(time.Duration(1+k.random.IntN(120)) * time.Minute)
			if k.random.IntN(5) > 0 {
				k.ingest()
			}
			k.flush()
			k.free()
			if k.random.IntN(6) == 0 {
				k.dies.left = k.random.IntN(40)
				_ = k.s.Maintain(context.Background())
				pruned += k.s.Stats().BlocksPruned
				_ = k.s.Close()
				after := k.random
				if k.random.IntN(2) == 0 {
					after = nil
				}
				k.disk = k.disk.Crash(after)
				k.open()
				k.check(when+", after a crash", false)
			}
			ok(t, k.s.Maintain(context.Background()))
			if step%4 == 3 {
				k.check(when, true)
			}
		}
		pruned += k.s.Stats().BlocksPruned
		ok(t, k.s.Close())
	}
	if pruned == 0 {
		t.Error("no block was written anew")
	}
}

// An environment above its bytes loses its oldest blocks' share, others lose
// nothing.
func TestRetentionBytesOfAnEnvironment(t *testing.T) {
	k := &keeping{t: t, random: rand.New(rand.NewPCG(1, 8)), now: time.Unix(0, storetest.Epoch), disk: vfs.NewMem()}
	k.keep = store.Retention{Environments: []store.EnvironmentRetention{{Name: "staging", Bytes: 25_000}}}
	k.open()
	for range 20 {
		k.now = k.now.Add(25 * time.Hour) // no merges
		k.ingest()
		k.flush()
	}
	ok(t, k.s.Maintain(context.Background()))
	gone, last := 0, 0
	for i, s := range k.spans {
		trace, err := k.s.Trace(context.Background(), s.trace.id)
		there := err == nil && slices.ContainsFunc(trace.Spans, func(o model.Span) bool { return o.ID() == s.id })
		switch {
		case s.env != "staging" && !there:
			t.Fatalf("a span in %q is gone", s.env)
		case s.env == "staging" && !there:
			gone, last = gone+1, i
		}
	}
	if gone == 0 || last > len(k.spans)*9/10 || k.s.Stats().BlocksPruned == 0 {
		t.Errorf("%d spans gone, the last the %d. of %d", gone, last, len(k.spans))
	}
	before := k.s.Stats()
	ok(t, k.s.Maintain(context.Background()))
	if after := k.s.Stats(); after.BlocksPruned != before.BlocksPruned {
		t.Error("the same blocks were written again")
	}
	ok(t, k.s.Close())
}

// A block stays as long as a crash could bring its WAL segments back.
func TestRetentionWaitsForWAL(t *testing.T) {
	ctx := context.Background()
	for _, failed := range []vfs.Op{vfs.OpRemove, vfs.OpSyncDir} {
		mem := vfs.NewMem()
		var armed, removed atomic.Bool
		cfg := config(&vfs.Fault{FS: mem, Hook: func(op vfs.Op, name string) error {
			if op == vfs.OpRemove && strings.HasSuffix(name, ".wal") {
				removed.Store(armed.Load())
			}
			if op == failed && removed.Load() && strings.Contains(name, "/wal") {
				return errors.New("EIO")
			}
			return nil
		}})
		cfg.Retention.Age = time.Minute // the generator's spans are older
		s, gen := start(t, cfg), storetest.NewGen(7)
		for _, fails := range []bool{false, true} {
			armed.Store(fails)
			ok(t, s.Append(ctx, gen.Batch(2, 6)))
			ok(t, s.Flush(ctx))
		}
		ok(t, s.Maintain(ctx))
		if st := s.Stats(); st.Blocks != 1 || st.BlocksExpired != 1 {
			t.Errorf("%s fails: %d blocks, %d expired; want 1 and 1", failed, st.Blocks, st.BlocksExpired)
		}
		if n := start(t, config(mem.Crash(nil))).Stats(); n.StoredSpans+n.LiveSpans != 12 {
			t.Errorf("%s fails: after a crash %d spans, want 12", failed, n.StoredSpans+n.LiveSpans)
		}
		armed.Store(false)
		removed.Store(false)
		ok(t, s.Maintain(ctx))
		if st := s.Stats(); st.Blocks != 0 {
			t.Errorf("%s works again: %d blocks left", failed, st.Blocks)
		}
	}
}

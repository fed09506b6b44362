package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/vfs"
	"github.com/flowscope/flowscope/internal/store/wal"
)

// Store is the embedded store of one data directory. Its methods may be called
// from many goroutines, except that Open, Start, Run and Close happen in this
// order.
type Store struct {
	cfg      Config
	fs       vfs.FS
	rules    *rules
	log      *slog.Logger
	walDir   string
	blockDir string
	lock     io.Closer

	queueMu sync.Mutex
	queue   *group // the batches that the next commit takes; nil when none wait

	// order is held while the WAL or the current head changes. It is taken
	// before mu and never by an observer's goroutine.
	order    sync.Mutex
	wal      *wal.Writer // nil before Start and after Close
	nextSeq  uint64
	observer Observer
	buf      []byte // of commit

	mu       sync.RWMutex // guards the view: what readers see
	head     *head        // nil before Start
	flushing []*head      // oldest first
	live     *derived
	blocks   []*blockRef // oldest first

	shared sharedSums

	// maintainMu is held while blocks are removed or merged, flushMu while a head
	// becomes a block: a merge takes seconds, and senders wait for heads. Where
	// both are taken, maintainMu is first.
	maintainMu sync.Mutex
	flushMu    sync.Mutex
	// unpublished are blocks that a failed merge may have left on disk; guarded
	// by maintainMu.
	unpublished []string
	// unreadable are segments that the disk did not give back whole. They are
	// kept when what could be read is in a block. Only Start changes it.
	unreadable []string
	leftover   []uint64 // WAL segments that are in a block and could not be removed yet; guarded by flushMu
	unsynced   []uint64 // those removed that a crash may bring back; guarded by flushMu

	unflushed atomic.Int64
	started   atomic.Bool
	counters  counters
	health    health

	wake     chan struct{} // a head is ready to be flushed
	flushed  chan struct{} // a block was written
	stop     chan struct{} // closed by Close
	running  sync.WaitGroup
	closing  sync.Once
	closeErr error
}

// Open locks a data directory, made when it is not there, and finds its blocks.
// Blocks can be read from then on; Append waits for Start. The directory's being
// in use is an error that wraps vfs.ErrLocked.
func Open(cfg Config) (*Store, error) {
	cfg = cfg.withDefaults()
	if cfg.Dir == "" {
		return nil, errors.New("open store: no data directory")
	}
	s := &Store{
		cfg: cfg, fs: cfg.FS, rules: newRules(cfg.Retention), log: cfg.Logger, live: newDerived(),
		walDir: filepath.Join(cfg.Dir, "wal"), blockDir: filepath.Join(cfg.Dir, "blocks"),
		wake: make(chan struct{}, 1), flushed: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	if err := s.open(); err != nil {
		err = fmt.Errorf("open store in %s: %w", cfg.Dir, err)
		if s.lock != nil {
			err = errors.Join(err, s.lock.Close())
		}
		return nil, err
	}
	return s, nil
}

func (s *Store) open() (err error) {
	for _, dir := range []string{s.cfg.Dir, s.walDir, s.blockDir} {
		if err := s.fs.MkdirAll(dir); err != nil {
			return err
		}
	}
	if s.lock, err = s.fs.Lock(filepath.Join(s.cfg.Dir, "LOCK")); err != nil {
		return err
	}
	if err := s.checkWAL(); err != nil {
		return err
	}
	// The names must be durable before anything that relies on them is: the
	// directories before the first acknowledged batch, a block that a crash
	// left un-synced before its WAL goes.
	for _, dir := range []string{s.blockDir, s.cfg.Dir, filepath.Dir(s.cfg.Dir)} {
		if err := s.fs.SyncDir(dir); err != nil {
			return err
		}
	}
	return s.loadBlocks()
}

// PutFlow keeps what analysing a trace yielded: its row in the flows, its counts
// in the rollups. A flow that replaces an older count of its trace gets a higher
// revision, and the older counts are taken back. Only the observer's goroutine
// may call it.
func (s *Store) PutFlow(f, replaces *model.Flow) {
	s.mu.RLock()
	live := s.live
	s.mu.RUnlock()
	live.put(f, replaces)
	s.counters.flows.Add(1)
}

func (s *Store) closed() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// notOpen is why a store without a WAL takes nothing.
func (s *Store) notOpen() error {
	if s.closed() {
		return ErrClosed
	}
	return fmt.Errorf("%w: not started", ErrUnavailable)
}

// Run makes blocks of heads, applies retention and merges small blocks, until
// the context ends or the store is closed.
func (s *Store) Run(ctx context.Context) error {
	s.order.Lock()
	if s.wal == nil || s.closed() {
		s.order.Unlock()
		return s.notOpen()
	}
	s.running.Add(1) // under order, so that Close cannot miss it
	s.order.Unlock()
	defer s.running.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ends with ctx
		select {
		case <-s.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	var wait sync.WaitGroup
	wait.Go(func() { s.flushLoop(ctx) })
	wait.Go(func() { s.maintainLoop(ctx) })
	wait.Wait()
	return nil
}

// flushLoop cuts heads that got old and writes those that were cut.
func (s *Store) flushLoop(ctx context.Context) {
	// Once a second is often enough for an age that is counted in minutes.
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	retry := backoff{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.recheckWAL()
			s.cutIfOld()
		case <-s.wake:
		}
		if retry.waiting() {
			continue
		}
		if err := s.flushReady(ctx); err != nil && ctx.Err() == nil {
			retry.failed()
			s.log.Error("a block could not be written; its spans stay in memory and in the WAL", "error", err, "retry_in", retry.delay)
			continue
		}
		retry = backoff{}
	}
}

// maintainInterval is how often retention and merging look around.
const maintainInterval = 30 * time.Second

func (s *Store) maintainLoop(ctx context.Context) {
	tick := time.NewTicker(maintainInterval)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-s.flushed:
			err = s.tidy(ctx)
		case <-tick.C:
			err = s.Maintain(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.counters.maintainFailed.Add(1)
			s.log.Error("maintenance of the store failed", "error", err)
		}
	}
}

// Close ends Run and lets go of the directory. Everything acknowledged is in the
// WAL or in blocks already. Closing again returns the same error.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.order.Lock()
		close(s.stop)
		s.order.Unlock()
		s.running.Wait()
		s.maintainMu.Lock() // what is on its way ends first
		defer s.maintainMu.Unlock()
		s.flushMu.Lock()
		defer s.flushMu.Unlock()
		s.order.Lock()
		var errs []error
		if s.wal != nil {
			errs = append(errs, s.wal.Close())
			s.wal = nil
		}
		s.order.Unlock()
		s.mu.Lock()
		blocks := s.blocks
		s.blocks = nil
		s.mu.Unlock()
		for _, b := range blocks {
			errs = append(errs, b.release())
		}
		s.closeErr = errors.Join(append(errs, s.lock.Close())...)
	})
	return s.closeErr
}

// longestBackoff is how long the store may take to see that a disk works again.
const longestBackoff = 10 * time.Second

// backoff waits a second after a failure, then two, up to longestBackoff.
type backoff struct {
	delay time.Duration
	until time.Time
}

func (b *backoff) failed() {
	b.delay = min(max(2*b.delay, time.Second), longestBackoff)
	b.until = time.Now().Add(b.delay)
}

func (b *backoff) waiting() bool { return time.Now().Before(b.until) }

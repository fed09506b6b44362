package flow

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// maxCounted bounds each table of names; what comes later is counted together
// as "(other)".
const maxCounted = 100

// named is a bounded table. The zero value is ready to use.
type named[T any] struct {
	mu     sync.RWMutex
	byName map[string]*T
}

// get returns what is under a name that is plain, or under "(other)" when there
// are too many.
func (n *named[T]) get(name string) *T {
	n.mu.RLock()
	found := n.byName[name]
	n.mu.RUnlock()
	if found != nil {
		return found
	}
	name = kept(name, maxKey)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byName == nil {
		n.byName = map[string]*T{}
	}
	if n.byName[name] == nil && len(n.byName) >= maxCounted {
		name = otherName
	}
	if n.byName[name] == nil {
		n.byName[name] = new(T)
	}
	return n.byName[name]
}

// all calls each with everything in the table, by name.
func (n *named[T]) all(each func(name string, v *T)) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for _, name := range slices.Sorted(maps.Keys(n.byName)) {
		each(name, n.byName[name])
	}
}

// trackerOf is the tracker of the flow that ctx carries, else the Default.
func trackerOf(ctx context.Context) *Tracker {
	if op := current(ctx); op != nil {
		return op.run.tracker
	}
	return Default()
}

// CacheCounter counts what a cache had. It may be kept, and used by any number
// of goroutines.
type CacheCounter struct{ hits, misses atomic.Int64 }

// Cache returns the counter of a cache, of the tracker whose flow ctx carries,
// else of the Default one. Names say which cache, never what is looked up.
//
//	if value, ok := cache[key]; ok {
//		flow.Cache(ctx, "products").Hit()
func Cache(ctx context.Context, name string) *CacheCounter { return trackerOf(ctx).Cache(name) }

// Cache returns the counter of a cache.
func (t *Tracker) Cache(name string) *CacheCounter { return t.observer.caches.get(name) }

// Hit counts something that the cache had.
func (c *CacheCounter) Hit() { c.hits.Add(1) }

// Miss counts something that it had not.
func (c *CacheCounter) Miss() { c.misses.Add(1) }

// CacheStats is what a cache had.
type CacheStats struct {
	Name   string  `json:"name"`
	Hits   int64   `json:"hits"`
	Misses int64   `json:"misses"`
	Ratio  float64 `json:"ratio"` // of hits to both, 0 when there was neither
}

// Caches returns what each cache had, by name.
func (t *Tracker) Caches() (out []CacheStats) {
	t.observer.caches.all(func(name string, c *CacheCounter) {
		s := CacheStats{Name: name, Hits: c.hits.Load(), Misses: c.misses.Load()}
		s.Ratio = share(s.Hits, s.Misses)
		out = append(out, s)
	})
	return out
}

// share is the part that a is of a and b.
func share(a, b int64) float64 { return float64(a) / float64(max(a+b, 1)) }

// LimitCounter counts what a rate limit let pass.
type LimitCounter struct{ allowed, limited atomic.Int64 }

// Limit returns the counter of a rate limit, of the tracker whose flow ctx
// carries, else of the Default one. Names say which limit, never whom it met.
func Limit(ctx context.Context, name string) *LimitCounter { return trackerOf(ctx).Limit(name) }

// Limit returns the counter of a rate limit.
func (t *Tracker) Limit(name string) *LimitCounter { return t.observer.limits.get(name) }

// Count counts a decision of the limit and returns it.
//
//	if !flow.Limit(ctx, "search").Count(limiter.Allow()) {
func (c *LimitCounter) Count(allowed bool) bool {
	if allowed {
		c.allowed.Add(1)
	} else {
		c.limited.Add(1)
	}
	return allowed
}

// LimitStats is what a rate limit let pass.
type LimitStats struct {
	Name    string  `json:"name"`
	Allowed int64   `json:"allowed"`
	Limited int64   `json:"limited"`
	Ratio   float64 `json:"ratio"` // of limited to both
}

// Limits returns what each rate limit let pass, by name.
func (t *Tracker) Limits() (out []LimitStats) {
	t.observer.limits.all(func(name string, c *LimitCounter) {
		s := LimitStats{Name: name, Allowed: c.allowed.Load(), Limited: c.limited.Load()}
		s.Ratio = share(s.Limited, s.Allowed)
		out = append(out, s)
	})
	return out
}

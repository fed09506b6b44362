package flow

import (
	"cmp"
	"database/sql"
	"maps"
	"slices"
	"sync"
	"time"
)

// pools are the connection pools that are watched.
type pools struct {
	mu     sync.Mutex
	byName map[string]*sql.DB
}

// WatchDB lists the connections of a database among the Pools under a name. A
// nil db takes the name off. Watching keeps db from being collected, not open.
func (t *Tracker) WatchDB(name string, db *sql.DB) {
	name = kept(name, maxKey)
	p := &t.observer.pools
	p.mu.Lock()
	defer p.mu.Unlock()
	switch _, known := p.byName[name]; {
	case db == nil:
		delete(p.byName, name)
	case !known && len(p.byName) >= maxCounted: // nothing could be told of them together
	case p.byName == nil:
		p.byName = map[string]*sql.DB{name: db}
	default:
		p.byName[name] = db
	}
}

// Pool is a connection pool as it is now.
type Pool struct {
	Name   string        `json:"name"`
	Most   int           `json:"max_open"` // 0 is any number
	Open   int           `json:"open"`
	InUse  int           `json:"in_use"`
	Idle   int           `json:"idle"`
	Waits  int64         `json:"waits"`  // for a connection, since the pool was opened
	Waited time.Duration `json:"waited"` // in all of them
	// Connections that were closed because too many were idle, one was idle for
	// too long, and one was too old.
	ClosedIdle     int64 `json:"closed_idle"`
	ClosedIdleTime int64 `json:"closed_idle_time"`
	ClosedLifetime int64 `json:"closed_lifetime"`
}

// Pools returns how the watched connection pools are, by name.
func (t *Tracker) Pools() []Pool {
	p := &t.observer.pools
	p.mu.Lock()
	dbs := maps.Clone(p.byName)
	p.mu.Unlock()
	var out []Pool
	for name, db := range dbs { // outside of the lock: a pool has its own
		s := db.Stats()
		out = append(out, Pool{
			Name: name, Most: s.MaxOpenConnections, Open: s.OpenConnections, InUse: s.InUse, Idle: s.Idle,
			Waits: s.WaitCount, Waited: s.WaitDuration,
			ClosedIdle: s.MaxIdleClosed, ClosedIdleTime: s.MaxIdleTimeClosed, ClosedLifetime: s.MaxLifetimeClosed,
		})
	}
	slices.SortFunc(out, func(a, b Pool) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

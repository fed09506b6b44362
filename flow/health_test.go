package flow_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowscope/flowscope/flow"
)

func TestRuntimeIsRead(t *testing.T) {
	t.Parallel()
	runtime.GC()
	r := flow.New().Runtime()
	if r.Goroutines < 2 || r.Threads < 1 || r.Processors != int64(runtime.GOMAXPROCS(0)) || r.Collected < 1 || r.Allocated == 0 {
		t.Errorf("the runtime is %+v", r)
	}
	if r.Heap == 0 || r.HeapLive == 0 || r.HeapGoal == 0 || r.Memory < r.Heap || r.At.IsZero() {
		t.Errorf("the heap is %+v", r)
	}
	for name, p := range map[string]flow.Pauses{"pauses": r.Pauses, "waits": r.Waits} {
		if p.Count == 0 || p.P50 <= 0 || p.P99 < p.P50 || p.Max < p.P99 || p.Max > time.Hour {
			t.Errorf("the %s are %+v", name, p)
		}
	}
}

// connector is a database that has connections and nothing else.
type connector struct{}

func (connector) Connect(context.Context) (driver.Conn, error) { return connection{}, nil }
func (c connector) Driver() driver.Driver                      { return c }
func (connector) Open(string) (driver.Conn, error)             { return connection{}, nil }

type connection struct{}

var errNothing = errors.New("there is nothing in it")

func (connection) Prepare(string) (driver.Stmt, error) { return nil, errNothing }
func (connection) Close() error                        { return nil }
func (connection) Begin() (driver.Tx, error)           { return nil, errNothing }

func TestPoolsAreListed(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	db := sql.OpenDB(connector{})
	defer db.Close()
	db.SetMaxOpenConns(7)
	tracker.WatchDB("shop", db)
	tracker.WatchDB("archive", db)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pools := tracker.Pools()
	if len(pools) != 2 || pools[0].Name != "archive" || pools[1].Name != "shop" || pools[1].Most != 7 || pools[1].InUse != 1 || pools[1].Open != 1 {
		t.Errorf("the pools are %+v", pools)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if pools := tracker.Pools(); pools[0].Idle != 1 || pools[0].InUse != 0 {
		t.Errorf("the pools are %+v", pools)
	}
	tracker.WatchDB("archive", nil)
	for i := range 200 {
		tracker.WatchDB(fmt.Sprint(i), db)
	}
	if n := len(tracker.Pools()); n != 100 {
		t.Errorf("%d pools are watched", n)
	}
}

func TestCachesAndLimitsAreCounted(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	ctx, op := tracker.Start(t.Context(), "work")
	defer op.End()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 100 {
				if n%4 == 0 {
					flow.Cache(ctx, "products").Miss()
				} else {
					flow.Cache(ctx, "products").Hit()
				}
				if flow.Limit(ctx, "search").Count(n%2 == 0) != (n%2 == 0) {
					t.Error("the decision is changed")
				}
				flow.Cache(ctx, fmt.Sprint("cache", i, n)).Hit()
			}
		})
	}
	all.Wait()
	caches, limits := tracker.Caches(), tracker.Limits()
	if len(caches) != 101 || caches[0].Name != "(other)" || caches[0].Hits < 700 {
		t.Fatalf("%d caches, the first is %+v", len(caches), caches[0])
	}
	if c := caches[100]; c != (flow.CacheStats{Name: "products", Hits: 600, Misses: 200, Ratio: .75}) {
		t.Errorf("the cache is %+v", c)
	}
	if len(limits) != 1 || limits[0] != (flow.LimitStats{Name: "search", Allowed: 400, Limited: 400, Ratio: .5}) {
		t.Errorf("the limits are %+v", limits)
	}
}

func TestHealthIsJSON(t *testing.T) {
	t.Parallel()
	tracker := flow.New(flow.WithAnomalies())
	if err := tracker.SLO("work", flow.Objective{Target: .9}); err != nil {
		t.Fatal(err)
	}
	tracker.Cache("products").Hit()
	_, op := tracker.Start(t.Context(), "work")
	op.Fail(errors.New("no"))
	op.End()
	text, err := json.Marshal(tracker.Health())
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`"goroutines":`, `"slos":[{"operation":"work","target":0.9,"window":2592000000000000,`, `"good":0,"bad":1,"remaining":-9`,
		`"errors":[{"pattern":"no","failed":1,"logged":0,`, `"caches":[{"name":"products","hits":1,"misses":0,"ratio":1}]`,
	} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s is not in %s", part, text)
		}
	}
}

func TestSamplersSayWhatTheyDo(t *testing.T) {
	t.Parallel()
	s := flow.Cheap(flow.ParentBased(flow.ByOperation(map[string]flow.Sampler{"a": flow.Drop}, flow.Adaptive(1000))))
	if got := fmt.Sprint(s); got != "parent, else 1 operations, else 1000 operations a second, cheap" {
		t.Errorf("it says %q", got)
	}
	for want, s := range map[string]flow.Sampler{
		"ratio 0.1": flow.Ratio(.1), "5 flows a second": flow.RateLimited(5, 1), "keep": flow.Keep, "measure": flow.Measure, "drop": flow.Drop,
	} {
		if got := fmt.Sprint(s); got != want {
			t.Errorf("it says %q, not %q", got, want)
		}
	}
}

func ExampleCache() {
	products := map[string]int{"tea": 3}
	tracker := flow.New()
	ctx, op := tracker.Start(context.Background(), "load product")
	defer op.End()
	for _, name := range []string{"tea", "rum"} {
		if _, ok := products[name]; ok {
			flow.Cache(ctx, "products").Hit()
		} else {
			flow.Cache(ctx, "products").Miss()
		}
	}
	fmt.Println(tracker.Caches())
	// Output: [{products 1 1 0.5}]
}

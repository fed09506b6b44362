package e2e

import (
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// killsPerRound bounds what one data directory grows to. A round is long enough
// for blocks to be merged several times.
const killsPerRound = 20

// TestKill kills the server with SIGKILL, again and again over the same data, in
// every phase of its work, and then holds what it has to what it acked. KILLS is
// how many in all, in rounds of 20 over fresh directories; KILL_SEED repeats the
// random choices of a run.
func TestKill(t *testing.T) {
	kills, seed := setting(t, "KILLS", killsPerRound), setting(t, "KILL_SEED", rand.IntN(1<<30))
	t.Logf("KILLS=%d KILL_SEED=%d", kills, seed)
	all := map[phase]int{}
	for round := 0; round*killsPerRound < kills; round++ {
		r := &killRound{random: rand.New(rand.NewPCG(uint64(seed), uint64(round))), struck: map[phase]int{}}
		if !t.Run(strconv.Itoa(round), r.run) {
			return
		}
		for phase, n := range r.struck {
			all[phase] += n
		}
	}
	t.Logf("kills by phase: %v", all)
}

// setting is a number from the environment.
func setting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text, set := os.LookupEnv(name)
	if !set || text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

type killRound struct {
	random *rand.Rand
	struck map[phase]int
}

// maxTries are enough for a phase that one shot in five strikes.
const maxTries = 60

// retentionBytes are five blocks: too few to be merged.
const retentionBytes = 5 << 20

func (r *killRound) run(t *testing.T) {
	args := []string{"--head-bytes=1MiB", "--head-age=1s", "--trace-quiet=300ms", "--trace-deadline=600ms"}
	keeps := &victim{
		watcher: watcher{t: t, data: t.TempDir(), seen: map[string]bool{}}, args: args, conns: 3,
		ledger: &ledger{t: t, random: r.source(), splits: true}, random: r.random,
	}
	expires := &victim{
		watcher: watcher{t: t, data: t.TempDir(), seen: map[string]bool{}}, conns: 1,
		args:   append([]string{"--retention-bytes=" + strconv.Itoa(retentionBytes)}, args...),
		ledger: &ledger{t: t, random: r.source()}, random: r.random,
	}
	victims := map[phase]*victim{
		flushing: keeps, publishing: keeps, compacting: keeps, expiring: expires, ingesting: keeps, replaying: keeps, starting: keeps,
	}
	phases := slices.Sorted(maps.Keys(victims))
	for i := range killsPerRound {
		target := phases[i%len(phases)]
		r.struck[victims[target].strike(target)]++
	}
	// Some shots go past, for a phase may be over sooner than a signal arrives.
	// They were kills as well, but each phase is struck in each round.
	for _, target := range phases {
		for try := 0; r.struck[target] == 0; try++ {
			if try == maxTries {
				t.Fatalf("no kill struck %s: %v", target, r.struck)
			}
			r.struck[victims[target].strike(target)]++
		}
	}
	t.Logf("kills by phase: %v", r.struck)
	for range 2 { // and once more over what the check left
		p := serve(t, keeps.data, args...)
		keeps.ledger.finish(p)
		keeps.ledger.check(p)
		p.eventually("all is in blocks", p.nothingLive)
		p.kill()
		keeps.ledger.checkBlocks(keeps.data)
		p = serve(t, expires.data, expires.args...)
		expires.ledger.checkExpiring(p, retentionBytes)
		p.kill()
	}
}

// source is for a ledger, whose senders choose while others do.
func (r *killRound) source() *rand.Rand { return rand.New(rand.NewPCG(r.random.Uint64(), 0)) }

// victim is a data directory and the server over it that is killed.
type victim struct {
	watcher
	args   []string
	conns  int
	ledger *ledger
	random *rand.Rand
}

// strike starts the server, kills it in a phase, and returns the one it was in.
func (v *victim) strike(target phase) phase {
	v.t.Helper()
	p := launch(v.t, nil, append([]string{"serve", "--data", v.data}, v.args...)...)
	switch target {
	case starting:
		v.pause(30 * time.Millisecond)
	case replaying:
		p.until("the WAL is replayed", func() bool { return strings.Contains(p.logged(), `"replaying the`) })
		v.pause(2 * time.Millisecond)
	default:
		p.await()
		done := v.ledger.send(p, v.conns)
		defer done()
		if target == ingesting {
			v.pause(time.Second)
			break
		}
		p.until(string(target), func() bool { return v.look() == target })
		if target == flushing || target == compacting { // they last longest
			v.pause(3 * time.Millisecond)
		}
	}
	p.kill()
	hit := v.struck(p)
	v.t.Logf("meant %s, struck %s", target, hit)
	return hit
}

// pause lets a random time pass, which is what the test is about.
func (v *victim) pause(longest time.Duration) {
	<-time.After(time.Duration(v.random.Int64N(int64(longest))))
}

// until looks for a condition as often as the machine allows: what it waits for
// lasts milliseconds.
func (p *process) until(what string, is func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); {
		select {
		case <-p.done:
			p.t.Fatalf("waiting for %s: the server ended: %v\n%s", what, p.state, p.logged())
		case <-time.After(50 * time.Microsecond):
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("waiting for %s: nothing for 30 s\n%s", what, p.logged())
		}
	}
}

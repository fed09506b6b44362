package store

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
)

// Retention is how long data is kept. The zero value keeps everything. Ages are
// counted from a span's start, or from when it was stored if that is earlier.
type Retention struct {
	Age   time.Duration // of what no rule speaks for; 0 is for ever
	Bytes int64         // of all blocks; the oldest above it are removed; 0 has no limit
	// Environments have their own age and bytes. A name comes once.
	Environments []EnvironmentRetention
	// ErrorsAge and SlowAge keep flows that failed, and flows of at least
	// SlowOver, longer than their environment's age. They have no say over
	// bytes. 0 turns each off.
	ErrorsAge, SlowAge, SlowOver time.Duration
}

// EnvironmentRetention is how long one deployment environment's data is kept.
type EnvironmentRetention struct {
	Name  string
	Age   time.Duration // 0 is for ever
	Bytes int64         // of its share of all blocks; 0 has no limit
}

// forever is an age that nothing reaches.
const forever = time.Duration(math.MaxInt64)

// rules answer what a Retention says.
type rules struct {
	Retention
	named map[string]EnvironmentRetention
}

func newRules(r Retention) *rules {
	out := &rules{r, map[string]EnvironmentRetention{}}
	for _, e := range r.Environments {
		out.named[e.Name] = e
	}
	return out
}

// id changes when anything about ages changes.
func (r *rules) id() string {
	var w strings.Builder
	fmt.Fprintf(&w, "%v/%v/%v/%v", r.Age, r.ErrorsAge, r.SlowAge, r.SlowOver)
	for _, e := range r.Environments {
		fmt.Fprintf(&w, ",%q=%v", e.Name, e.Age)
	}
	return w.String()
}

// keepsSome reports whether some flows are kept longer than others of their
// environment.
func (r *rules) keepsSome() bool { return r.ErrorsAge > 0 || r.SlowAge > 0 }

// age is how long the spans and flows of an environment are kept.
func (r *rules) age(env string) time.Duration {
	age := r.Age
	if own, ok := r.named[env]; ok {
		age = own.Age
	}
	if age == 0 {
		return forever
	}
	return age
}

// rollupAge is how long an environment's rollups are kept: they are small, and
// they are the history, so a short age of the environment does not shorten it.
func (r *rules) rollupAge(env string) time.Duration {
	if r.Age == 0 {
		return forever
	}
	return max(r.Age, r.age(env))
}

// ageOf is how long one flow of an environment is kept.
func (r *rules) ageOf(env string, f fate) time.Duration {
	age := r.age(env)
	if f.failed {
		age = max(age, r.ErrorsAge)
	}
	if f.slow {
		age = max(age, r.SlowAge)
	}
	return age
}

// fate is what of a flow the rules look at.
type fate struct{ failed, slow bool }

func (r *rules) fate(f block.FlowFact) fate {
	return fate{f.Status != model.FlowSuccess, r.SlowAge > 0 && f.Duration >= int64(r.SlowOver)}
}

// moments are when something in a block expires, Unix ns, by its age: for each
// age that something in it may have, when the last of that age is over.
func (r *rules) moments(m *block.Meta) map[time.Duration]int64 {
	out := map[time.Duration]int64{}
	over := func(age time.Duration, newest int64) {
		out[age] = max(out[age], after(min(newest, m.Created), age))
	}
	for _, e := range m.Environments {
		if e.Spans+e.Flows > 0 {
			over(r.age(e.Name), e.Newest)
			over(r.ageOf(e.Name, fate{failed: true}), e.Newest)
			over(r.ageOf(e.Name, fate{slow: true}), e.Newest)
		}
		if e.Rollups > 0 {
			over(r.rollupAge(e.Name), e.Newest)
		}
	}
	if len(m.Environments) == 0 { // a damaged block may hold anything
		over(r.longest(), m.Newest())
	}
	return out
}

// after is a time and an age later, the end of time if that is too late to say.
func after(at int64, age time.Duration) int64 {
	if at > math.MaxInt64-int64(age) {
		return math.MaxInt64
	}
	return at + int64(age)
}

func (r *rules) longest() time.Duration {
	age := max(r.age(""), r.ErrorsAge, r.SlowAge)
	for _, e := range r.Environments {
		age = max(age, r.age(e.Name))
	}
	return age
}

// gone reports whether everything in a block has expired by now.
func (r *rules) gone(m *block.Meta, now int64) bool {
	for _, at := range r.moments(m) {
		if at >= now {
			return false
		}
	}
	return true
}

// due reports whether something in a block has expired by now that had not when
// it was last looked through.
func (r *rules) due(m *block.Meta, looked, now int64) bool {
	if m.Pruned != nil && m.Pruned.By == r.id() {
		looked = max(looked, m.Pruned.At)
	}
	for _, at := range r.moments(m) {
		if looked <= at && at < now {
			return true
		}
	}
	return false
}

// mergeSpan bounds the time covered by a block that another is merged into: a
// quarter of the next age that something in it reaches, because it all waits for
// the newest, and a day.
func (r *rules) mergeSpan(m *block.Meta, now int64) time.Duration {
	span := 24 * time.Hour
	for age, at := range r.moments(m) {
		if at >= now {
			span = min(span, age/4)
		}
	}
	return span
}

// limited are the environments with a limit on their bytes.
func (r *rules) limited() []EnvironmentRetention {
	return slices.DeleteFunc(slices.Clone(r.Environments), func(e EnvironmentRetention) bool { return e.Bytes == 0 })
}

package config

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Retain is how long data is kept.
type Retain struct {
	RetentionAge   time.Duration          `name:"retention-age" env:"FLOWSCOPE_RETENTION_AGE" default:"168h" placeholder:"DURATION" help:"Spans older than this are deleted; 0 keeps them."`
	RetentionBytes Size                   `name:"retention-bytes" env:"FLOWSCOPE_RETENTION_BYTES" default:"50GiB" placeholder:"BYTES" help:"The oldest spans are deleted when the store grows above this; 0 has no limit."`
	Retention      []EnvironmentRetention `name:"retention" sep:";" env:"FLOWSCOPE_RETENTION" placeholder:"env=NAME,age=DURATION,bytes=BYTES" help:"Age or bytes of one deployment environment, for those above; repeat it, or put ; between them, for several."`
	KeepErrorsAge  time.Duration          `name:"keep-errors-age" env:"FLOWSCOPE_KEEP_ERRORS_AGE" placeholder:"DURATION" help:"Flows that failed are kept this long if their environment's age is shorter."`
	KeepSlowAge    time.Duration          `name:"keep-slow-age" env:"FLOWSCOPE_KEEP_SLOW_AGE" placeholder:"DURATION" help:"Slow flows are kept this long if their environment's age is shorter."`
	KeepSlowOver   time.Duration          `name:"keep-slow-over" env:"FLOWSCOPE_KEEP_SLOW_OVER" placeholder:"DURATION" help:"Duration from which a flow is slow for --keep-slow-age."`
}

// EnvironmentRetention is how long the data of one deployment environment is
// kept, read from text like env=staging,age=24h,bytes=1GiB.
type EnvironmentRetention struct {
	Env   string         // deployment.environment.name; empty for spans without one
	Age   *time.Duration // nil is --retention-age, 0 for ever
	Bytes Size           // 0 has no limit
}

// UnmarshalText reads a rule. Each key comes at most once, env and one of the
// others at least.
func (e *EnvironmentRetention) UnmarshalText(text []byte) error {
	*e = EnvironmentRetention{}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(string(text), ",") {
		key, value, found := strings.Cut(strings.TrimSpace(part), "=")
		if !found || seen[key] {
			return fmt.Errorf("%q is not like env=staging,age=24h,bytes=1GiB", text)
		}
		seen[key] = true
		if err := e.set(key, value); err != nil {
			return fmt.Errorf("%q: %s: %w", text, key, err)
		}
	}
	if !seen["env"] || len(seen) < 2 {
		return fmt.Errorf("%q needs env, and age or bytes", text)
	}
	return nil
}

func (e *EnvironmentRetention) set(key, value string) error {
	switch key {
	case "env":
		e.Env = value
	case "age":
		age, err := time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("%q is not a duration like 24h", value)
		}
		e.Age = &age
	case "bytes":
		return e.Bytes.UnmarshalText([]byte(value))
	default:
		return errors.New("only env, age and bytes are accepted")
	}
	return nil
}

// Validate reports what cannot work, by its flag's name.
func (k *Retain) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(k.RetentionAge >= 0, "--retention-age: must not be negative")
	check(k.RetentionBytes >= 0, "--retention-bytes: must not be negative")
	seen := map[string]bool{}
	for _, e := range k.Retention {
		check(!seen[e.Env], "--retention: the environment %q comes twice", e.Env)
		seen[e.Env] = true
		check(e.Age == nil || *e.Age >= 0, "--retention: age of %q: must not be negative", e.Env)
		check(e.Bytes >= 0, "--retention: bytes of %q: must not be negative", e.Env)
	}
	check(k.KeepErrorsAge >= 0, "--keep-errors-age: must not be negative")
	check(k.KeepSlowAge >= 0, "--keep-slow-age: must not be negative")
	check(k.KeepSlowOver >= 0, "--keep-slow-over: must not be negative")
	check(k.KeepSlowAge == 0 || k.KeepSlowOver > 0, "--keep-slow-age: needs --keep-slow-over, the duration from which a flow is slow")
	check(k.KeepSlowOver == 0 || k.KeepSlowAge > 0, "--keep-slow-over: needs --keep-slow-age, how long slow flows are kept")
	return errors.Join(errs...)
}

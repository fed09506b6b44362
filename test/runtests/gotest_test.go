package main

import (
	"slices"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	for name, tc := range map[string]struct {
		events string
		want   tally
		prints []string // in this order
		hides  string
	}{
		"passed": {
			events: `
{"Action":"start","Package":"m/a"}
{"Action":"output","Package":"m/a","Test":"TestA","Output":"    a.go:1: chatter\n"}
{"Action":"pass","Package":"m/a","Test":"TestA/sub"}
{"Action":"pass","Package":"m/a","Test":"TestA"}
{"Action":"output","Package":"m/a","Output":"PASS\n"}
{"Action":"output","Package":"m/a","Output":"ok  \tm/a\t0.1s\n"}
{"Action":"pass","Package":"m/a"}`,
			want:   tally{passed: 2},
			prints: []string{"ok  \tm/a\t0.1s\n"},
			hides:  "chatter",
		},
		"failed": {
			events: `
{"Action":"output","Package":"m/a","Test":"TestA","Output":"    a.go:1: the reason\n"}
{"Action":"fail","Package":"m/a","Test":"TestA"}
{"Action":"output","Package":"m/a","Output":"FAIL\tm/a\t0.1s\n"}
{"Action":"fail","Package":"m/a"}`,
			want:   tally{failed: 1},
			prints: []string{"the reason", "FAIL\tm/a"},
		},
		"skipped counts as failed": {
			events: `
{"Action":"output","Package":"m/a","Test":"TestA","Output":"    a.go:1: not today\n"}
{"Action":"skip","Package":"m/a","Test":"TestA"}
{"Action":"pass","Package":"m/a"}`,
			want:   tally{failed: 1},
			prints: []string{"not today"},
		},
		"no test files": {
			events: `
{"Action":"output","Package":"m/a","Output":"?   \tm/a\t[no test files]\n"}
{"Action":"skip","Package":"m/a"}`,
			hides: "no test files",
		},
		"does not build": {
			events: `
{"ImportPath":"m/a","Action":"build-output","Output":"a.go:1:1: syntax error\n"}
{"ImportPath":"m/a","Action":"build-fail"}
{"Action":"output","Package":"m/a","Output":"FAIL\tm/a [build failed]\n"}
{"Action":"fail","Package":"m/a","FailedBuild":"m/a"}`,
			want:   tally{failed: 1},
			prints: []string{"syntax error", "[build failed]"},
		},
		"fails outside its tests": {
			events: `
{"Action":"pass","Package":"m/a","Test":"TestA"}
{"Action":"output","Package":"m/a","Output":"goleak: found unexpected goroutines\n"}
{"Action":"fail","Package":"m/a"}`,
			want:   tally{passed: 1, failed: 1},
			prints: []string{"goleak"},
		},
		"dies in a test": {
			events: `
{"Action":"output","Package":"m/a","Test":"TestA","Output":"panic: test timed out\n"}
{"Action":"fail","Package":"m/a"}`,
			want:   tally{failed: 1},
			prints: []string{"timed out"},
		},
		"go's own words": {
			events: "go: go.mod is out of date\n",
			prints: []string{"go: go.mod is out of date"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			got, err := newReport(&out).read(strings.NewReader(strings.TrimSpace(tc.events)))
			if err != nil {
				t.Fatal(err)
			}
			if got != tc.want {
				t.Errorf("counted %+v, want %+v", got, tc.want)
			}
			rest := out.String()
			for _, want := range tc.prints {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Errorf("%q is not printed, or out of order, in:\n%s", want, out.String())
				}
				rest = after
			}
			if tc.hides != "" && strings.Contains(out.String(), tc.hides) {
				t.Errorf("%q should stay unsaid:\n%s", tc.hides, out.String())
			}
		})
	}
}

func TestSplit(t *testing.T) {
	unit, system := split([]string{"m/cmd/x", "m/internal/a", "m/test/e2e", "m/web"})
	if want := []string{"m/cmd/x", "m/internal/a", "m/web"}; !slices.Equal(unit, want) {
		t.Errorf("unit is %v, want %v", unit, want)
	}
	if want := []string{"m/test/e2e"}; !slices.Equal(system, want) {
		t.Errorf("system is %v, want %v", system, want)
	}
}

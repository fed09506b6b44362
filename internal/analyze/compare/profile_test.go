package compare

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func written(tb testing.TB, p *Profile) []byte {
	tb.Helper()
	body, err := json.Marshal(p)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// What is written is read, and is the same to compare.
func TestRoundTrip(t *testing.T) {
	base := profileOf(chain(200, 10, 10, 10, 2))
	read, err := Read(written(t, base))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Profiles(base, read)
	if err != nil || len(r.Changes) > 0 || r.Baseline.Flows != 200 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                           "unexpected end",
		`{"format":"x"}`:              `format is "x"`,
		`{"format":"` + Format + `"}`: "version is 0",
		`{"format":"` + Format + `","version":2,"later":1}`:                                                                                  "version is 2, this program reads up to 1",
		`{"format":"` + Format + `","version":1,"later":1}`:                                                                                  `unknown field "later"`,
		`{"format":"` + Format + `","version":1}{}`:                                                                                          "invalid character",
		`{"format":"` + Format + `","version":1,"operations":[{"name":"x","flows":0}]}`:                                                      `operation "x": 0 flows`,
		`{"format":"` + Format + `","version":1,"operations":[{"name":"x","flows":1,"edges":[{"from":"a","to":"b","calls":1,"errors":2}]}]}`: `edge "a" to "b"`,
		`{"format":"` + Format + `","version":1,"operations":[{"name":"x","flows":1,"nodes":[{"id":"a","latency":"AQ=="}]}]}`:                "corrupt",
	} {
		if _, err := Read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestProfilesNeedOneOperation(t *testing.T) {
	other := chain(1, 1, 1, 1, 1)
	other.Name = "login"
	if _, err := Profiles(profileOf(other), profileOf(chain(1, 1, 1, 1, 1))); !errors.Is(err, ErrNothing) {
		t.Errorf("got %v", err)
	}
	r, err := Profiles(profileOf(other, chain(1, 1, 1, 1, 1)), profileOf(other))
	if err != nil || len(r.OnlyBaseline) != 1 || r.OnlyBaseline[0] != "checkout" {
		t.Errorf("%+v, %v", r, err)
	}
}

// Periods of one server may have flows in common.
func TestOverlap(t *testing.T) {
	at := func(from, to int, environment, release string) Source {
		minute := func(n int) time.Time { return time.Unix(int64(60*n), 0) }
		return Source{Start: minute(from), End: minute(to), Environment: environment, Release: release}
	}
	for want, pairs := range map[bool][][2]Source{
		true: {
			{at(0, 10, "", ""), at(9, 20, "", "")}, {at(9, 20, "main", ""), at(0, 10, "main", "")}, {at(0, 9, "", ""), at(0, 9, "main", "")},
		},
		false: {
			{at(0, 10, "", ""), at(10, 20, "", "")}, {at(0, 9, "main", ""), at(0, 9, "other", "")}, {at(0, 9, "", "1.0"), at(0, 9, "", "2.0")},
		},
	} {
		for _, sides := range pairs {
			if got := (&Report{Baseline: sides[0], Candidate: sides[1]}).Overlap(); got != want {
				t.Errorf("%+v: %t", sides, got)
			}
		}
	}
}

// A gate holds an edge to no quantile that its calls cannot bound.
func TestThin(t *testing.T) {
	gate, err := ParseGate("p95>10%,errors>1%,p95>5%,p50>1%")
	if err != nil {
		t.Fatal(err)
	}
	base, candidate := profileOf(chain(160, 1, 1, 1, 1)), profileOf(chain(103, 1, 1, 1, 1))
	if thin := gate.Thin(base, candidate); len(thin) != 3 || thin[0] != (Thin{"checkout", "", "web", P95, 104, [2]int64{160, 103}}) {
		t.Errorf("%+v", thin)
	}
	if thin := gate.Thin(base, profileOf(chain(104, 1, 1, 1, 1))); len(thin) > 0 {
		t.Errorf("%+v", thin)
	}
}

// Whatever is read can be compared, and is written again.
func FuzzRead(f *testing.F) {
	f.Add(written(f, profileOf(chain(3, 10, 10, 10, 2))))
	f.Add([]byte(`{"format":"flowscope-profile","version":1,"operations":[{"name":"x","flows":1,"nodes":[{"id":"a"}],"edges":[{"from":"a","to":"a","calls":1}]}]}`))
	base := profileOf(chain(3, 10, 10, 10, 2))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := Read(body)
		if err != nil {
			return
		}
		if _, err := Read(written(t, p)); err != nil {
			t.Errorf("what was read is written wrong: %v", err)
		}
		for _, pair := range [][2]*Profile{{base, p}, {p, base}, {p, p}} {
			r, err := Profiles(pair[0], pair[1])
			if err != nil {
				continue
			}
			if _, err := json.Marshal(r); err != nil {
				t.Errorf("the comparison cannot be written: %v", err)
			}
		}
	})
}

package compare

import (
	"errors"
	"time"
)

// Report is two profiles compared.
type Report struct {
	Baseline      Source   `json:"baseline"`
	Candidate     Source   `json:"candidate"`
	Changes       []Change `json:"changes"`
	OnlyBaseline  []string `json:"onlyBaseline,omitempty"`  // operations that did not run in the candidate
	OnlyCandidate []string `json:"onlyCandidate,omitempty"` // operations that are new
}

// Source says what a side was made of.
type Source struct {
	Start       time.Time `json:"start"`
	End         time.Time `json:"end"`
	Environment string    `json:"environment,omitempty"`
	Release     string    `json:"release,omitempty"`
	Flows       int64     `json:"flows"`
	Sampled     bool      `json:"sampled,omitempty"` // there are more flows than were counted
	Partial     bool      `json:"partial,omitempty"`
}

// ErrNothing says that no operation has flows on both sides.
var ErrNothing = errors.New("nothing to compare: no operation has flows on both sides")

// Profiles compares every operation that both sides have. One that has none
// proves nothing and is an error: ErrNothing.
func Profiles(base, candidate *Profile) (*Report, error) {
	r := &Report{Baseline: sourceOf(base), Candidate: sourceOf(candidate), Changes: []Change{}}
	before := map[string]*Operation{}
	for i := range base.Operations {
		before[base.Operations[i].Name] = &base.Operations[i]
	}
	compared := 0
	for i := range candidate.Operations {
		op := &candidate.Operations[i]
		was := before[op.Name]
		if was == nil {
			r.OnlyCandidate = append(r.OnlyCandidate, op.Name)
			continue
		}
		delete(before, op.Name)
		compared++
		r.Changes = append(r.Changes, Operations(was, op)...)
	}
	for i := range base.Operations {
		if name := base.Operations[i].Name; before[name] != nil {
			r.OnlyBaseline = append(r.OnlyBaseline, name)
		}
	}
	if compared == 0 {
		return nil, ErrNothing
	}
	return r, nil
}

// Overlap reports whether flows of one server may be on both sides: the periods
// have a stretch in common, and neither release nor environment tells them apart.
func (r *Report) Overlap() bool {
	a, b := &r.Baseline, &r.Candidate
	apart := a.Environment != b.Environment && a.Environment != "" && b.Environment != ""
	return !apart && a.Release == "" && b.Release == "" && a.Start.Before(b.End) && b.Start.Before(a.End)
}

func sourceOf(p *Profile) Source {
	s := Source{Start: p.Start, End: p.End, Environment: p.Environment, Release: p.Release, Sampled: p.Sampled, Partial: p.Partial}
	for i := range p.Operations {
		s.Flows += p.Operations[i].Flows
	}
	return s
}

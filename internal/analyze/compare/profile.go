package compare

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/flowscope/flowscope/internal/sketch"
)

// Format and FormatVersion begin every profile.
const (
	Format        = "flowscope-profile"
	FormatVersion = 1
)

// Profile is what operations did in a period, in a form that is kept and
// compared: docs/format/baseline.md.
type Profile struct {
	Format      string      `json:"format"`
	Version     int         `json:"version"`
	Made        time.Time   `json:"made"`
	Server      string      `json:"server"` // version of the program that made it
	Start       time.Time   `json:"start"`
	End         time.Time   `json:"end"`
	Environment string      `json:"environment,omitempty"` // the only one that is in it
	Release     string      `json:"release,omitempty"`     // service version that the flows ran
	Sampled     bool        `json:"sampled,omitempty"`     // there are more flows than are counted
	Partial     bool        `json:"partial,omitempty"`     // damaged blocks are left out
	Operations  []Operation `json:"operations"`            // by name
}

// Operation is the flows of one operation added up.
type Operation struct {
	Name   string `json:"name"`
	Flows  int64  `json:"flows"`
	Errors int64  `json:"errors"`
	Nodes  []Node `json:"nodes"`
	Edges  []Edge `json:"edges"`
}

// Node is what a node did.
type Node struct {
	ID       string  `json:"id"`
	Requests int64   `json:"requests"`
	Errors   int64   `json:"errors"`
	Self     int64   `json:"self"` // ns, of all requests
	Latency  Latency `json:"latency"`
}

// Edge is what calls along an edge did.
type Edge struct {
	From    string  `json:"from"`
	To      string  `json:"to"`
	Calls   int64   `json:"calls"`
	Errors  int64   `json:"errors"`
	Retries int64   `json:"retries"`
	Latency Latency `json:"latency"`
}

// Latency is a sketch that is base64 of its encoding in JSON.
type Latency struct{ sketch.Sketch }

// MarshalText implements encoding.TextMarshaler.
func (l Latency) MarshalText() ([]byte, error) {
	p, err := l.AppendBinary(nil)
	return base64.StdEncoding.AppendEncode(nil, p), err
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Latency) UnmarshalText(text []byte) error {
	p, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("read latency: %w", err)
	}
	return l.UnmarshalBinary(p)
}

// Read decodes a profile. It refuses what is none, a newer version, fields it
// does not know, and counts that cannot be.
func Read(body []byte) (*Profile, error) {
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(body, &head); err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	switch {
	case head.Format != Format:
		return nil, fmt.Errorf("read profile: format is %q, not %q", head.Format, Format)
	case head.Version > FormatVersion:
		return nil, fmt.Errorf("read profile: version is %d, this program reads up to %d: record it anew, or use a newer flowscope", head.Version, FormatVersion)
	case head.Version < 1:
		return nil, fmt.Errorf("read profile: version is %d, not 1 or more", head.Version)
	}
	p, d := &Profile{}, json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read profile: there is more after its end")
	}
	return p, p.check()
}

func (p *Profile) check() error {
	seen := map[string]bool{}
	for i := range p.Operations {
		op := &p.Operations[i]
		if seen[op.Name] {
			return fmt.Errorf("read profile: operation %q is there twice", op.Name)
		}
		seen[op.Name] = true
		if err := op.check(); err != nil {
			return fmt.Errorf("read profile: operation %q: %w", op.Name, err)
		}
	}
	return nil
}

func (op *Operation) check() error {
	if op.Flows < 1 || op.Errors < 0 || op.Errors > op.Flows {
		return fmt.Errorf("%d flows with %d errors cannot be", op.Flows, op.Errors)
	}
	nodes, edges := map[string]bool{}, map[pair]bool{}
	for i := range op.Nodes {
		n := &op.Nodes[i]
		if nodes[n.ID] {
			return fmt.Errorf("node %q is there twice", n.ID)
		}
		nodes[n.ID] = true
		if !possible(n.Requests, n.Errors, 0, &n.Latency) || n.Self < 0 {
			return fmt.Errorf("node %q has counts that cannot be", n.ID)
		}
	}
	for i := range op.Edges {
		e := &op.Edges[i]
		if edges[pair{e.From, e.To}] || e.From == "" || e.To == "" {
			return fmt.Errorf("edge %q to %q is there twice or has no end", e.From, e.To)
		}
		edges[pair{e.From, e.To}] = true
		if e.Calls < 1 || !possible(e.Calls, e.Errors, e.Retries, &e.Latency) {
			return fmt.Errorf("edge %q to %q has counts that cannot be", e.From, e.To)
		}
	}
	return nil
}

// possible reports whether counts fit each other and the sketch itself.
func possible(calls, failed, retries int64, l *Latency) bool {
	sum := l.Zero()
	for _, b := range l.Buckets() {
		if b.Count < 0 {
			return false
		}
		sum += b.Count
	}
	return calls >= 0 && failed >= 0 && failed <= calls && retries >= 0 && retries <= calls &&
		l.Zero() >= 0 && sum == l.Count()
}

// Only leaves one operation in the profile.
func (p *Profile) Only(operation string) {
	p.Operations = slices.DeleteFunc(p.Operations, func(op Operation) bool { return op.Name != operation })
}

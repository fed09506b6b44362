package storecmd

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// Report is what Stat says of a data directory. Damaged blocks are in Blocks
// with what little is known of them.
type Report struct {
	Blocks       []BlockReport `json:"blocks"`
	Spans        int64         `json:"spans"`
	Flows        int64         `json:"flows"`
	Bytes        int64         `json:"bytes"`
	Damaged      int           `json:"damaged"`
	Environments []EnvReport   `json:"environments"`
	WALSegments  int           `json:"walSegments"` // with what is in no block yet
	WALBytes     int64         `json:"walBytes"`
}

// BlockReport is one block.
type BlockReport struct {
	ID         string    `json:"id"`
	From       time.Time `json:"from"` // start of the earliest span
	To         time.Time `json:"to"`   // start of the latest span
	Spans      int64     `json:"spans"`
	Flows      int64     `json:"flows"`
	Bytes      int64     `json:"bytes"`
	Generation int       `json:"generation"`
	State      string    `json:"state"` // ok, pruned, or damaged: why
}

// EnvReport is one deployment environment's share.
type EnvReport struct {
	Name  string `json:"name"`
	Spans int64  `json:"spans"`
	Flows int64  `json:"flows"`
	Bytes int64  `json:"bytes"` // its share of the blocks, by spans
}

// Stat describes a data directory, as a table or as JSON.
func Stat(ctx context.Context, dir, output string, out io.Writer) (err error) {
	s, err := store.OpenSnapshot(ctx, vfs.OS{}, dir, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	r, err := report(s, dir)
	if err != nil {
		return err
	}
	if output == "json" {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	return r.table(out)
}

func report(s *store.Snapshot, dir string) (*Report, error) {
	r := &Report{Blocks: []BlockReport{}, Environments: []EnvReport{}, Damaged: len(s.Damaged), WALSegments: len(s.Segments)}
	envs := map[string]*EnvReport{}
	for _, b := range s.Blocks {
		if errs := b.CheckSizes(); len(errs) > 0 {
			if removed(dir, b.Meta.ID) {
				continue
			}
			r.Blocks = append(r.Blocks, damagedReport(dir, errors.Join(errs...)))
			r.Damaged++
			continue
		}
		r.Blocks = append(r.Blocks, blockReport(b.Meta))
		for _, e := range b.Meta.Environments {
			if envs[e.Name] == nil {
				envs[e.Name] = &EnvReport{Name: e.Name}
			}
			envs[e.Name].add(e, b.Meta)
		}
	}
	for _, err := range s.Damaged {
		r.Blocks = append(r.Blocks, damagedReport(dir, err))
	}
	slices.SortFunc(r.Blocks, func(x, y BlockReport) int { return cmp.Compare(x.ID, y.ID) })
	for _, b := range r.Blocks {
		r.Spans, r.Flows, r.Bytes = r.Spans+b.Spans, r.Flows+b.Flows, r.Bytes+b.Bytes
	}
	for _, name := range slices.Sorted(maps.Keys(envs)) {
		r.Environments = append(r.Environments, *envs[name])
	}
	for _, g := range s.Segments {
		bytes, err := g.Bytes()
		if err != nil {
			return nil, err
		}
		r.WALBytes += bytes
	}
	return r, nil
}

// removed reports whether a server has removed a block meanwhile.
func removed(dir, id string) bool {
	_, err := os.Stat(filepath.Join(blocksIn(dir), id))
	return errors.Is(err, fs.ErrNotExist)
}

func blockReport(m *block.Meta) BlockReport {
	b := BlockReport{
		ID: m.ID, From: time.Unix(0, m.MinStart).UTC(), To: time.Unix(0, m.MaxStart).UTC(),
		Spans: m.Spans, Flows: m.Flows, Bytes: m.Bytes, Generation: m.Generation, State: "ok",
	}
	if m.Spans == 0 {
		b.From = time.Unix(0, m.Created).UTC()
		b.To = b.From
	}
	if m.Pruned != nil {
		b.State = "pruned"
	}
	return b
}

func damagedReport(dir string, err error) BlockReport {
	b := BlockReport{State: "damaged: " + strings.ReplaceAll(err.Error(), "\n", "; ")}
	var corrupt *block.CorruptError
	if errors.As(err, &corrupt) {
		at, _, _ := block.ParseID(corrupt.Block)
		b.ID, b.From, b.To = corrupt.Block, at, at
		b.Bytes = block.SizeOnDisk(vfs.OS{}, blocksIn(dir), corrupt.Block)
	}
	return b
}

func (e *EnvReport) add(part block.Environment, m *block.Meta) {
	e.Spans += part.Spans
	e.Flows += part.Flows
	if m.Spans > 0 {
		e.Bytes += int64(float64(m.Bytes) * float64(part.Spans) / float64(m.Spans))
	}
}

func (r *Report) table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) } // Flush has the error
	line("BLOCK\tFROM\tTO\tSPANS\tFLOWS\tBYTES\tB/SPAN\tGEN\tSTATE")
	for _, b := range r.Blocks {
		line("%s\t%s\t%s\t%d\t%d\t%d\t%s\t%d\t%s", b.ID, b.From.Format(time.DateTime), b.To.Format(time.DateTime),
			b.Spans, b.Flows, b.Bytes, perSpan(b.Bytes, b.Spans), b.Generation, b.State)
	}
	line("total\t\t\t%d\t%d\t%d\t%s\t\t%d damaged", r.Spans, r.Flows, r.Bytes, perSpan(r.Bytes, r.Spans), r.Damaged)
	line("\nENVIRONMENT\tSPANS\tFLOWS\tBYTES")
	for _, e := range r.Environments {
		line("%s\t%d\t%d\t%d", cmp.Or(e.Name, "(none)"), e.Spans, e.Flows, e.Bytes)
	}
	line("\nWAL\t%d segments\t%d bytes in no block yet", r.WALSegments, r.WALBytes)
	return w.Flush()
}

func perSpan(bytes, spans int64) string {
	if spans == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(bytes)/float64(spans))
}

package block

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// Content is what a block is made of. All of it is read only.
type Content struct {
	WALSeq     uint64
	Generation int
	Level      int
	Created    time.Time
	Since      int64          // Unix ns; Created when it is 0
	Batches    []*model.Batch // sealed
	Flows      []*model.FlowSummary
	Rollups    []*model.Rollup
	Open       []model.TraceID
	Replaces   []string
	Pruned     *Pruned
}

// Write makes a block in dir and publishes it; the block's id is returned. On
// an error nothing of it is visible, or, when only the last sync failed, all of
// it is; calling Write again with the same content is right in both cases.
func Write(fs vfs.FS, dir string, c *Content) (id string, err error) {
	defer guard(&err)
	id = ID(c.Created, c.WALSeq, c.Generation)
	final, temp := filepath.Join(dir, id), filepath.Join(dir, id+tempSuffix)
	if err := clearWay(fs, dir, id); err != nil {
		return id, fmt.Errorf("write block %s: %w", id, err)
	}
	if err := writeFiles(fs, temp, id, c); err != nil {
		return id, fmt.Errorf("write block %s: %w", id, errors.Join(err, fs.RemoveAll(temp)))
	}
	if err := fs.Rename(temp, final); err != nil {
		return id, fmt.Errorf("publish block %s: %w", id, errors.Join(err, fs.RemoveAll(temp)))
	}
	if err := fs.SyncDir(dir); err != nil {
		return id, fmt.Errorf("publish block %s: %w", id, err)
	}
	return id, nil
}

// clearWay removes what an attempt before left under the names of a block.
func clearWay(fs vfs.FS, dir, id string) error {
	names, err := fs.ReadDir(dir)
	if err != nil {
		return err
	}
	if slices.Contains(names, id+tempSuffix) {
		if err := fs.RemoveAll(filepath.Join(dir, id+tempSuffix)); err != nil {
			return err
		}
	}
	if slices.Contains(names, id) {
		return Remove(fs, dir, id)
	}
	return nil
}

// Remove removes a block. It is renamed first, so that a crash in the middle
// leaves no half of a block.
func Remove(fs vfs.FS, dir, id string) error {
	temp := filepath.Join(dir, id+tempSuffix)
	if err := fs.Rename(filepath.Join(dir, id), temp); err != nil {
		return fmt.Errorf("remove block %s: %w", id, err)
	}
	if err := fs.SyncDir(dir); err != nil {
		return fmt.Errorf("remove block %s: %w", id, err)
	}
	if err := fs.RemoveAll(temp); err != nil {
		return fmt.Errorf("remove block %s: %w", id, err)
	}
	return nil
}

// writeFiles makes a directory with everything in it durable but its own name.
func writeFiles(fs vfs.FS, dir, id string, c *Content) error {
	if err := fs.MkdirAll(dir); err != nil {
		return err
	}
	rollups, err := newRollupTables(c.Rollups)
	if err != nil {
		return err
	}
	t, refs := newTables(), sortSpans(c.Batches)
	meta := newMeta(id, c, refs, rollups)
	out := fileWriter{fs: fs, dir: dir}
	out.write(spansFile, func(w io.Writer) (err error) {
		meta.SpanFilter, err = writeSpans(w, c.Batches, refs, t)
		return err
	})
	out.write(resourcesFile, func(w io.Writer) error { return writeRows(w, t.rows, tablePageRows) })
	out.write(flowsFile, func(w io.Writer) (err error) {
		meta.FlowFilter, err = writeFlows(w, c.Flows)
		return err
	})
	out.write(rollupsFile, func(w io.Writer) error { return writeRows(w, rollups.minutes, tablePageRows) })
	if len(rollups.coarse) > 0 {
		out.write(coarseFile, func(w io.Writer) error { return writeRows(w, rollups.coarse, coarsePageRows) })
	}
	out.write(openFileName, func(w io.Writer) error { return writeOpen(w, c.Open) })
	out.write(metaFile, func(w io.Writer) error { return json.NewEncoder(w).Encode(meta) })
	sums := encodeSums(out.sums)
	out.write(sumsFile, func(w io.Writer) error { return writeAll(w, sums) })
	if out.err != nil {
		return out.err
	}
	return fs.SyncDir(dir)
}

func writeAll(w io.Writer, p []byte) error {
	_, err := w.Write(p)
	return err
}

// fileWriter writes files one after the other and stops at the first error.
type fileWriter struct {
	fs   vfs.FS
	dir  string
	sums []fileSums
	err  error
}

func (f *fileWriter) write(name string, fill func(io.Writer) error) {
	if f.err != nil {
		return
	}
	file, err := f.fs.Create(filepath.Join(f.dir, name))
	if err != nil {
		f.err = err
		return
	}
	w := &sumWriter{w: file, sums: fileSums{name: name}}
	if err = fill(w); err == nil {
		err = file.Sync()
	}
	f.err = errors.Join(err, file.Close())
	f.sums = append(f.sums, w.sums)
}

func newMeta(id string, c *Content, refs []spanRef, rollups rollupTables) *Meta {
	m := &Meta{
		Format: formatVersion, ID: id, WALSeq: c.WALSeq, Generation: c.Generation, Created: c.Created.UnixNano(),
		Spans: int64(len(refs)), Flows: int64(len(c.Flows)), Rollups: int64(len(rollups.minutes)), RollupTiers: rollups.tiers, Replaces: c.Replaces,
	}
	spans, flows, buckets := newExtremes(), newExtremes(), newExtremes()
	for _, r := range refs {
		spans.add(c.Batches[r.batch].Starts[r.row])
	}
	for _, f := range c.Flows {
		flows.add(f.Start)
		if f.Revision > 0 {
			m.Revised++
		}
	}
	for i := range rollups.minutes {
		buckets.add(rollups.minutes[i].Bucket)
	}
	m.MinStart, m.MaxStart = spans.get()
	m.FlowMinStart, m.FlowMaxStart = flows.get()
	m.RollupMinTime, m.RollupMaxTime = buckets.get()
	for _, r := range SeenResources(c.Batches) {
		m.Resources = append(m.Resources, SeenResource{
			Service: r.Service, Namespace: r.Namespace, Version: r.Version, Instance: r.Instance, Pod: r.Pod,
			Node: r.Node, Deployment: r.Deployment, Environment: r.Environment, First: r.First, Last: r.Last,
		})
	}
	m.tally(c)
	return m
}

// SeenResources are the resources of sealed batches, each once with the times of
// its spans, by service. The strings share the batches' memory.
func SeenResources(batches []*model.Batch) []model.SeenResource {
	seen := map[model.ResourceInfo]*model.SeenResource{}
	for _, b := range batches {
		of := make([]*model.SeenResource, len(b.Resources))
		for i := range b.TraceIDs {
			s := of[b.ResourceOf[i]]
			if s == nil {
				info := *b.Span(i).Resource()
				if s = seen[info]; s == nil {
					s = &model.SeenResource{ResourceInfo: info, First: b.Starts[i], Last: b.Ends[i]}
					seen[info] = s
				}
				of[b.ResourceOf[i]] = s
			}
			s.First, s.Last = min(s.First, b.Starts[i]), max(s.Last, b.Ends[i])
		}
	}
	out := make([]model.SeenResource, 0, len(seen))
	for _, s := range seen {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(x, y model.SeenResource) int {
		return cmp.Or(strings.Compare(x.Service, y.Service), strings.Compare(x.Instance, y.Instance), cmp.Compare(x.First, y.First))
	})
	return out
}

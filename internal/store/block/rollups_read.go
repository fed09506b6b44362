package block

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// AddRollups adds what the block has of the rollups that sums is the answer to.
// On an error part of it may have been added.
func (b *Block) AddRollups(ctx context.Context, sums *RollupSums) error {
	if b.Meta.Rollups == 0 {
		return nil
	}
	byFile := map[string][]stretch{}
	wanted := b.Meta.stretches(sums.q)
	slices.SortFunc(wanted, func(x, y stretch) int { return x.compare(y.width, y.from) })
	for _, s := range wanted {
		name := coarseFile
		if s.width == minuteTier {
			name = rollupsFile
		}
		byFile[name] = append(byFile[name], s)
	}
	for name, wanted := range byFile {
		err := b.read(ctx, name, func(group parquet.RowGroup) (err error) {
			r := &rollupReader{group: group, sums: sums, wanted: wanted, rollupColumns: &sums.columns}
			defer func() { err = errors.Join(err, r.close()) }()
			if err := r.open(group, name == coarseFile); err != nil {
				return err
			}
			return r.add(ctx)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rollupReader adds rows of a row group to sums.
type rollupReader struct {
	group  parquet.RowGroup
	sums   *RollupSums
	wanted []stretch // by width and from
	*rollupColumns

	// What the row before was added to. Neighbours have it in common.
	last rollupNames
	into *entrySum
}

// rollupNames is what a row is about, as indexes into the dictionaries.
type rollupNames struct {
	slot                                                   int64
	entry, operation, environment                          int32
	fromKind, fromSpace, fromName, toKind, toSpace, toName int32
}

// maxRollupRows bounds the rows that are decoded at once.
const maxRollupRows = 8192

func (r *rollupReader) add(ctx context.Context) error {
	stretches, err := r.rows()
	if err != nil {
		return err
	}
	for _, rows := range stretches {
		for from := rows.from; from < rows.to; from += maxRollupRows {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := r.addRows(rowRange{from, min(from+maxRollupRows, rows.to)}); err != nil {
				return fmt.Errorf("rollups: %w", err)
			}
		}
	}
	return nil
}

// rows are the rows that the page index does not rule out.
func (r *rollupReader) rows() ([]rowRange, error) {
	q := &r.sums.q
	named := []rowRange{{0, r.group.NumRows()}}
	var failed error
	pages := func(column string) pageBounds {
		p, err := boundsOf(r.group, column)
		failed = cmp.Or(failed, err)
		return p
	}
	text := func(column, want string) {
		if want != "" {
			named = both(named, pages(column).where(func(lo, hi parquet.Value) bool {
				return string(lo.ByteArray()) <= want && string(hi.ByteArray()) >= want
			}))
		}
	}
	text("operation", q.Operation)
	text("deployment_environment", q.Environment)
	named = both(named, pages("entry").where(func(lo, hi parquet.Value) bool {
		return slices.ContainsFunc([]int32{entryFlows, entryNode, entryEdge}, func(e int32) bool {
			return q.Parts.Has(partOf(e)) && lo.Int32() <= e && e <= hi.Int32()
		})
	}))
	buckets := pages("bucket_unix_nano")
	var widths pageBounds
	if r.coarse {
		widths = pages("width_nano")
	}
	var out []rowRange
	for _, s := range r.wanted {
		rows := both(named, buckets.where(func(lo, hi parquet.Value) bool { return lo.Int64() < s.to && hi.Int64() >= s.from }))
		if r.coarse {
			rows = both(rows, widths.where(func(lo, hi parquet.Value) bool { return lo.Int64() <= s.width && s.width <= hi.Int64() }))
		}
		out = append(out, rows...)
	}
	return joined(out), failed
}

func partOf(entry int32) model.RollupParts { return model.RollupFlows << entry }

// stretchOf returns the wanted stretch that a bucket is in.
func (r *rollupReader) stretchOf(width, bucket int64) (stretch, bool) {
	i := sort.Search(len(r.wanted), func(i int) bool { return r.wanted[i].compare(width, bucket) > 0 }) - 1
	if i < 0 || r.wanted[i].width != width || bucket >= r.wanted[i].to {
		return stretch{}, false
	}
	return r.wanted[i], true
}

func (r *rollupReader) addRows(rows rowRange) error {
	if err := r.load(rows); err != nil {
		return err
	}
	q := &r.sums.q
	operation, environment := r.operation.index(q.Operation), r.environment.index(q.Environment)
	for i := range int(rows.to - rows.from) {
		if (q.Operation != "" && r.operation.indexes[i] != operation) || (q.Environment != "" && r.environment.indexes[i] != environment) ||
			!q.Parts.Has(partOf(r.entry.value(i).Int32())) {
			continue
		}
		s, ok := r.stretchOf(r.widthOf(i), r.bucket.values[i])
		if !ok {
			continue
		}
		into, err := r.target(i, s.slot)
		if err != nil {
			return err
		}
		r.addCounts(i, into)
		if err := into.latency.AddBinary(r.sketches.value(i)); err != nil {
			return err
		}
	}
	return nil
}

// target is what row i is added to.
func (r *rollupReader) target(i int, slot int64) (*entrySum, error) {
	names := rollupNames{
		slot, r.entry.indexes[i], r.operation.indexes[i], r.environment.indexes[i],
		r.fromKind.indexes[i], r.fromSpace.indexes[i], r.fromName.indexes[i],
		r.toKind.indexes[i], r.toSpace.indexes[i], r.toName.indexes[i],
	}
	if r.into != nil && names == r.last {
		return r.into, nil
	}
	sum := r.sums.of(slot, r.operation.text(i), r.environment.text(i))
	from := nodeRow{r.fromKind.value(i).Int32(), r.fromSpace.text(i), r.fromName.text(i)}
	to := nodeRow{r.toKind.value(i).Int32(), r.toSpace.text(i), r.toName.text(i)}
	switch entry := r.entry.value(i).Int32(); entry {
	case entryFlows:
		r.into = &sum.flows
	case entryNode:
		r.into = sum.node(rowToNode(from))
	case entryEdge:
		r.into = sum.edge(model.Edge{From: rowToNode(from), To: rowToNode(to)})
	default:
		return nil, fmt.Errorf("rollup entry %d", entry)
	}
	r.last = names
	return r.into, nil
}

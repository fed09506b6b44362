package block

import (
	"context"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// FlowFact is how a flow went, by one of its rows.
type FlowFact struct {
	TraceID  model.TraceID
	Revision uint32
	Status   model.FlowStatus
	Duration int64 // ns
}

// FlowFacts yields how the wanted flows went, in every row the block has of
// them.
func (b *Block) FlowFacts(ctx context.Context, want func(model.TraceID) bool, yield func(FlowFact)) error {
	if b.Meta.Flows == 0 {
		return nil
	}
	return b.read(ctx, flowsFile, func(group parquet.RowGroup) error {
		rows := make([]FlowFact, group.NumRows())
		f := &flowFilter{group: group, all: rowRange{0, group.NumRows()}, keep: make([]bool, len(rows))}
		f.each("trace_id", func(row int, v parquet.Value) bool {
			copy(rows[row].TraceID[:], v.ByteArray())
			f.keep[row] = want(rows[row].TraceID)
			return true
		})
		f.each("revision", func(row int, v parquet.Value) bool { rows[row].Revision = uint32(v.Int64()); return true })
		f.each("status", func(row int, v parquet.Value) bool { rows[row].Status = statusOf(v.Int32()); return true })
		f.each("duration_nano", func(row int, v parquet.Value) bool { rows[row].Duration = v.Int64(); return true })
		if f.err != nil {
			return f.err
		}
		for i := range rows {
			if f.keep[i] {
				yield(rows[i])
			}
		}
		return nil
	})
}

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
		f := b.rowFinder(ctx, group)
		var facts []FlowFact
		rows := newRowSet(f.rows)
		err := f.eachID(allRows(f.rows), func(row int, p []byte) {
			if id := model.TraceID(p); want(id) {
				rows.add(row)
				facts = append(facts, FlowFact{TraceID: id})
			}
		})
		number := func(column string, set func(fact *FlowFact, v uint64)) {
			if err == nil {
				err = f.eachNumber(rows, []string{column}, func(i int, v uint64) { set(&facts[i], v) })
			}
		}
		number("revision", func(fact *FlowFact, v uint64) { fact.Revision = uint32(v) })
		number("status", func(fact *FlowFact, v uint64) { fact.Status = statusOf(int32(v)) })
		number("duration_nano", func(fact *FlowFact, v uint64) { fact.Duration = int64(v) })
		if err != nil {
			return err
		}
		for _, fact := range facts {
			yield(fact)
		}
		return nil
	})
}

package store

import "github.com/flowscope/flowscope/internal/model"

// Observer sees all that is stored and counts flows. internal/assemble is one.
type Observer interface {
	// Observe takes a batch, in the order of the WAL, after it is durable. It
	// may block briefly: that holds senders back.
	Observe(b *model.Batch)
	// Barrier is in order with Observe. Once everything observed before has
	// been processed as far as it will be, late spans of counted traces
	// included, the observer calls done from the goroutine that calls
	// Store.PutFlow, with the traces it has not counted yet.
	Barrier(done func(open []model.TraceID))
}

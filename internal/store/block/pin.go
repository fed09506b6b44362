package block

import (
	"context"

	"github.com/parquet-go/parquet-go"
)

// Pin opens what Spans and Traces read, so that they go on to work after the
// block was removed, until Close. Windows lets nobody remove it meanwhile.
func (b *Block) Pin(ctx context.Context) error {
	for _, name := range []string{spansFile, resourcesFile} {
		if err := b.read(ctx, name, func(parquet.RowGroup) error { return errStop }); err != nil {
			return err
		}
	}
	return nil
}

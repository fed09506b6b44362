package block

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"path/filepath"
	"slices"

	"github.com/flowscope/flowscope/internal/model"
)

// openFileName holds the ids of the traces that had spans before the cut and
// were not counted yet, 16 bytes each, ascending. Only those of the newest block
// matter, so the file goes when newer blocks are there; it is no part of what a
// block keeps.
const openFileName = "open"

func writeOpen(w io.Writer, ids []model.TraceID) error {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(x, y model.TraceID) int { return slices.Compare(x[:], y[:]) })
	p := make([]byte, 0, len(model.TraceID{})*len(ids))
	for _, id := range ids {
		p = append(p, id[:]...)
	}
	return writeAll(w, p)
}

// OpenTraces returns the traces that were open at the cut, none when ForgetOpen
// was called.
func (b *Block) OpenTraces() ([]model.TraceID, error) {
	sums, ok := b.sums[openFileName]
	if !ok {
		return nil, nil
	}
	p, err := readChecked(b.fs, b.dir, b.Meta.ID, sums.named(openFileName), sums.size)
	if errors.Is(err, iofs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	const size = len(model.TraceID{})
	if len(p)%size != 0 {
		return nil, &CorruptError{b.Meta.ID, openFileName, fmt.Errorf("%d bytes of ids", len(p))}
	}
	ids := make([]model.TraceID, len(p)/size)
	for i := range ids {
		copy(ids[i][:], p[i*size:])
	}
	return ids, nil
}

// ForgetOpen removes the list of open traces, which a newer block supersedes.
func (b *Block) ForgetOpen() error {
	err := b.fs.Remove(filepath.Join(b.dir, openFileName))
	if errors.Is(err, iofs.ErrNotExist) {
		return nil
	}
	return err
}

// MayGo reports whether a file of a block may be removed while the block stays.
func MayGo(name string) bool { return name == openFileName }

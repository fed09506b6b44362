package block

import (
	"errors"
	iofs "io/fs"
	"maps"
	"slices"
)

// VerifyFiles reads every byte of the block and returns the first damage of each
// file.
func (b *Block) VerifyFiles() []error { return b.eachFile((*checkedFile).verifyAll) }

// CheckSizes returns what is missing of the block's files, or is longer or
// shorter than it was: what can be told without reading them.
func (b *Block) CheckSizes() []error {
	return b.eachFile(func(*checkedFile) error { return nil }) // opening one compares its size
}

// eachFile opens each file of the block, checks it, and returns all that is wrong.
func (b *Block) eachFile(check func(*checkedFile) error) []error {
	var damage []error
	for _, name := range slices.Sorted(maps.Keys(b.sums)) {
		f, err := openChecked(b.fs, b.dir, b.Meta.ID, b.sums[name].named(name))
		if name == openFileName && errors.Is(err, iofs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = errors.Join(check(f), f.file.Close())
		}
		if err != nil {
			damage = append(damage, err)
		}
	}
	return damage
}

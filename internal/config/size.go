package config

import (
	"fmt"
	"strconv"

	"github.com/alecthomas/units"
)

// Size is a number of bytes, read from one like 16777216 or with a unit like
// 16MiB.
type Size int64

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		*s = Size(n)
		return nil
	}
	n, err := units.ParseBase2Bytes(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a size: a number of bytes, or one with KiB, MiB, GiB or TiB, is accepted", text)
	}
	*s = Size(n)
	return nil
}

// String is the size with its units.
func (s Size) String() string { return units.Base2Bytes(s).String() }

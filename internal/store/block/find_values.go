package block

import "github.com/parquet-go/parquet-go"

// The readers below call set with the place in the set of each of the rows, from
// 0, and its value. All columns they are used on have a value in every row.

func (f *rowFinder) eachNumber(rows rowSet, path []string, set func(i int, v uint64)) error {
	next := 0
	var table []uint64 // of the dictionary
	return f.pages(rows, path, func(from, to int, p parquet.Page) error {
		values := p.Data()
		if dict := p.Dictionary(); dict != nil {
			if table == nil {
				table = make([]uint64, dict.Len())
				for i := range table {
					table[i] = dict.Index(int32(i)).Uint64()
				}
			}
			index := values.Int32()
			rows.eachIn(from, to, func(row int) {
				set(next, table[index[row-from]])
				next++
			})
			return nil
		}
		at, err := numbersOf(p)
		if err != nil {
			return err
		}
		rows.eachIn(from, to, func(row int) {
			set(next, at(row-from))
			next++
		})
		return nil
	})
}

func (f *rowFinder) eachText(rows rowSet, path []string, set func(i int, p []byte)) error {
	next := 0
	return f.pages(rows, path, func(from, to int, p parquet.Page) error {
		at := bytesOf(p)
		rows.eachIn(from, to, func(row int) {
			set(next, at(row-from))
			next++
		})
		return nil
	})
}

// eachID reads the column of trace ids.
func (f *rowFinder) eachID(rows rowSet, set func(i int, id []byte)) error {
	next := 0
	return f.pages(rows, []string{"trace_id"}, func(from, to int, p parquet.Page) error {
		values := p.Data()
		ids, size := values.FixedLenByteArray()
		rows.eachIn(from, to, func(row int) {
			set(next, ids[(row-from)*size:(row-from+1)*size])
			next++
		})
		return nil
	})
}

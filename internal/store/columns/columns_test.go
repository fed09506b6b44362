package columns_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/flowscope/flowscope/internal/store/columns"
)

// row has a column of every sort that the package writes.
type row struct {
	ID     [16]byte `parquet:"id"`
	Raw    [8]byte  `parquet:"raw"`
	Few    int64    `parquet:"few"`
	Many   int64    `parquet:"many,timestamp(nanosecond)"`
	Small  int32    `parquet:"small"`
	Wide   int32    `parquet:"wide"`
	Ratio  float64  `parquet:"ratio"`
	Yes    *bool    `parquet:"yes,optional"`
	Name   string   `parquet:"name"`
	Unique string   `parquet:"unique"`
	Maybe  *string  `parquet:"maybe,optional"`
	Never  *string  `parquet:"never,optional"`
	Blob   []byte   `parquet:"blob,optional"`
	In     struct {
		Kind int32  `parquet:"kind"`
		Name string `parquet:"name"`
	} `parquet:"in"`
	List []entry `parquet:"entries,list"`
}

type entry struct {
	Key   string `parquet:"key"`
	Value int64  `parquet:"value"`
}

// TestAnyReaderReadsIt writes random rows a column at a time and reads them with
// the library's own reader of rows.
func TestAnyReaderReadsIt(t *testing.T) {
	for _, n := range []int{0, 1, 7, columns.PageRows, columns.PageRows + 1, 3*columns.PageRows + 17} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			want := randomRows(n)
			file, _ := write(t, want)
			got, err := parquet.Read[row](bytes.NewReader(file), int64(len(file)))
			if err != nil {
				t.Fatal(err)
			}
			if f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file))); err != nil || len(f.RowGroups()) != min(n, 1) {
				t.Errorf("%d row groups: %v", len(f.RowGroups()), err)
			}
			if len(got) != len(want) {
				t.Fatalf("%d rows, want %d", len(got), len(want))
			}
			for i := range want {
				if len(got[i].List) == 0 {
					got[i].List = nil
				}
				if len(got[i].Blob) == 0 {
					got[i].Blob = nil
				}
				if !reflect.DeepEqual(got[i], want[i]) {
					t.Fatalf("row %d is %+v, want %+v", i, got[i], want[i])
				}
			}
		})
	}
}

// TestSortedColumnIsFound looks ids up through the bounds of pages and the bloom
// filter.
func TestSortedColumnIsFound(t *testing.T) {
	rows := randomRows(3 * columns.PageRows)
	file, where := write(t, rows)
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := f.Schema().Lookup("id")
	chunk := f.RowGroups()[0].ColumnChunks()[leaf.ColumnIndex]
	filter := chunk.BloomFilter()
	for _, r := range rows {
		if ok, err := filter.Check(parquet.FixedLenByteArrayValue(r.ID[:])); !ok || err != nil {
			t.Fatalf("%x is not in the filter: %v", r.ID, err)
		}
		if ok, err := where.Check(bytes.NewReader(file), r.ID[:]); !ok || err != nil {
			t.Fatalf("%x is not where the filter is said to be: %v", r.ID, err)
		}
	}
	hits := 0
	for i := range 1000 {
		if ok, err := where.Check(bytes.NewReader(file), fmt.Appendf(nil, "not there %6d", i)); err != nil {
			t.Fatal(err)
		} else if ok {
			hits++
		}
	}
	if hits > 50 {
		t.Errorf("%d of 1000 that are not there pass the filter", hits)
	}
	index, err := chunk.ColumnIndex()
	if err != nil || index.NumPages() != 3 || !index.IsAscending() {
		t.Fatalf("column index of %d pages: %v", index.NumPages(), err)
	}
	if lo, hi := index.MinValue(1).Bytes(), index.MaxValue(1).Bytes(); !bytes.Equal(lo, rows[columns.PageRows].ID[:]) ||
		!bytes.Equal(hi, rows[2*columns.PageRows-1].ID[:]) {
		t.Fatalf("bounds %x to %x", lo, hi)
	}
}

func TestFirstErrorComesOutOfClose(t *testing.T) {
	full := writerFunc(func([]byte) (int, error) { return 0, errFull })
	w, err := columns.NewWriter(full, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.Numbers([]string{"n"}, format.Int64, columns.Plain, []uint64{1}, columns.Levels{})
	if err := w.Close(); err != errFull { //nolint:errorlint // this one, not another in it
		t.Fatalf("Close: %v", err)
	}
}

var errFull = fmt.Errorf("no space")

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func randomRows(n int) []row {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	maybe := func(s string) *string {
		if r.IntN(3) == 0 {
			return nil
		}
		return &s
	}
	rows := make([]row, n)
	for i := range rows {
		x := &rows[i]
		binary.BigEndian.PutUint64(x.ID[:], uint64(i/5)<<32)
		binary.BigEndian.PutUint64(x.Raw[:], r.Uint64())
		x.Few, x.Many = int64(r.IntN(5))-2, r.Int64()-math.MaxInt64/2
		x.Small, x.Wide = int32(r.IntN(3)), int32(r.Uint32())
		x.Ratio = r.NormFloat64()
		if yes := r.IntN(2) == 0; r.IntN(2) == 0 {
			x.Yes = &yes
		}
		x.Name, x.Unique = fmt.Sprint("name ", r.IntN(9)), fmt.Sprintf("%x", r.Uint64())
		if r.IntN(4) == 0 {
			x.Name = ""
		}
		x.Maybe = maybe("value")
		if r.IntN(5) == 0 {
			x.Blob = []byte(x.Unique)
		}
		x.In.Kind, x.In.Name = int32(r.IntN(2)), fmt.Sprint(r.IntN(2))
		for range r.IntN(4) {
			x.List = append(x.List, entry{fmt.Sprint("key ", r.IntN(3)), r.Int64N(100)})
		}
	}
	return rows
}

// write writes rows a column at a time.
func write(t *testing.T, rows []row) ([]byte, columns.Filter) {
	t.Helper()
	var out bytes.Buffer
	w, err := columns.NewWriter(&out, len(rows))
	if err != nil {
		t.Fatal(err)
	}
	table := columns.NewStrings()
	var ids, raws []byte
	for _, r := range rows {
		ids, raws = append(ids, r.ID[:]...), append(raws, r.Raw[:]...)
	}
	number := func(typ format.Type, kind columns.Kind, get func(r *row) uint64, path ...string) {
		var v []uint64
		for i := range rows {
			v = append(v, get(&rows[i]))
		}
		w.Numbers(path, typ, kind, v, columns.Levels{})
	}
	text := func(get func(r *row) string, path ...string) {
		var v []uint32
		for i := range rows {
			v = append(v, table.Intern([]byte(get(&rows[i]))))
		}
		w.Strings(path, columns.Text, table, v, columns.Levels{})
	}
	optional := func(get func(r *row) (string, bool), path ...string) {
		var v []uint32
		def := make([]uint8, len(rows))
		for i := range rows {
			if s, ok := get(&rows[i]); ok {
				v, def[i] = append(v, table.Intern([]byte(s))), 1
			}
		}
		w.Strings(path, columns.Text, table, v, columns.Levels{Def: def})
	}
	deref := func(s *string) (string, bool) {
		if s == nil {
			return "", false
		}
		return *s, true
	}
	w.Fixed(columns.Fixed{Path: []string{"id"}, Size: 16, Values: ids, Sorted: true, Filter: true})
	w.Fixed(columns.Fixed{Path: []string{"raw"}, Size: 8, Values: raws, Raw: true})
	number(format.Int64, columns.Plain, func(r *row) uint64 { return uint64(r.Few) }, "few")
	number(format.Int64, columns.Timestamp, func(r *row) uint64 { return uint64(r.Many) }, "many")
	number(format.Int32, columns.Plain, func(r *row) uint64 { return uint64(r.Small) }, "small")
	number(format.Int32, columns.Plain, func(r *row) uint64 { return uint64(r.Wide) }, "wide")
	number(format.Double, columns.Plain, func(r *row) uint64 { return math.Float64bits(r.Ratio) }, "ratio")
	writeBools(w, rows)
	text(func(r *row) string { return r.Name }, "name")
	text(func(r *row) string { return r.Unique }, "unique")
	optional(func(r *row) (string, bool) { return deref(r.Maybe) }, "maybe")
	optional(func(r *row) (string, bool) { return deref(r.Never) }, "never")
	writeBlobs(w, rows)
	number(format.Int32, columns.Plain, func(r *row) uint64 { return uint64(r.In.Kind) }, "in", "kind")
	text(func(r *row) string { return r.In.Name }, "in", "name")
	writeList(w, table, rows)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), w.Filter()
}

func writeBools(w *columns.Writer, rows []row) {
	var v []uint64
	def := make([]uint8, len(rows))
	for i, r := range rows {
		if r.Yes != nil {
			def[i], v = 1, append(v, 0)
			if *r.Yes {
				v[len(v)-1] = 1
			}
		}
	}
	w.Numbers([]string{"yes"}, format.Boolean, columns.Plain, v, columns.Levels{Def: def})
}

func writeBlobs(w *columns.Writer, rows []row) {
	var p []byte
	var ends []uint32
	def := make([]uint8, len(rows))
	for i, r := range rows {
		if r.Blob != nil {
			p, def[i] = append(p, r.Blob...), 1
			ends = append(ends, uint32(len(p)))
		}
	}
	w.Bytes([]string{"blob"}, p, ends, columns.Levels{Def: def})
}

func writeList(w *columns.Writer, table *columns.Strings, rows []row) {
	var keys []uint32
	var numbers []uint64
	lv := columns.Levels{Def: []uint8{}, Rep: []uint8{}}
	for _, r := range rows {
		if len(r.List) == 0 {
			lv.Def, lv.Rep = append(lv.Def, 0), append(lv.Rep, 0)
		}
		for i, e := range r.List {
			keys, numbers = append(keys, table.Intern([]byte(e.Key))), append(numbers, uint64(e.Value))
			lv.Def, lv.Rep = append(lv.Def, 1), append(lv.Rep, uint8(min(i, 1)))
		}
	}
	w.Strings([]string{"entries", "list", "element", "key"}, columns.Text, table, keys, lv)
	w.Numbers([]string{"entries", "list", "element", "value"}, format.Int64, columns.Plain, numbers, lv)
}

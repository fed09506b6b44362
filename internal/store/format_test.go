package store_test

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
	"github.com/flowscope/flowscope/internal/store/wal"
)

// rewrite puts another content into a file.
func rewrite(t *testing.T, mem *vfs.Mem, name string, change func([]byte) []byte) {
	t.Helper()
	p, err := vfs.ReadFile(mem, name, 1<<20)
	ok(t, err)
	ok(t, errors.Join(mem.Remove(name), vfs.WriteFile(mem, name, change(p)), mem.SyncDir(filepath.Dir(name))))
}

// disk is one with a block, a WAL of one batch, and the rest of an unfinished
// block.
func disk(t *testing.T) (mem *vfs.Mem, blockName, segment string) {
	t.Helper()
	mem = vfs.NewMem()
	s, err := store.Open(config(mem))
	ok(t, err)
	ctx, gen := context.Background(), storetest.NewGen(1)
	ok(t, s.Start(ctx, nil))
	ok(t, errors.Join(s.Append(ctx, gen.Batch(1, 3)), s.Flush(ctx), s.Append(ctx, gen.Batch(1, 3)), s.Close()))
	ok(t, errors.Join(mem.MkdirAll("data/blocks/unfinished.tmp"), mem.SyncDir("data/blocks")))
	blocks, err := mem.ReadDir("data/blocks")
	ok(t, err)
	segments, err := mem.ReadDir("data/wal")
	ok(t, err)
	return mem, "data/blocks/" + blocks[0], "data/wal/" + segments[len(segments)-1]
}

// names lists all that is in a data directory.
func names(t *testing.T, mem *vfs.Mem) (all []string) {
	t.Helper()
	for _, dir := range []string{"data", "data/wal", "data/blocks"} {
		in, err := mem.ReadDir(dir)
		ok(t, err)
		all = append(all, in...)
	}
	return all
}

// What a later version wrote is not damage: it is refused with a word on what
// was found and what is known, and nothing is touched.
func TestNewerFormatIsRefused(t *testing.T) {
	sum := func(p []byte) uint32 { return crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli)) }
	for name, c := range map[string]struct {
		change func(mem *vfs.Mem, blockName, segment string) (file string)
		want   error
		found  string
	}{
		"a WAL segment": {func(mem *vfs.Mem, _, segment string) string {
			rewrite(t, mem, segment, func(p []byte) []byte {
				return append([]byte("FLOWWAL7"), append(p[8:16:16], "records of format 7"...)...)
			})
			return segment
		}, wal.ErrNewer, "format 7"},
		"meta.json": {func(mem *vfs.Mem, blockName, _ string) string {
			var meta []byte
			rewrite(t, mem, blockName+"/meta.json", func(p []byte) []byte {
				at := slices.Index(p, ':') + 1 // "format" is first
				p[at] = '9'
				meta = p
				return p
			})
			rewrite(t, mem, blockName+"/sums", func(p []byte) []byte { return resummed(p, "meta.json", sum(meta), sum) })
			return blockName
		}, block.ErrNewer, "meta.json has format 9"},
		"sums": {func(mem *vfs.Mem, blockName, _ string) string {
			rewrite(t, mem, blockName+"/sums", func(p []byte) []byte {
				p[7] = '8'
				binary.LittleEndian.PutUint32(p[len(p)-4:], sum(p[:len(p)-4]))
				return p
			})
			return blockName
		}, block.ErrNewer, "sums has format 8"},
	} {
		t.Run(name, func(t *testing.T) {
			mem, blockName, segment := disk(t)
			file := c.change(mem, blockName, segment)
			before := names(t, mem)
			for range 2 {
				_, err := store.Open(config(mem))
				if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.found) ||
					!strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "knows up to") {
					t.Errorf("Open = %v", err)
				}
			}
			if after := names(t, mem); !slices.Equal(before, after) {
				t.Errorf("the directory had %v, and now %v", before, after)
			}
		})
	}
}

// resummed puts another checksum of a file of one chunk into a list of sums.
func resummed(p []byte, file string, crc uint32, sum func([]byte) uint32) []byte {
	at := strings.Index(string(p), file) + len(file) + 8
	binary.LittleEndian.PutUint32(p[at:], crc)
	binary.LittleEndian.PutUint32(p[len(p)-4:], sum(p[:len(p)-4]))
	return p
}

// One damaged bit in the digit is no newer format.
func TestDamagedFormatIsDamage(t *testing.T) {
	for _, file := range []string{"sums", "segment"} {
		mem, blockName, segment := disk(t)
		name := blockName + "/sums"
		if file == "segment" {
			name = segment
		}
		rewrite(t, mem, name, func(p []byte) []byte { p[7] ^= 2; return p }) // 1 is now 3
		s := start(t, config(mem))
		if st := s.Stats(); st.BlocksQuarantined+st.WALCorrupt != 1 {
			t.Errorf("%s: %+v, want damage", file, st)
		}
		if got := s.Append(context.Background(), storetest.NewGen(2).Batch(1, 1)); got != nil {
			t.Errorf("%s: %v", file, got)
		}
	}
}

package storecmd_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/storecmd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ok(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func open(tb testing.TB, dir string) *store.Store {
	tb.Helper()
	s, err := store.Open(store.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	ok(tb, err)
	ok(tb, s.Start(context.Background(), nil))
	tb.Cleanup(func() { ok(tb, s.Close()) })
	return s
}

// filled is a directory with some blocks and a WAL, and its open store.
func filled(tb testing.TB, dir string) (s *store.Store, batches []*model.Batch) {
	tb.Helper()
	s = open(tb, dir)
	gen := storetest.NewGen(11)
	for i := range 4 {
		b := gen.Batch(5, 6)
		batches = append(batches, b)
		ok(tb, s.Append(context.Background(), b))
		s.PutFlow(storetest.Flow(b.TraceIDs[0], storetest.Epoch+int64(i), i), nil)
		if i < 3 {
			ok(tb, s.Flush(context.Background()))
		}
	}
	return s, batches
}

func TestStat(t *testing.T) {
	dir := t.TempDir()
	filled(t, dir) // and it stays open: a server runs on it
	var table, json strings.Builder
	ok(t, storecmd.Stat(t.Context(), dir, "table", &table))
	ok(t, storecmd.Stat(t.Context(), dir, "json", &json))
	for _, want := range []string{"total", "prod", "1 segments", "ok"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, table.String())
		}
	}
	for _, want := range []string{`"spans": 90`, `"flows": 3`, `"walSegments": 1`, `"name": "prod"`} {
		if !strings.Contains(json.String(), want) {
			t.Errorf("no %q in\n%s", want, json.String())
		}
	}
	if err := storecmd.Stat(t.Context(), filepath.Join(dir, "nowhere"), "table", &table); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
}

// What a start kept aside of the log is said by each later check, and a log of a
// newer version is not taken for damage.
func TestVerifyKeptAsideAndNewer(t *testing.T) {
	dir := t.TempDir()
	s, _ := filled(t, dir)
	ok(t, s.Close())
	aside := filepath.Join(dir, "wal", "0000000000000001.wal.corrupt")
	ok(t, os.WriteFile(aside, []byte("kept"), 0o600))
	var out strings.Builder
	if err := storecmd.Verify(t.Context(), dir, &out); !errors.Is(err, storecmd.ErrDamaged) || !strings.Contains(out.String(), aside+": 4 bytes") {
		t.Errorf("%v\n%s", err, out.String())
	}
	ok(t, os.Remove(aside))
	segments, err := filepath.Glob(filepath.Join(dir, "wal", "*.wal"))
	ok(t, err)
	whole, err := os.ReadFile(segments[0])
	ok(t, err)
	copy(whole, "FLOWWAL9")
	ok(t, os.WriteFile(segments[0], whole[:16], 0o600))
	for name, ask := range map[string]func() error{
		"verify": func() error { return storecmd.Verify(t.Context(), dir, io.Discard) },
		"export": func() error {
			_, err := storecmd.Export(t.Context(), dir, storecmd.FormatOTLPJSON, "-", storecmd.Filter{}, io.Discard)
			return err
		},
	} {
		if err := ask(); err == nil || !strings.Contains(err.Error(), "has format 9, this version knows up to 1") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A block with a file missing is not ok, neither where it is nor in a copy.
func TestMissingFile(t *testing.T) {
	dir := t.TempDir()
	s, _ := filled(t, dir)
	ok(t, s.Close())
	blocks, err := filepath.Glob(filepath.Join(dir, "blocks", "*"))
	ok(t, err)
	ok(t, os.Remove(filepath.Join(blocks[1], "spans.parquet")))
	var out strings.Builder
	ok(t, storecmd.Stat(t.Context(), dir, "table", &out))
	if !strings.Contains(out.String(), "damaged: block "+filepath.Base(blocks[1])+": spans.parquet") || !strings.Contains(out.String(), "1 damaged") {
		t.Error(out.String())
	}
	out.Reset()
	if err := storecmd.Verify(t.Context(), dir, &out); !errors.Is(err, storecmd.ErrDamaged) || !strings.Contains(out.String(), "2 blocks with 60 spans") {
		t.Errorf("%v\n%s", err, out.String())
	}
	to := filepath.Join(t.TempDir(), "copy")
	if err := storecmd.Backup(t.Context(), dir, to+"/", true, io.Discard); !errors.Is(err, storecmd.ErrDamaged) {
		t.Errorf("backup: %v", err)
	}
	if copied, err := filepath.Glob(filepath.Join(to, "blocks", "*")); err != nil || len(copied) != 3 {
		t.Errorf("copied %v, %v", copied, err)
	}
	if err := storecmd.Backup(t.Context(), dir, filepath.Join(dir, "blocks", "x"), true, io.Discard); err == nil || !strings.Contains(err.Error(), "inside of") {
		t.Errorf("backup into itself: %v", err)
	}
}

func TestVerify(t *testing.T) {
	dir := t.TempDir()
	s, _ := filled(t, dir)
	var out strings.Builder
	ok(t, storecmd.Verify(t.Context(), dir, &out))
	if want := "3 blocks with 90 spans and 1 WAL segments with 30 spans read, 0 damaged"; !strings.Contains(out.String(), want) {
		t.Errorf("%s, want %s", out.String(), want)
	}
	ok(t, s.Close())
	blocks, err := filepath.Glob(filepath.Join(dir, "blocks", "*"))
	ok(t, err)
	files, err := filepath.Glob(filepath.Join(blocks[1], "*"))
	ok(t, err)
	segments, err := filepath.Glob(filepath.Join(dir, "wal", "*.wal"))
	ok(t, err)
	for _, file := range append(files, segments...) {
		whole, err := os.ReadFile(file)
		ok(t, err)
		if len(whole) == 0 {
			continue
		}
		damaged := slices.Clone(whole)
		damaged[len(whole)/3] ^= 0x20
		ok(t, os.WriteFile(file, damaged, 0o600))
		out.Reset()
		err = storecmd.Verify(t.Context(), dir, &out)
		name := filepath.Base(file)
		if strings.HasSuffix(name, ".wal") {
			// Its only record: torn, as a crash leaves it.
			if err != nil || !strings.Contains(out.String(), "never acknowledged") {
				t.Errorf("%s: %v\n%s", file, err, out.String())
			}
		} else if !errors.Is(err, storecmd.ErrDamaged) || !strings.Contains(out.String(), name) || !strings.Contains(out.String(), "1 damaged") {
			t.Errorf("%s: %v\n%s", file, err, out.String())
		}
		ok(t, os.WriteFile(file, whole, 0o600))
	}
	ok(t, storecmd.Verify(t.Context(), dir, &out))
}

func TestCompact(t *testing.T) {
	dir := t.TempDir()
	s, batches := filled(t, dir)
	cfg := store.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)}
	var out strings.Builder
	if err := storecmd.Compact(t.Context(), cfg, true, &out); err == nil || !strings.Contains(err.Error(), "a server runs on") {
		t.Errorf("with a server on it: %v", err)
	}
	ok(t, s.Close())
	ok(t, storecmd.Compact(t.Context(), cfg, false, &out))
	ok(t, storecmd.Compact(t.Context(), cfg, true, &out))
	if want := "blocks 3 -> 1, spans 90 -> 90"; !strings.Contains(out.String(), want) {
		t.Errorf("%s, want %s", out.String(), want)
	}
	s = open(t, dir)
	for _, b := range batches {
		_, err := s.Trace(t.Context(), b.TraceIDs[0])
		ok(t, err)
	}
}

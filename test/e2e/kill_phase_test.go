package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/wal"
)

// phase is what a server is doing to its data.
type phase string

const (
	ingesting  phase = "ingest"
	flushing   phase = "flush"      // a block is being written
	publishing phase = "publish"    // it is there, and its WAL as well
	compacting phase = "compaction" // a merged block is being written, or its sources removed
	expiring   phase = "retention"  // a block is being removed for its age or size
	replaying  phase = "replay"     // a start reads the WAL
	starting   phase = "start"      // a start is before or after that, and not ready
)

// watcher knows a data directory from what is in it.
type watcher struct {
	t    *testing.T
	data string
	seen map[string]bool // blocks that were published
}

// look says what the directory shows is going on. Once the server is dead, that
// is what it was killed in.
func (w *watcher) look() phase {
	w.t.Helper()
	blocks, merged := w.names("blocks"), map[string]bool{}
	var newest uint64
	found := ingesting
	for _, name := range blocks {
		_, seq, ok := block.ParseID(name)
		if !ok || block.IsTemp(name) {
			continue
		}
		newest = max(newest, seq)
		w.seen[name] = true
		for _, id := range w.replaces(name) {
			merged[id] = true
		}
	}
	for _, name := range blocks {
		id := strings.TrimSuffix(name, ".tmp")
		switch {
		case merged[id]:
			return compacting
		case id == name:
		case w.seen[id]:
			return expiring
		case strings.Contains(id, "."):
			return compacting
		default:
			found = flushing
		}
	}
	for _, name := range w.names("wal") {
		if seq, ok := wal.ParseName(name); ok && seq <= newest {
			return publishing
		}
	}
	return found
}

// names is empty for a directory that is not made yet.
func (w *watcher) names(dir string) (names []string) {
	w.t.Helper()
	entries, err := os.ReadDir(filepath.Join(w.data, dir))
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// replaces are the blocks that one was merged from; none when it is gone by now.
func (w *watcher) replaces(name string) []string {
	if !strings.Contains(name, ".") {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(w.data, "blocks", name, "meta.json"))
	var meta struct{ Replaces []string }
	if err != nil || json.Unmarshal(text, &meta) != nil {
		return nil
	}
	return meta.Replaces
}

// struck is the phase in which a server was killed.
func (w *watcher) struck(p *process) phase {
	w.t.Helper()
	select {
	case <-p.open:
		return w.look()
	default:
	}
	if log := p.logged(); strings.Contains(log, `"replaying the`) && !strings.Contains(log, `"replayed the`) {
		return replaying
	}
	return starting
}

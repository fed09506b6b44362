package store

import (
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/store/block"
)

// Looking for the longest run takes a look or two at each block: with all runs
// tried, this test would take hours.
func TestLongestRunOfManyBlocks(t *testing.T) {
	s := &Store{cfg: Config{Now: time.Now}.withDefaults(), rules: newRules(Retention{})}
	at := s.cfg.Now().UnixNano()
	for i := range 20_000 {
		spans := s.cfg.CompactSpans
		if i >= 19_990 {
			spans /= 8
		}
		s.blocks = append(s.blocks, newBlockRef(&block.Block{Meta: &block.Meta{Spans: spans, Created: at, Since: at}}))
	}
	run := s.longestRun()
	if len(run) != 8 || run[0] != s.blocks[19_990] {
		t.Errorf("a run of %d blocks", len(run))
	}
}

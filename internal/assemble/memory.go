package assemble

import (
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// memory is the ids of traces that were counted: those added since the last
// turn, and those of the turn before. A turn ends after a time, or when half
// of all ids that there may be were added in it.
type memory struct {
	young, old map[model.TraceID]struct{}
	limit      int
	turn       time.Duration // at least how long an id is kept, if there is room
	turned     time.Duration
}

func newMemory(limit int, turn time.Duration) memory {
	return memory{young: map[model.TraceID]struct{}{}, limit: limit, turn: turn}
}

func (m *memory) add(id model.TraceID, now time.Duration) {
	if now-m.turned >= m.turn || len(m.young) >= max(m.limit/2, 1) {
		m.old, m.young, m.turned = m.young, map[model.TraceID]struct{}{}, now
	}
	m.young[id] = struct{}{}
}

func (m *memory) has(id model.TraceID) bool {
	if _, ok := m.young[id]; ok {
		return true
	}
	_, ok := m.old[id]
	return ok
}

func (m *memory) len() int { return len(m.young) + len(m.old) }

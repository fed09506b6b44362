package flow

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/flowscope/flowscope/internal/inprocess"
)

// step is a place in the tree of paths: a name below the names that led to it.
type step struct {
	index  int32
	name   string
	parent *step
	kids   atomic.Pointer[kids]
}

// kids are the steps below one. They are read without a lock and replaced when
// one is added.
type kids struct {
	list   []*step
	byName map[string]*step // when there are many
}

// fewKids are found faster by looking at each: most names are the same
// constant, which shows in the pointer.
const fewKids = 8

// otherName is what is counted together when there is too much of it.
const otherName = inprocess.Other

// stepTree is all paths that flows took. It only grows, up to its bound.
type stepTree struct {
	most  int
	limit int64        // bytes of statistics from which there are no new paths
	bytes atomic.Int64 // that they take
	top   step         // above the first operations of flows

	mu  sync.Mutex
	all []*step // by index
}

// find returns the step of that name below another, nil being the top.
func (t *stepTree) find(above *step, name string) *step {
	if above == nil {
		above = &t.top
	}
	if found := above.kid(name); found != nil {
		return found
	}
	short := plain(name, maxKey)
	if found := above.kid(short); found != nil {
		return found
	}
	if len(short) < len(name) {
		short = strings.Clone(short) // a step stays, all of its name need not
	}
	return t.add(above, short)
}

func (s *step) kid(name string) *step {
	k := s.kids.Load()
	if k == nil {
		return nil
	}
	if k.byName != nil {
		return k.byName[name]
	}
	for _, kid := range k.list {
		if kid.name == name {
			return kid
		}
	}
	return nil
}

// add makes a step. When there are as many as there may be, first operations
// of flows are counted as one and all below them as another, so that flows can
// still be told from their steps.
func (t *stepTree) add(above *step, name string) *step {
	t.mu.Lock()
	defer t.mu.Unlock()
	if found := above.kid(name); found != nil {
		return found
	}
	if len(t.all) < t.most && t.bytes.Load() < t.limit {
		return t.make(above, name)
	}
	others := t.make(&t.top, otherName)
	if above == &t.top {
		return others
	}
	return t.make(others, otherName)
}

// make adds a step of a plain name, unless it is there.
func (t *stepTree) make(above *step, name string) *step {
	if found := above.kid(name); found != nil {
		return found
	}
	added := &step{index: int32(len(t.all)), name: name, parent: above}
	if above == &t.top {
		added.parent = nil
	}
	t.all = append(t.all, added)
	above.adopt(added)
	return added
}

func (s *step) adopt(added *step) {
	old := s.kids.Load()
	if old == nil {
		old = &kids{}
	}
	grown := &kids{list: append(old.list[:len(old.list):len(old.list)], added)}
	if len(grown.list) > fewKids {
		grown.byName = make(map[string]*step, len(grown.list))
		for _, kid := range grown.list {
			grown.byName[kid.name] = kid
		}
	}
	s.kids.Store(grown)
}

// steps are all steps there are.
func (t *stepTree) steps() []*step {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all[:len(t.all):len(t.all)]
}

package analyze

import (
	"testing"

	"github.com/flowscope/flowscope/internal/model"
)

// An edge that is still met outlives the turns of the memory, one that is not
// is forgotten.
func TestHabitsTurn(t *testing.T) {
	n, h := newNames(10), newHabits()
	web, cart := n.node(model.Node{Name: "web"}), n.node(model.Node{Name: "cart"})
	h.meet(&n, web, cart).sample(7)
	for i := range int32(maxEdges) {
		h.meet(&n, 100+i, web)
	}
	if len(h.young.edges) >= maxEdges {
		t.Fatal("the memory has not turned")
	}
	if h.callee(web, "cart") != cart || h.meet(&n, web, cart).median != 7 {
		t.Error("an edge of the last turn is forgotten")
	}
	for i := range int32(2 * maxEdges) {
		h.meet(&n, 100_000+i, web)
	}
	if h.callee(web, "cart") != none || h.meet(&n, web, cart).median != 0 {
		t.Error("an edge nobody met for a turn is remembered")
	}
}

func TestMedianSettles(t *testing.T) {
	var b habit
	for i := range int64(1000) {
		b.sample(1_000_000 * (1 + i*7%99)) // 1 to 99 ms
	}
	if b.median < 45e6 || b.median > 55e6 {
		t.Errorf("the median of 1 to 99 ms is %d ns", b.median)
	}
}

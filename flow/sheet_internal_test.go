package flow

import (
	"errors"
	"fmt"
	"testing"
)

// TestSheetsAreGivenBack ends flows in every order, and looks at what their runs
// still hold.
func TestSheetsAreGivenBack(t *testing.T) {
	t.Parallel()
	tracker := New(WithHistory(100, 1<<20))
	ctx, head := tracker.Start(t.Context(), "request")
	_, step := Start(ctx, "step")
	_, slow := Start(ctx, "slow")
	step.End()
	head.End()
	tracker.completeLingering(0)
	_, late := Start(ctx, "late", Int("n", 1))
	late.Fail(errors.New("too late"))
	if head.run.sheet == nil || late.own == nil {
		t.Fatalf("sheets %v and %v while two operations run", head.run.sheet, late.own)
	}
	late.End()
	slow.Set(String("result", "late"))
	slow.End()
	if head.run.sheet != nil || late.own != nil {
		t.Errorf("sheets %v and %v when all has ended", head.run.sheet, late.own)
	}
	for _, op := range []*Op{head, step, slow, late} { // nothing happens, least of all a panic
		op.Set(Bool("after", true))
		op.Event("after")
		op.Fail(errors.New("after"))
		op.SetName("after")
		op.Link(op.SpanContext())
		op.End()
		if op.Recording() || op.Name() == "" || op.Name() == "after" || op.SpanID().IsZero() {
			t.Errorf("%q is recorded", op.Name())
		}
	}
	for _, f := range tracker.Flows(0) {
		for _, s := range f.Spans {
			if s.Name == "late" && (s.Message != "too late" || len(s.Attrs) != 1) || s.Name == "slow" && len(s.Attrs) != 1 {
				t.Errorf("%+v", s)
			}
		}
	}
}

// TestStraysTakeNothingForGood has operations come and go that are not part of a
// record: late ones, and those of a flow that has too many.
func TestStraysTakeNothingForGood(t *testing.T) {
	t.Parallel()
	tracker := New(WithHistory(10, 1<<20))
	for _, ended := range []bool{false, true} {
		ctx, head := tracker.Start(t.Context(), "worker")
		if ended {
			head.End()
		}
		for i := range 3 * maxOps {
			_, tick := Start(ctx, "tick", Int("n", i))
			if i >= maxOps {
				tick.Fail(errors.New("again"))
			}
			tick.End()
			if tick.own != nil {
				t.Fatalf("operation %d keeps its sheet; ended %v", i, ended)
			}
		}
		if p := head.run.sheet; p != nil && len(p.extras) > 0 {
			t.Errorf("%d extras; ended %v", len(p.extras), ended)
		}
		head.End()
	}
}

func TestArenaIsAsLargeAsItsAttributes(t *testing.T) {
	t.Parallel()
	ctx, head := New().Start(t.Context(), "import")
	for i := range 3000 {
		head.Set(String(fmt.Sprint("record.imported.", i), "ok"))
		if i%100 == 0 {
			_, step := Start(ctx, "step", Int("n", i))
			step.Set(String("text", "more"), Int("rows", i))
			step.End()
		}
	}
	p := head.run.sheet
	if encoded := int(head.attrs.len); encoded < 3000*20 || cap(p.arena) > 6*encoded {
		t.Errorf("%d bytes of attributes take %d", encoded, cap(p.arena))
	}
	head.End()
}

package load

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// template is an encoded request and where in it ids and times are. It belongs
// to one connection.
type template struct {
	body  []byte
	spans []place
	ids   []model.TraceID // by trace, as of the last renew
	rand  *rand.Rand

	spanIDs []uint64 // by span, as of the last renew
	ends    []int64  // by trace: Unix ns
	stretch []int64  // by trace: 1024ths of the shape's duration
	lengths []int64  // by trace: ns in the shape
}

// place is a span and the offsets of what changes in it.
type place struct {
	trace, parent             int // index of its trace, and of its parent or -1
	traceID, spanID, parentID int
	startTime, endTime        int
	session                   int
	start, end                int64 // ns since the trace's start, in the shape
}

// renew gives every trace and span a new id and session, and times that end
// now. Durations differ from trace to trace, within half to one and a half of
// the shape's, so that latencies have a spread.
func (t *template) renew(now time.Time) {
	for i := range t.ids {
		binary.BigEndian.PutUint64(t.ids[i][:8], t.rand.Uint64())
		binary.BigEndian.PutUint64(t.ids[i][8:], t.rand.Uint64()|1) // never zero
		t.stretch[i] = 512 + t.rand.Int64N(1025)
		// The traces of a batch have not all ended at once.
		t.ends[i] = now.UnixNano() - t.rand.Int64N(int64(time.Second))
	}
	for i := range t.spanIDs {
		t.spanIDs[i] = t.rand.Uint64() | 1
	}
	for i := range t.spans {
		t.renewSpan(i)
	}
}

func (t *template) renewSpan(i int) {
	s := &t.spans[i]
	id := &t.ids[s.trace]
	copy(t.body[s.traceID:], id[:])
	binary.BigEndian.PutUint64(t.body[s.spanID:], t.spanIDs[i])
	if s.parent >= 0 {
		binary.BigEndian.PutUint64(t.body[s.parentID:], t.spanIDs[s.parent])
	}
	begin := t.ends[s.trace] - t.lengths[s.trace]*t.stretch[s.trace]/1024
	binary.LittleEndian.PutUint64(t.body[s.startTime:], uint64(begin+s.start*t.stretch[s.trace]/1024))
	binary.LittleEndian.PutUint64(t.body[s.endTime:], uint64(begin+s.end*t.stretch[s.trace]/1024))
	hex.Encode(t.body[s.session:s.session+len(sessionPlaceholder)], id[:len(sessionPlaceholder)/2])
}

package live

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrCursor says that a cursor is not one that a Hub gave out.
var ErrCursor = errors.New("not a cursor of this API")

// cursor writes down where to go on: which run of the server, which event, and how
// many before it were left out and are still to be told.
func (h *Hub) cursor(next, untold uint64) string {
	text := h.boot + "." + strconv.FormatUint(next, 36)
	if untold > 0 {
		text += "." + strconv.FormatUint(untold, 36)
	}
	return text
}

// position is where a cursor goes on.
type position struct {
	next   uint64 // the first event to read
	untold uint64 // events left out before it
	gap    bool   // there may have been others that nobody can count
}

// resume is where to go on. Without a cursor that is here.
func (h *Hub) resume(cursor string) (position, error) {
	if cursor == "" {
		return position{next: h.ring.next}, nil
	}
	boot, numbers, ok := strings.Cut(cursor, ".")
	number, left, owes := strings.Cut(numbers, ".")
	next, err := strconv.ParseUint(number, 36, 64)
	var untold uint64
	if owes && err == nil {
		untold, err = strconv.ParseUint(left, 36, 64)
	}
	switch {
	case !ok || err != nil || len(cursor) > 40:
		return position{}, fmt.Errorf("cursor %.40q: %w", cursor, ErrCursor)
	case boot != h.boot || next > h.ring.next || next < h.floor:
		return position{next: max(h.floor, h.ring.oldest), gap: true}, nil
	default:
		return position{next, min(untold, next+h.skipped), false}, nil
	}
}

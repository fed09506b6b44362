package live

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrCursor says that a cursor is not one that a Hub gave out.
var ErrCursor = errors.New("not a cursor of this API")

// cursor writes down where to go on: which run of the server, which event.
func (h *Hub) cursor(next uint64) string { return h.boot + "." + strconv.FormatUint(next, 36) }

// resume is the number of the first event to read for a cursor. It reports true
// when there may have been others before that nobody can count.
func (h *Hub) resume(cursor string) (next uint64, gap bool, err error) {
	if cursor == "" {
		return h.ring.next, false, nil
	}
	boot, number, ok := strings.Cut(cursor, ".")
	next, err = strconv.ParseUint(number, 36, 64)
	switch {
	case !ok || err != nil || len(cursor) > 32:
		return 0, false, fmt.Errorf("cursor %.40q: %w", cursor, ErrCursor)
	case boot != h.boot || next > h.ring.next || next < h.floor:
		return max(h.floor, h.ring.oldest), true, nil
	default:
		return next, false, nil
	}
}

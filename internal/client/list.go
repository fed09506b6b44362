package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"slices"
	"strconv"
)

// Row is one element of a list. It encodes to the JSON that the server sent,
// with fields that this client does not know.
type Row[T any] struct {
	Of  T
	raw json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Row[T]) UnmarshalJSON(p []byte) error {
	r.raw = slices.Clone(p)
	return json.Unmarshal(p, &r.Of)
}

// MarshalJSON implements json.Marshaler.
func (r Row[T]) MarshalJSON() ([]byte, error) { return r.raw, nil }

// Page is a page of a list.
type Page[T any] struct {
	Rows    []Row[T]        `json:"-"`
	Total   *int            `json:"total"`  // rows on all pages, where the server counts them
	Period  json.RawMessage `json:"period"` // which the figures are of; nil in lists of single flows
	Partial bool            `json:"partial"`
	Reasons []string        `json:"reasons"` // why it is partial

	Note string `json:"note"` // what the server says about the rows, of those that are open

	NextCursor string `json:"nextCursor"`
}

// Limited reports whether a limit of the server cut the search short.
func (p *Page[T]) Limited() bool {
	return slices.ContainsFunc(p.Reasons, func(r string) bool { return r != "damaged_block" })
}

// readPage asks an endpoint for a page. The list is the field of the same name.
func readPage[T any](ctx context.Context, c *Client, name string, params url.Values) (*Page[T], error) {
	var body json.RawMessage
	if err := c.get(ctx, name, params, &body); err != nil {
		return nil, err
	}
	page, fields := &Page[T]{}, map[string]json.RawMessage{}
	err := json.Unmarshal(body, page)
	if err == nil {
		err = json.Unmarshal(body, &fields)
	}
	if err == nil {
		err = json.Unmarshal(fields[name], &page.Rows)
	}
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %s: %w", c, name, err)
	}
	return page, nil
}

// numbered yields the pages of a list that is paged by number, at most limit
// rows in all; size is the most that the server puts on a page. What comes while
// the pages are read moves rows to the next one: a row is yielded once, by its
// key. It ends with the first error.
func numbered[T any](ctx context.Context, c *Client, name string, params url.Values, size, limit int, key func(*T) string) iter.Seq2[*Page[T], error] {
	return func(yield func(*Page[T], error) bool) {
		ask, seen := maps.Clone(params), map[string]bool{}
		if ask == nil {
			ask = url.Values{}
		}
		size = min(size, limit)
		ask.Set("pageSize", strconv.Itoa(size))
		for number := 1; limit > 0; number++ {
			ask.Set("page", strconv.Itoa(number))
			page, err := readPage[T](ctx, c, name, ask)
			if err != nil {
				yield(nil, err)
				return
			}
			last := len(page.Rows) < size
			page.Rows = slices.DeleteFunc(page.Rows, func(r Row[T]) bool {
				id := key(&r.Of)
				again := seen[id]
				seen[id] = true
				return again
			})
			page.Rows = page.Rows[:min(limit, len(page.Rows))]
			limit -= len(page.Rows)
			if !yield(page, nil) || last {
				return
			}
		}
	}
}

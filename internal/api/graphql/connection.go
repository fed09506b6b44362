package graphql

import (
	"context"
	"net/url"
	"slices"
	"strconv"
)

// connection is a page of a list.
type connection[T any] struct {
	Edges      []listEdge[T]
	PageInfo   pageInfo
	TotalCount int32
	Partial    bool
	Period     period
}

type listEdge[T any] struct {
	Cursor string
	Node   *T
}

type pageInfo struct {
	HasNextPage bool
	EndCursor   *string
}

type period struct{ Start, End instant }

// list is a page of REST; one of the lists is there.
type list[T any] struct {
	Flows, Operations, Services []*T
	Total                       int32
	Partial                     bool
	Period                      period
}

func (l *list[T]) rows() []*T { return slices.Concat(l.Flows, l.Operations, l.Services) }

// window reads the rows of a list that a page has. REST has pages of equal size;
// rows that begin within one are on two of them.
func window[T any](ctx context.Context, endpoint string, params url.Values, page pageArgs, otherwise, most int) (*connection[T], error) {
	size, err := page.size(otherwise, most)
	if err != nil {
		return nil, err
	}
	offset, err := page.offset()
	if err != nil {
		return nil, err
	}
	skip, pages := offset%size, 1
	if skip > 0 {
		pages = 2
	}
	if err := spend(ctx, pages, size); err != nil {
		return nil, err
	}
	var rows []*T
	out := &connection[T]{}
	params.Set("pageSize", strconv.Itoa(size))
	for i := range pages {
		params.Set("page", strconv.Itoa(offset/size+1+i))
		one, err := read[list[T]](ctx, endpoint, "", params)
		if err != nil {
			return nil, err
		}
		rows = append(rows, one.rows()...)
		out.TotalCount, out.Partial, out.Period = one.Total, out.Partial || one.Partial, one.Period
	}
	rows = rows[min(skip, len(rows)):]
	rows = rows[:min(size, len(rows))]
	out.Edges = make([]listEdge[T], len(rows))
	for i, row := range rows {
		out.Edges[i] = listEdge[T]{rowCursor(offset + i + 1), row}
	}
	end := offset + len(rows)
	out.PageInfo.HasNextPage = len(rows) > 0 && end < min(int(out.TotalCount), maxOffset+1)
	if len(rows) > 0 {
		out.PageInfo.EndCursor = &out.Edges[len(rows)-1].Cursor
	}
	return out, nil
}

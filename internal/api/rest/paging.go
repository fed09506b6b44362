package rest

// maxPage keeps a page times its size far from overflow.
const maxPage = 1_000_000

// paging is which part of a list is asked for.
type paging struct{ page, size int }

// paging reads page and pageSize.
func (p *params) paging(size, largest int) paging {
	return paging{p.number("page", 1, maxPage), p.number("pageSize", size, largest)}
}

func (p paging) offset() int { return (p.page - 1) * p.size }

// pageOf cuts the asked page out of a whole list.
func pageOf[T any](list []T, p paging) []T {
	from := min(p.offset(), len(list))
	return list[from:min(from+p.size, len(list))]
}

// pageInfo is what every list says of itself.
type pageInfo struct {
	Total    int  `json:"total"`
	Page     int  `json:"page"`
	PageSize int  `json:"pageSize"`
	Partial  bool `json:"partial,omitempty"` // some stored blocks could not be read
}

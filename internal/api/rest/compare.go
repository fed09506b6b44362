package rest

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/flowscope/flowscope/internal/query"
)

// compareOperation answers with a compare.Report as it is.
func (a *API) compareOperation(r *http.Request, p *params) (any, error) {
	f := query.Filter{Operation: r.PathValue("operationName"), Environment: p.text("environment")}
	baseline, candidate := p.stretch("baseline"), p.stretch("candidate")
	if err := p.done(); err != nil {
		return nil, err
	}
	return a.cfg.Query.Compare(r.Context(), f, baseline, candidate)
}

// stretch reads a period of the form FROM..TO, which must be there.
func (p *params) stretch(name string) query.Period {
	text := p.text(name)
	start, end, found := strings.Cut(text, "..")
	from, err := parseTime(start, p.now)
	to, err2 := parseTime(end, p.now)
	if !found || err != nil || err2 != nil || !from.Before(to) {
		p.fail(name, fmt.Sprintf("%s is %q, not FROM..TO: two times, such as now-2h..now-1h", name, text))
		return query.Period{}
	}
	return query.Period{From: from.UnixNano(), To: to.UnixNano()}
}

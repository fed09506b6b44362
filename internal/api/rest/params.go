package rest

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// params reads the parameters of one request strictly. An answer asks for
// every parameter it knows and then calls done, which refuses the rest. The
// first fault is kept; after it, values read are meaningless.
type params struct {
	values url.Values
	known  []string
	now    time.Time
	fault  error
}

func readParams(r *http.Request, now time.Time) (*params, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, BadParameter("", "the query string is malformed: "+err.Error())
	}
	return &params{values: values, now: now}, nil
}

// done reports the first fault, or names a parameter that nobody asked for.
func (p *params) done() error {
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		if !slices.Contains(p.known, name) {
			return &Problem{Status: http.StatusBadRequest, Code: "unknown_parameter", Field: name,
				Detail: fmt.Sprintf("unknown parameter %q; accepted: %s", name, p.accepted())}
		}
	}
	return p.fault
}

func (p *params) accepted() string {
	if len(p.known) == 0 {
		return "none"
	}
	return strings.Join(p.known, ", ")
}

func (p *params) fail(field, detail string) {
	if p.fault == nil {
		p.fault = BadParameter(field, detail)
	}
}

// text returns a parameter, empty when it is not there.
func (p *params) text(name string) string {
	p.known = append(p.known, name)
	if len(p.values[name]) > 1 {
		p.fail(name, fmt.Sprintf("%s is given %d times, once is accepted", name, len(p.values[name])))
	}
	if p.values.Has(name) && p.values.Get(name) == "" {
		// A script whose variable is not set would be answered about everything.
		p.fail(name, name+" is empty; leave it out to set no condition")
	}
	return p.values.Get(name)
}

// list returns a parameter that may be given several times.
func (p *params) list(name string, most int) []string {
	p.known = append(p.known, name)
	if len(p.values[name]) > most {
		p.fail(name, fmt.Sprintf("%s is given %d times, %d are accepted", name, len(p.values[name]), most))
		return nil
	}
	return p.values[name]
}

// oneOf returns which of the choices a parameter is, -1 when it is not there.
func (p *params) oneOf(name string, choices ...string) int {
	v := p.text(name)
	if v == "" {
		return -1
	}
	i := slices.Index(choices, v)
	if i < 0 {
		p.fail(name, fmt.Sprintf("%s is %q, not one of %s", name, v, strings.Join(choices, ", ")))
	}
	return i
}

// number returns a whole number from 1 to most.
func (p *params) number(name string, otherwise, most int) int {
	v := p.text(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > most {
		p.fail(name, fmt.Sprintf("%s is %q, not a whole number from 1 to %d", name, v, most))
	}
	return n
}

// duration returns a length of time such as 250ms or 1.5s, 0 when it is not there.
func (p *params) duration(name string) time.Duration {
	v := p.text(name)
	if v == "" {
		return 0
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		p.fail(name, fmt.Sprintf("%s is %q, not a duration such as 250ms, 1.5s or 2m", name, v))
	}
	return d
}

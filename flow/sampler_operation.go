package flow

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// byOperation is a table of Samplers.
type byOperation struct {
	exact  map[string]Sampler
	routes *routes // nil when no key is a path
	other  Sampler
}

// ByOperation asks a Sampler of its own for each operation, and otherwise for
// those that are not in the table. A key is what a flow is called when it begins,
// flow.operation or else its name, or a path in the form of http.ServeMux with
// or without a method, which is compared to what requests ask for:
//
//	flow.ByOperation(map[string]flow.Sampler{
//		"checkout":           flow.Keep,
//		"GET /products/{id}": flow.Ratio(.5),
//		"/healthz":           flow.Drop,
//		"/assets/":           flow.Cheap(flow.Ratio(.01)),
//	}, flow.Ratio(.1))
//
// Names come first, then the most specific path. A caller may choose its
// operation (X-Operation-Name, baggage) and with it among these Samplers.
func ByOperation(table map[string]Sampler, otherwise Sampler) Sampler {
	s := &byOperation{exact: make(map[string]Sampler, len(table)), other: orKeep(otherwise)}
	for key, sampler := range table {
		sampler = orKeep(sampler)
		s.exact[key] = sampler
		verb, path, both := strings.Cut(key, " ")
		if !both {
			verb, path = "", key
		}
		if path = strings.TrimLeft(path, " \t"); strings.HasPrefix(path, "/") {
			if s.routes == nil {
				s.routes = &routes{}
			}
			s.routes.add(path[1:], verb, sampler)
		}
	}
	return s
}

func (s *byOperation) Sample(b Beginning) Decision { return s.choose(&b).Sample(b) }

func (s *byOperation) String() string {
	return fmt.Sprintf("%d operations, else %v", len(s.exact), s.other)
}

func (s *byOperation) choose(b *Beginning) Sampler {
	if b.Operation != "" {
		if found := s.exact[b.Operation]; found != nil {
			return found
		}
	}
	if found := s.exact[b.Name]; found != nil {
		return found
	}
	if s.routes == nil {
		return s.other
	}
	var verb, path string
	for i := range b.Attrs {
		switch a := &b.Attrs[i]; a.key {
		case "http.request.method":
			verb = a.text
		case "url.path":
			path = a.text
		}
	}
	if strings.HasPrefix(path, "/") {
		if found := s.routes.find(path[1:], verb); found != nil {
			return found
		}
	}
	return s.other
}

func (s *byOperation) within() []Sampler {
	all := []Sampler{s.other}
	for sampler := range maps.Values(s.exact) {
		all = append(all, sampler)
	}
	return all
}

// routes is a tree of path segments. Its depth is that of the longest pattern,
// whatever paths are looked up in it.
type routes struct {
	literal map[string]*routes
	any     *routes // {name}
	here    []verbal
	below   []verbal // a pattern with / or {name...} at its end
}

func (n *routes) add(pattern, verb string, s Sampler) {
	segment, rest, more := strings.Cut(pattern, "/")
	switch wild := strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}"); {
	case !more && (segment == "" || wild && strings.HasSuffix(segment, "...}")):
		n.below = append(n.below, verbal{verb, s})
		return
	case segment == "{$}":
		n = n.next("")
	case wild:
		if n.any == nil {
			n.any = &routes{}
		}
		n = n.any
	default:
		n = n.next(segment)
	}
	if more {
		n.add(rest, verb, s)
	} else {
		n.here = append(n.here, verbal{verb, s})
	}
}

func (n *routes) next(segment string) *routes {
	kid := n.literal[segment]
	if kid == nil {
		kid = &routes{}
		if n.literal == nil {
			n.literal = map[string]*routes{}
		}
		n.literal[segment] = kid
	}
	return kid
}

// find is the Sampler of the most specific pattern that a path below n matches.
func (n *routes) find(path, verb string) Sampler {
	segment, rest, more := strings.Cut(path, "/")
	for _, kid := range [2]*routes{n.literal[segment], n.any} {
		if kid == nil || kid == n.any && segment == "" {
			continue
		}
		var found Sampler
		if more {
			found = kid.find(rest, verb)
		} else {
			found = of(kid.here, verb)
		}
		if found != nil {
			return found
		}
	}
	return of(n.below, verb)
}

// verbal is a Sampler of one method, "" being all.
type verbal struct {
	verb    string
	sampler Sampler
}

func of(all []verbal, verb string) Sampler {
	var found Sampler
	for i := range all {
		switch all[i].verb {
		case verb:
			return all[i].sampler
		case http.MethodGet: // speaks for HEAD, as http.ServeMux has it
			if verb == http.MethodHead {
				found = all[i].sampler
			}
		case "":
			if found == nil {
				found = all[i].sampler
			}
		}
	}
	return found
}

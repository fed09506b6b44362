package analyze

import (
	"strings"

	"github.com/flowscope/flowscope/internal/model"
)

// Resolve gives the calls of g that no span answered to the services they were
// meant for: a caller's call to an outside system whose name is that of a
// service it calls, too, is a call to that service. What one flow adds to a
// rollup cannot depend on what others show, or it could not be taken away
// again; so this is done to what is asked for, not to what is counted.
func Resolve(g *model.Graph) {
	calls := map[model.Node][]model.Node{} // services, by who calls them
	for e, s := range g.Edges {
		if e.To.Kind == model.NodeService && s.Calls > 0 {
			calls[e.From] = append(calls[e.From], e.To)
		}
	}
	resolved := map[model.Node]model.Node{}
	for e, s := range g.Edges {
		if e.To.Kind != model.NodeExternal || s.Calls <= 0 {
			continue
		}
		if to, ok := meant(e.To, calls[e.From]); ok {
			g.Edge(model.Edge{From: e.From, To: to}).Merge(s) // it is there: services are those called
			delete(g.Edges, e)
			resolved[e.To] = to
		}
	}
	if len(resolved) > 0 {
		recount(g, resolved)
	}
}

// recount makes the requests of resolved nodes those of the edges that are
// left. A node with none left goes, and its time goes to the service.
func recount(g *model.Graph, resolved map[model.Node]model.Node) {
	left := model.NewGraph()
	for e, s := range g.Edges {
		if _, ok := resolved[e.To]; ok && s.Calls > 0 {
			n := left.Node(e.To)
			n.Requests += s.Calls
			n.Errors += s.Errors
			n.Latency.Merge(&s.Latency)
		}
	}
	for n, to := range resolved {
		was, now := g.Node(n), left.Nodes[n]
		if now != nil {
			now.Self, now.Critical = was.Self, was.Critical
			g.Nodes[n] = now
			continue
		}
		g.Node(to).Self += was.Self
		g.Node(to).Critical += was.Critical
		delete(g.Nodes, n)
	}
}

// meant is the service among those given that an outside system's name is the
// name of, the first by id when there are several.
func meant(outside model.Node, services []model.Node) (to model.Node, ok bool) {
	for _, s := range services {
		if isNameOf(outside.Name, s) && (!ok || s.ID() < to.ID()) {
			to, ok = s, true
		}
	}
	return to, ok
}

// isNameOf reports whether a caller that names an outside system so may mean
// service s: by its name, or by the host name that Kubernetes makes of it and
// of its namespace. The first label alone would take api.example.com for api.
func isNameOf(name string, s model.Node) bool {
	host, _, _ := strings.Cut(name, ":")
	if host == s.Name {
		return true
	}
	domain, ok := strings.CutPrefix(host, s.Name+".")
	_, rest, _ := strings.Cut(domain, ".")
	return ok && (domain == s.Namespace || rest == "svc" || strings.HasPrefix(rest, "svc."))
}

// serviceBehind is the service that from is known to call under the name of
// node to, or none.
func (a *Analyzer) serviceBehind(from, to int32) int32 {
	outside := a.names.nodes[to]
	if outside.Kind != model.NodeExternal {
		return none
	}
	host, _, _ := strings.Cut(outside.Name, ":")
	first, _, _ := strings.Cut(host, ".")
	for _, name := range [...]string{host, first} {
		if s := a.habits.callee(from, name); s != none && isNameOf(outside.Name, a.names.nodes[s]) {
			return s
		}
	}
	return none
}

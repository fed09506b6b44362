package demo

import (
	"math/rand/v2"
	"slices"
)

// service is what the company's architects would draw as one box.
type service struct {
	name, namespace string
	releases        []release // running side by side, oldest first
	headless        bool      // a user interface: calls others, cannot be called
	endpoints       []endpoint
	consumers       []consumer
}

type release struct {
	version string
	pods    int
}

// endpoint is a route, as http.ServeMux writes it, and what happens there.
type endpoint struct {
	route string
	steps steps
}

// consumer works off a topic: message by message within the producer's trace, or with batch > 0 up to so many at once in a trace
// of its own.
type consumer struct {
	topic string
	batch int
	steps steps
}

// operation is something users do. It starts in a user interface.
type operation struct {
	name, ui string
	event    string // what the user touched
	weight   int    // relative frequency
	hint     string // what is worth looking at, if anything
	steps    steps
}

// topology is the whole company.
type topology struct {
	services   []service
	operations []operation
}

func company() topology {
	return topology{
		services:   slices.Concat(shopServices(), cloudServices(), platformServices()),
		operations: slices.Concat(shopOperations(), cloudOperations()),
	}
}

// draw picks an operation by weight.
func (t topology) draw(rng *rand.Rand) operation {
	total := 0
	for _, op := range t.operations {
		total += op.weight
	}
	n := rng.IntN(total)
	i := 0
	for ; n >= t.operations[i].weight; i++ {
		n -= t.operations[i].weight
	}
	return t.operations[i]
}

// newestOnly is the topology of a test environment: the next release of everything, one pod each.
func newestOnly(services []service) []service {
	services = slices.Clone(services)
	for i := range services {
		newest := services[i].releases[len(services[i].releases)-1]
		services[i].releases = []release{{newest.version, 1}}
	}
	return services
}

// pods is the usual case of one release.
func pods(version string, n int) []release { return []release{{version, n}} }

// Topology describes the demo to its audience.
type Topology struct {
	Services   []ServiceInfo
	Operations []OperationInfo
}

// ServiceInfo is one simulated service in production.
type ServiceInfo struct {
	Name, Namespace string
	Versions        []string // oldest first
	Instances       int
}

// OperationInfo is one thing the simulated users do.
type OperationInfo struct {
	Name  string
	Share float64 // of all flows, 0 to 1
	Hint  string  // what is worth looking at; may be empty
}

// Topology needs no running demo.
func (d *Demo) Topology() Topology {
	var out Topology
	for _, s := range d.topology.services {
		info := ServiceInfo{Name: s.name, Namespace: s.namespace}
		for _, r := range s.releases {
			info.Versions = append(info.Versions, r.version)
			info.Instances += r.pods
		}
		out.Services = append(out.Services, info)
	}
	total := 0
	for _, op := range d.topology.operations {
		total += op.weight
	}
	for _, op := range d.topology.operations {
		out.Operations = append(out.Operations, OperationInfo{op.name, float64(op.weight) / float64(total), op.hint})
	}
	return out
}

package demo

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
)

// mesh is one environment: all instances of all services, and the broker between them.
type mesh struct {
	demo        *Demo
	environment string
	clock       clock
	services    []service
	broker      *broker
	instances   []*instance
	byService   map[string][]*instance
	consuming   sync.WaitGroup
}

func newMesh(d *Demo, environment string, c clock, services []service) *mesh {
	return &mesh{
		demo: d, environment: environment, clock: c, services: services,
		broker: newBroker(), byService: map[string][]*instance{},
	}
}

// start brings up all instances; ctx is the ancestor of all their work. After an error, stop and flush undo what was done.
func (m *mesh) start(ctx context.Context) error {
	for i, s := range m.services {
		for _, r := range s.releases {
			for pod := range r.pods {
				in, err := newInstance(m, s, r.version, podName(m.environment, s.name, r.version, pod), i%2 == 0)
				if err != nil {
					return fmt.Errorf("start %s: %w", s.name, err)
				}
				m.instances = append(m.instances, in)
				m.byService[s.name] = append(m.byService[s.name], in)
				if s.headless {
					continue
				}
				if err := in.serve(ctx); err != nil {
					return err
				}
			}
		}
	}
	for _, in := range m.instances {
		m.consume(ctx, in)
	}
	return nil
}

// pick balances load over the instances of a service.
func (m *mesh) pick(service string, rng *rand.Rand) (*instance, error) {
	pods := m.byService[service]
	if len(pods) == 0 {
		return nil, fmt.Errorf("no such service: %s", service)
	}
	return pods[rng.IntN(len(pods))], nil
}

// drain ends the consumers once their queues are empty, or their context is done. Nobody may start flows any more.
func (m *mesh) drain() {
	m.broker.close()
	m.consuming.Wait()
	for _, in := range m.instances {
		in.transport.base.CloseIdleConnections() // servers would wait for those that were opened but never used
	}
}

// podName looks like Kubernetes' own: deployment, replica set, pod.
func podName(environment, service, version string, pod int) string {
	set := fmt.Sprintf("%s-%09x", service, hash(environment+service+version)&0xfffffffff)
	return fmt.Sprintf("%s-%05x", set, hash(set+fmt.Sprint(pod))&0xfffff)
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

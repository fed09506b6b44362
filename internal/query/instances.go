package query

import (
	"cmp"
	"slices"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// goneAfter is how long a pod may be silent and still count as running: long
// enough for a service that is called every few minutes.
const goneAfter = 5 * time.Minute

// Pod is one instance of a service.
type Pod struct {
	Name     string // see PodOf
	Node     string // where it runs
	Version  string
	Running  bool  // seen in the last five minutes
	LastSeen int64 // Unix ns
}

// instances is what resources tell of one service.
type instances struct {
	pods     map[string]Pod
	versions map[string]int64 // when each was last seen, Unix ns
}

func newInstances() instances {
	return instances{pods: map[string]Pod{}, versions: map[string]int64{}}
}

func (in instances) add(r *model.SeenResource) {
	if r.Version != "" {
		in.versions[r.Version] = max(in.versions[r.Version], r.Last)
	}
	name := PodOf(&r.ResourceInfo)
	if name == "" {
		return
	}
	if last, seen := in.pods[name]; !seen || r.Last >= last.LastSeen {
		in.pods[name] = Pod{Name: name, Node: r.Node, Version: r.Version, LastSeen: r.Last}
	}
}

// listVersions returns the versions, the latest seen first.
func (in instances) listVersions() []string {
	list := make([]string, 0, len(in.versions))
	for v := range in.versions {
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b string) int {
		return cmp.Or(cmp.Compare(in.versions[b], in.versions[a]), cmp.Compare(b, a))
	})
	return list
}

// listPods returns the pods by name.
func (in instances) listPods(now time.Time) []Pod {
	list := make([]Pod, 0, len(in.pods))
	for _, p := range in.pods {
		p.Running = p.LastSeen >= now.Add(-goneAfter).UnixNano()
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b Pod) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

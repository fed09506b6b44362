package query

import (
	"cmp"
	"context"

	"github.com/flowscope/flowscope/internal/model"
)

// ServiceInfo is what is known of the instances behind a node. A field is
// empty when it is unknown and when the instances disagree.
type ServiceInfo struct{ Pod, Version, Deployment string }

// infos says what is known of each service.
type infos map[model.Node]ServiceInfo

// differ marks a field on which instances disagree, while infos are collected.
const differ = "\x00differ"

func (in infos) add(r *model.ResourceInfo) {
	n := serviceOf(r)
	info, seen := in[n]
	if !seen {
		in[n] = ServiceInfo{PodOf(r), r.Version, r.Deployment}
		return
	}
	in[n] = ServiceInfo{agree(info.Pod, PodOf(r)), agree(info.Version, r.Version), agree(info.Deployment, r.Deployment)}
}

func agree(a, b string) string {
	if a != b {
		return differ
	}
	return a
}

// of is what is known of n.
func (in infos) of(n model.Node) ServiceInfo {
	info := in[n]
	for _, field := range []*string{&info.Pod, &info.Version, &info.Deployment} {
		if *field == differ {
			*field = ""
		}
	}
	return info
}

// PodOf names the instance that a resource is: its pod, else its instance id.
func PodOf(r *model.ResourceInfo) string { return cmp.Or(r.Pod, r.Instance) }

func serviceOf(r *model.ResourceInfo) model.Node {
	return model.Node{Kind: model.NodeService, Namespace: r.Namespace, Name: r.Service}
}

// infos collects the instances seen in a period, of one environment or of all.
func (e *Engine) infos(ctx context.Context, p Period, environment string) (infos, error) {
	resources, err := e.reader.Resources(ctx, p.From, p.To)
	if err != nil {
		return nil, err
	}
	in := infos{}
	for i := range resources.List {
		if r := &resources.List[i].ResourceInfo; environment == "" || r.Environment == environment {
			in.add(r)
		}
	}
	return in, nil
}

// infosOf collects the instances that took part in a trace.
func infosOf(t *model.Trace) infos {
	in := infos{}
	for _, s := range t.Spans {
		in.add(s.Resource())
	}
	return in
}

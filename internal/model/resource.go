package model

import "cmp"

// UnknownService names a resource that does not say its service.name.
const UnknownService = "unknown_service"

// ResourceInfo is what Flowscope asks of a resource: which service, which of
// its instances, where it runs. Every field may be empty but Service.
type ResourceInfo struct {
	Service     string // service.name
	Namespace   string // service.namespace, else k8s.namespace.name
	Version     string // service.version
	Instance    string // service.instance.id
	Pod         string // k8s.pod.name
	Node        string // k8s.node.name, else host.name
	Deployment  string // k8s.deployment.name
	Environment string // deployment.environment.name, else deployment.environment
}

// resourceFacts is a ResourceInfo with what stands in for its fields.
type resourceFacts struct {
	ResourceInfo
	k8sNamespace, host, oldEnvironment string
}

// field is where the attribute of that key is kept, nil for any other.
func (f *resourceFacts) field(key string) *string {
	switch key {
	case "service.name":
		return &f.Service
	case "service.namespace":
		return &f.Namespace
	case "service.version":
		return &f.Version
	case "service.instance.id":
		return &f.Instance
	case "k8s.pod.name":
		return &f.Pod
	case "k8s.node.name":
		return &f.Node
	case "k8s.deployment.name":
		return &f.Deployment
	case "deployment.environment.name":
		return &f.Environment
	case "k8s.namespace.name":
		return &f.k8sNamespace
	case "host.name":
		return &f.host
	case "deployment.environment":
		return &f.oldEnvironment
	default:
		return nil
	}
}

// resourceInfo reads the well-known attributes of resource r.
func (b *Batch) resourceInfo(r uint32) ResourceInfo {
	var facts resourceFacts
	for _, a := range b.Side(b.Resources[r].Attrs) {
		if a.Type != TypeString {
			continue
		}
		if f := facts.field(b.Strings.Get(a.Key)); f != nil && *f == "" {
			*f = b.Strings.Get(Ref(a.Bits))
		}
	}
	i := facts.ResourceInfo
	i.Service = cmp.Or(i.Service, UnknownService)
	i.Namespace = cmp.Or(i.Namespace, facts.k8sNamespace)
	i.Node = cmp.Or(i.Node, facts.host)
	i.Environment = cmp.Or(i.Environment, facts.oldEnvironment)
	return i
}

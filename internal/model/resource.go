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

// resourceInfo reads the well-known attributes of resource r.
func (b *Batch) resourceInfo(r uint32) ResourceInfo {
	var i ResourceInfo
	var k8sNamespace, host, oldEnvironment string
	fields := map[string]*string{
		"service.name": &i.Service, "service.namespace": &i.Namespace, "service.version": &i.Version,
		"service.instance.id": &i.Instance, "k8s.pod.name": &i.Pod, "k8s.node.name": &i.Node,
		"k8s.deployment.name": &i.Deployment, "deployment.environment.name": &i.Environment,
		"k8s.namespace.name": &k8sNamespace, "host.name": &host, "deployment.environment": &oldEnvironment,
	}
	for _, a := range b.Side(b.Resources[r].Attrs) {
		if a.Type != TypeString {
			continue
		}
		if f := fields[b.Strings.Get(a.Key)]; f != nil && *f == "" {
			*f = b.Strings.Get(Ref(a.Bits))
		}
	}
	i.Service = cmp.Or(i.Service, UnknownService)
	i.Namespace = cmp.Or(i.Namespace, k8sNamespace)
	i.Node = cmp.Or(i.Node, host)
	i.Environment = cmp.Or(i.Environment, oldEnvironment)
	return i
}

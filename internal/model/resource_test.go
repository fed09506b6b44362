package model

import "testing"

func TestResourceInfo(t *testing.T) {
	type attrs [][2]string
	for name, tc := range map[string]struct {
		attrs attrs
		want  ResourceInfo
	}{
		"nothing": {nil, ResourceInfo{Service: UnknownService}},
		"all": {
			attrs{
				{"service.name", "cart"}, {"service.namespace", "shop"}, {"service.version", "1"}, {"service.instance.id", "i"},
				{"k8s.pod.name", "pod"}, {"k8s.node.name", "node"}, {"k8s.deployment.name", "dep"}, {"k8s.namespace.name", "other"},
				{"host.name", "host"}, {"deployment.environment", "old"}, {"deployment.environment.name", "prod"},
			},
			ResourceInfo{Service: "cart", Namespace: "shop", Version: "1", Instance: "i", Pod: "pod", Node: "node", Deployment: "dep", Environment: "prod"},
		},
		"second choices": {
			attrs{{"service.name", "cart"}, {"k8s.namespace.name", "shop"}, {"host.name", "host"}, {"deployment.environment", "prod"}},
			ResourceInfo{Service: "cart", Namespace: "shop", Node: "host", Environment: "prod"},
		},
		"the first counts": {
			attrs{{"service.name", "cart"}, {"service.name", "other"}},
			ResourceInfo{Service: "cart"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b Batch
			b.SideAttrs = append(b.SideAttrs, b.NewAttr("service.version", Value{Type: TypeString, Str: "of another"}))
			start := uint32(len(b.SideAttrs))
			for _, kv := range tc.attrs {
				b.SideAttrs = append(b.SideAttrs, b.NewAttr(kv[0], Value{Type: TypeString, Str: kv[1]}))
			}
			b.Resources = append(b.Resources, Resource{Attrs: Range{start, uint32(len(tc.attrs))}})
			b.AddSpan(0, 0)
			b.EndSpan()
			b.Seal()
			if got := *b.Span(0).Resource(); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestResourceInfoIgnoresOtherTypes(t *testing.T) {
	var b Batch
	b.SideAttrs = append(b.SideAttrs, b.NewAttr("service.name", Value{Type: TypeInt, Bits: 1}))
	b.Resources = append(b.Resources, Resource{Attrs: Range{0, 1}})
	b.Seal()
	if got := b.infos[0].Service; got != UnknownService {
		t.Errorf("an integer names the service %q", got)
	}
}

package analyze

import (
	"cmp"
	"net/netip"
	"strings"

	"github.com/flowscope/flowscope/internal/model"
)

// peerOf reads what a client span says about the node it calls. It reports
// false when it says nothing.
func (a *Analyzer) peerOf(s *span) (peer, bool) {
	var text [peerKeys]string
	var port int64
	for _, attr := range s.Attrs() {
		k := a.key(s.src, attr.Key)
		if k < firstPeerKey || k > lastPeerKey {
			continue
		}
		if k == keyServerPort || k == keyOldPeerPort {
			port = cmp.Or(port, number(s.Batch, attr))
		} else if t := &text[k-firstPeerKey]; *t == "" && attr.Type == model.TypeString {
			*t = s.Batch.Value(attr).Str
		}
	}
	get := func(k key) string { return text[k-firstPeerKey] }
	address := cmp.Or(get(keyServerAddress), get(keyOldPeerName), get(keyOldHTTPHost))
	destination := cmp.Or(get(keyDestinationTemplate), get(keyDestination), get(keyOldDestination))
	system := cmp.Or(get(keyDBSystem), get(keyOldDBSystem))
	switch {
	case system != "":
		database := cmp.Or(get(keyDBNamespace), get(keyOldDBName), address)
		return peer{kind: model.NodeDatabase, system: system, name: database}, true
	case destination != "" || get(keyMessagingSystem) != "":
		return peer{kind: model.NodeQueue, system: get(keyMessagingSystem), name: cmp.Or(destination, address)}, true
	case get(keyPeerService) != "":
		return peer{kind: model.NodeExternal, name: get(keyPeerService)}, true
	case address != "":
		return peer{kind: model.NodeExternal, name: address, port: port, address: true}, true
	case get(keyRPCService) != "":
		return peer{kind: model.NodeExternal, name: get(keyRPCService)}, true
	default:
		return peer{}, false
	}
}

// findPeer sets the node that a client span calls when no other service
// answered it, and reports whether there is one.
func (a *Analyzer) findPeer(s *span) bool {
	if !a.work.mayCall(s) {
		return false
	}
	p, ok := a.peerOf(s)
	if s.kind == model.KindUnspecified && (p.kind == model.NodeQueue || p.address) {
		return false // servers and consumers have these too
	}
	if !ok || p.address {
		if outer := a.work.wrapper(s); outer != nil {
			if better, found := a.peerOf(outer); found && !better.address {
				p, ok = better, true
			}
		}
	}
	if !ok {
		return false
	}
	if p.kind == model.NodeExternal {
		if s.target = a.habits.callee(s.node, hostName(p)); s.target != none {
			return true
		}
	}
	s.target = a.names.peerNode(p)
	return true
}

// mayCall reports whether s can be a call that nobody answered.
func (w *work) mayCall(s *span) bool {
	switch {
	case s.answered:
		return false
	case s.kind == model.KindUnspecified:
		return s.child == none
	case !calls(s.kind):
		return false
	}
	for c := s.child; c != none; c = w.spans[c].sibling {
		if k := &w.spans[c]; calls(k.kind) && k.node == s.node {
			return false // a wrapper: the child makes the call
		}
	}
	return true
}

// wrapper is the client span of the same service around s, or nil.
func (w *work) wrapper(s *span) *span {
	if s.parent == none {
		return nil
	}
	if p := &w.spans[s.parent]; calls(p.kind) && p.node == s.node {
		return p
	}
	return nil
}

// calls reports whether spans of a kind are the caller's side of a call.
func calls(k model.Kind) bool { return k == model.KindClient || k == model.KindProducer }

// hostName is the name a service would have if p is one: orchestrators make
// the service's name the first label of its host name.
func hostName(p peer) string {
	if !p.address {
		return p.name
	}
	if _, err := netip.ParseAddr(p.name); err == nil {
		return p.name
	}
	first, _, _ := strings.Cut(p.name, ".")
	return first
}

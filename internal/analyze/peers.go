package analyze

import (
	"cmp"

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
	if s.kind == model.KindUnspecified && !namesCallee(s.kind, p) {
		return false
	}
	if !ok || p.address {
		if outer := a.work.wrapper(s); outer != nil {
			if better, found := a.peerOf(outer); found && namesCallee(outer.kind, better) {
				p, ok = better, true
			}
		}
	}
	if !ok {
		return false
	}
	if s.target = a.answeredLater(s, p); s.target != none {
		return true
	}
	s.target = a.names.peerNode(p)
	if a.showing {
		if service := a.serviceBehind(s.node, s.target); service != none {
			s.target = service
		}
	}
	return true
}

// namesCallee reports whether a peer is a name of what a span calls, or what is
// called below it. Servers and consumers without a kind have addresses and
// queues, too.
func namesCallee(kind model.Kind, p peer) bool {
	return !p.address && (kind != model.KindUnspecified || p.kind != model.NodeQueue)
}

// maxAttempts is how many siblings after a failed call are looked at for one
// that was answered: retries come soon, and all siblings of all siblings would
// be too many.
const maxAttempts = 16

// answeredLater returns the service that answered a later sibling of s, a
// failed call to the same peer, or none.
func (a *Analyzer) answeredLater(s *span, p peer) int32 {
	w, next := &a.work, s.sibling
	if !s.failed || s.parent == none {
		return none
	}
	for range maxAttempts {
		if next == none {
			break
		}
		k := &w.spans[next]
		if k.answered && calls(k.kind) && k.node == s.node {
			if other, ok := a.peerOf(k); ok && other == p {
				return w.calleeOf(k)
			}
		}
		next = k.sibling
	}
	return none
}

// calleeOf returns the service that answers call s from below it, or none.
func (w *work) calleeOf(s *span) int32 {
	for c := s.child; c != none; c = w.spans[c].sibling {
		if k := &w.spans[c]; w.crosses(s, k) {
			return k.node
		}
	}
	return none
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

// wrapper is the span of the same service around s that may say what s calls:
// a client, or one of no kind. Else it is nil.
func (w *work) wrapper(s *span) *span {
	if s.parent == none {
		return nil
	}
	if p := &w.spans[s.parent]; (calls(p.kind) || p.kind == model.KindUnspecified) && p.node == s.node {
		return p
	}
	return nil
}

// calls reports whether spans of a kind are the caller's side of a call.
func calls(k model.Kind) bool { return k == model.KindClient || k == model.KindProducer }

package analyze

import "github.com/flowscope/flowscope/internal/model"

// key is an attribute that analysis reads, numbered so that spans are scanned
// without comparing strings.
type key uint8

const (
	keyUnseen key = iota // not looked up yet in this batch
	keyOther             // of no interest

	keyUIEvent
	keyUser
	keySession

	keyHTTPStatus
	keyResend
	keyMessaging // what is done with a message

	// What names the node that a client span calls.
	keyDBSystem
	keyOldDBSystem
	keyDBNamespace
	keyOldDBName
	keyMessagingSystem
	keyDestinationTemplate
	keyDestination
	keyOldDestination
	keyPeerService
	keyServerAddress
	keyOldPeerName
	keyOldHTTPHost
	keyRPCService
	keyServerPort
	keyOldPeerPort

	keyOperation // and on: what names the operation, the best first
)

const (
	firstPeerKey = keyDBSystem
	lastPeerKey  = keyOldPeerPort
	peerKeys     = int(lastPeerKey-firstPeerKey) + 1
)

// knownKeys are the attributes of interest under their names, the current
// OpenTelemetry ones and those before them.
func knownKeys(operations []string) map[string]key {
	known := map[string]key{
		"ui.event": keyUIEvent, "enduser.pseudo.id": keyUser, "session.id": keySession,
		"http.response.status_code": keyHTTPStatus, "http.status_code": keyHTTPStatus,
		"http.request.resend_count": keyResend, "http.resend_count": keyResend,
		"messaging.operation.type": keyMessaging, "messaging.operation": keyMessaging,
		"db.system.name": keyDBSystem, "db.system": keyOldDBSystem,
		"db.namespace": keyDBNamespace, "db.name": keyOldDBName,
		"messaging.system": keyMessagingSystem, "messaging.destination.template": keyDestinationTemplate,
		"messaging.destination.name": keyDestination, "messaging.destination": keyOldDestination,
		"peer.service": keyPeerService, "server.address": keyServerAddress, "net.peer.name": keyOldPeerName,
		"http.host": keyOldHTTPHost, "rpc.service": keyRPCService,
		"server.port": keyServerPort, "net.peer.port": keyOldPeerPort,
	}
	rank := keyOperation
	named := append([]string{
		"flow.operation", "baggage.flow.operation",
		"http.request.header.x-operation-name", "http.request.header.x_operation_name",
	}, operations...)
	for _, name := range named {
		if _, taken := known[name]; taken || rank == ^key(0) {
			continue
		}
		known[name] = rank
		rank++
	}
	return known
}

// source is what analysis remembers of a batch while traces of it are open.
type source struct {
	batch *model.Batch
	keys  []key   // by Ref
	nodes []int32 // by resource
}

// source returns what is known of b, looking it up when b is new.
func (a *Analyzer) source(b *model.Batch) *source {
	if a.last != nil && a.last.batch == b {
		return a.last
	}
	s := a.sources[b]
	if s == nil {
		s = &source{batch: b, keys: make([]key, b.Strings.Len()), nodes: make([]int32, len(b.Resources))}
		for r := range s.nodes {
			s.nodes[r] = none
		}
		a.sources[b] = s
	}
	a.last = s
	return s
}

// Forget drops what is remembered of a batch. Whoever gives the Analyzer
// traces calls it when no trace of the batch will come again.
func (a *Analyzer) Forget(b *model.Batch) {
	delete(a.sources, b)
	if a.last != nil && a.last.batch == b {
		a.last = nil
	}
}

// key returns which attribute ref r of s's batch is.
func (a *Analyzer) key(s *source, r model.Ref) key {
	k := s.keys[r]
	if k == keyUnseen {
		k = keyOther
		if known, ok := a.known[s.batch.Strings.Get(r)]; ok {
			k = known
		}
		s.keys[r] = k
	}
	return k
}

// nodeOf returns the service node of a row of s's batch.
func (a *Analyzer) nodeOf(s *source, span model.Span) int32 {
	r := s.batch.ResourceOf[span.Row]
	if s.nodes[r] == none {
		info := span.Resource()
		s.nodes[r] = a.names.node(model.Node{Namespace: info.Namespace, Name: info.Service})
	}
	return s.nodes[r]
}

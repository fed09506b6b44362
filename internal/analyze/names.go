package analyze

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/flowscope/flowscope/internal/model"
)

// otherName stands for all names beyond the limit.
const otherName = "(other)"

// maxName is how many bytes of a name are kept: people read no more, and it
// bounds the tables below.
const maxName = 256

// cut shortens s to maxName bytes without splitting a character.
func cut(s string) string {
	if len(s) <= maxName {
		return s
	}
	end := maxName
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// names numbers the nodes an Analyzer has met and keeps one copy of each name.
type names struct {
	max          int
	nodes        []model.Node
	ids          map[model.Node]int32
	peers        map[peer]int32
	operations   texts
	environments texts
	rest         texts // names that nothing is grouped by
}

func newNames(limit int) names {
	return names{
		max: limit, ids: map[model.Node]int32{}, peers: map[peer]int32{},
		operations: texts{}, environments: texts{}, rest: texts{},
	}
}

// texts are strings of which one copy is kept.
type texts map[string]string

// intern returns the one copy of s, or false when s is new and there is no room.
func (t texts) intern(s string, limit int) (string, bool) {
	s = cut(s)
	if kept, ok := t[s]; ok {
		return kept, true
	}
	if len(t) >= limit {
		return "", false
	}
	kept := strings.Clone(s)
	t[kept] = kept
	return kept, true
}

// label is intern for what flows are grouped by.
func (n *names) label(t texts, s string) string {
	if kept, ok := t.intern(s, n.max); ok {
		return kept
	}
	return otherName
}

// text is intern for what is only shown: it is copied when there is no room.
func (n *names) text(s string) string {
	if kept, ok := n.rest.intern(s, n.max); ok {
		return kept
	}
	return strings.Clone(cut(s))
}

// node returns the number of a node.
func (n *names) node(node model.Node) int32 {
	node.Namespace, node.Name = cut(node.Namespace), cut(node.Name)
	if id, ok := n.ids[node]; ok {
		return id
	}
	if len(n.nodes) >= n.max && node.Name != otherName {
		return n.node(model.Node{Kind: node.Kind, Name: otherName})
	}
	node.Namespace, node.Name = strings.Clone(node.Namespace), strings.Clone(node.Name)
	id := int32(len(n.nodes))
	n.nodes = append(n.nodes, node)
	n.ids[node] = id
	return id
}

// peer is what the attributes of a client span say about the node it calls.
type peer struct {
	kind    model.NodeKind
	system  string // of a database or a queue
	name    string
	port    int64 // of an outside system, 0 when unknown
	address bool  // name is a network address
}

// peerNode returns the number of the virtual node that p names.
func (n *names) peerNode(p peer) int32 {
	if id, ok := n.peers[p]; ok {
		return id
	}
	name := p.name
	switch {
	case p.system != "" && p.name != "":
		name = p.system + "/" + p.name
	case p.system != "":
		name = p.system
	case p.port > 0:
		name += ":" + strconv.FormatInt(p.port, 10)
	}
	id := n.node(model.Node{Kind: p.kind, Name: name})
	// Long names are not worth keeping a second copy of.
	if len(n.peers) < n.max && len(p.system)+len(p.name) <= maxName {
		p.system, p.name = strings.Clone(p.system), strings.Clone(p.name)
		n.peers[p] = id
	}
	return id
}

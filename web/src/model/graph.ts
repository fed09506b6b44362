// A flow graph as the screen needs it: neighbours, search, health of edges,
// and how thick an edge is. Nothing here knows where anything is drawn.
import type { FlowEdge, FlowNode, Graph, Health, NodeId, NodeKind } from '../api/types'
import { formatMillis, formatRate, formatRatio, formatShort } from './format'
import { shortName } from './node'
import type { Pixels, Seconds } from './units'

export type EdgeLabel = 'rate' | 'p95' | 'errors' | 'none'
export const edgeLabels: EdgeLabel[] = ['rate', 'p95', 'errors', 'none']

export function edgeId(edge: { from: NodeId; to: NodeId }): string {
  return `${edge.from}\u2192${edge.to}`
}

// The server's defaults for nodes, applied to edges, which carry no status of their own.
const degradedFrom = 0.01
const downFrom = 0.5
const downCalls = 5

export function edgeHealth(edge: FlowEdge): Health {
  if (edge.errorRate >= downFrom && edge.callCount >= downCalls) return 'down'
  return edge.errorRate >= degradedFrom ? 'degraded' : 'healthy'
}

/** Width of an edge: one pixel per factor of four in calls, so that a busy edge stands out and a rare one stays visible. */
export function edgeWidth(callCount: number): Pixels {
  return Math.min(6, 1.25 + Math.log(Math.max(1, callCount)) / Math.log(4) / 1.6)
}

export const nodeKinds: NodeKind[] = ['service', 'database', 'queue', 'external']

/** Nodes that fit the panel with their names readable. */
const legible = 40

/** The kinds not drawn: those the URL names, else, when not all nodes would be legible, all but services. */
export function hiddenKinds(chosen: string | null, nodes: number): NodeKind[] {
  if (chosen !== null) return nodeKinds.filter((kind) => chosen.split('.').includes(kind))
  return nodes > legible ? nodeKinds.filter((kind) => kind !== 'service') : []
}

/** The node itself and what it calls or is called by, up to depth steps away. */
export function neighbourhood(graph: Graph, center: NodeId, depth: number): Set<NodeId> {
  const found = new Set([center])
  for (let step = 0; step < depth; step++) {
    for (const { from, to } of graph.edges.filter((e) => found.has(e.from) !== found.has(e.to))) {
      found.add(from)
      found.add(to)
    }
  }
  return found
}

export function subgraph(graph: Graph, keep: Set<NodeId>): Graph {
  return {
    nodes: graph.nodes.filter((n) => keep.has(n.id)),
    edges: graph.edges.filter((e) => keep.has(e.from) && keep.has(e.to)),
  }
}

/** Nodes whose name, namespace or kind contains the text; null when there is no text to find. */
export function findNodes(graph: Graph, text: string): Set<NodeId> | null {
  const wanted = text.trim().toLowerCase()
  if (!wanted) return null
  const hits = graph.nodes.filter((n) => `${n.id} ${n.kind} ${n.status}`.toLowerCase().includes(wanted))
  return new Set(hits.map((n) => n.id))
}

/** A graph without dangling edges, in an order that does not depend on the answer's. */
export function tidy(graph: Graph): Graph {
  const known = new Set(graph.nodes.map((n) => n.id))
  return {
    nodes: [...graph.nodes].sort((a, b) => (a.id < b.id ? -1 : 1)),
    edges: graph.edges.filter((e) => known.has(e.from) && known.has(e.to)).sort((a, b) => (edgeId(a) < edgeId(b) ? -1 : 1)),
  }
}

/** Requests over a period as a rate, or as a count where there is no period (one flow). */
export function formatLoad(count: number, period: Seconds | null): string {
  return period ? formatRate(count / period) : `${formatShort(count)}×`
}

export function edgeText(edge: FlowEdge, label: EdgeLabel, period: Seconds | null): string {
  if (label === 'none') return ''
  if (label === 'p95') return formatMillis(edge.p95Latency)
  if (label === 'errors') return edge.errorCount > 0 ? formatRatio(edge.errorRate) : ''
  return formatLoad(edge.callCount, period)
}

/** Everything about an edge in one sentence, for readers and tooltips. */
export function edgeSentence(edge: FlowEdge, period: Seconds | null): string {
  const parts = [
    `${shortName(edge.from)} calls ${shortName(edge.to)}`,
    period ? formatRate(edge.callCount / period) : `${edge.callCount} times`,
    `${formatRatio(edge.errorRate)} errors`,
    `p95 ${formatMillis(edge.p95Latency)}`,
  ]
  if (edge.retryCount) parts.push(`${edge.retryCount} retries`)
  if (edge.circuitBreakCount) parts.push(`${edge.circuitBreakCount} circuit breaks`)
  return parts.join(', ')
}

export function nodeSentence(node: FlowNode, period: Seconds | null): string {
  const load = period ? formatRate(node.metrics.requestCount / period) : `${node.metrics.requestCount} requests`
  return `${node.kind} ${shortName(node.id)}, ${node.status}, ${load}, ${formatRatio(node.metrics.errorRate)} errors, p95 ${formatMillis(node.metrics.p95Latency)}`
}

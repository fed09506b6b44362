// Sizes of graph nodes and edge labels, and what they say.
import type { FlowEdge, FlowNode, Graph, NodeId } from '../api/types'
import type { LayoutRequest } from '../layout/layered'
import { formatMillis, formatRatio } from '../model/format'
import { edgeText, formatLoad, type EdgeLabel } from '../model/graph'
import { splitNodeId } from '../model/node'
import type { Pixels, Seconds } from '../model/units'
import { fitText, textWidth } from './text'

export const nodeHeight: Pixels = 42
const sans = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Helvetica, Arial, sans-serif"
const nameFont = `600 12.5px ${sans}`
const factFont = `11px ${sans}`

/** Room left of the text for the kind's icon, and right of it for the health's. */
const besides: Pixels = 64
/** Fits the facts line at its usual longest: "99.9k/s · 999 ms 99.9%". */
const narrowest: Pixels = 168

export function nodeWidth(id: NodeId): Pixels {
  const { namespace, name } = splitNodeId(id)
  const text = textWidth(name, nameFont) + (namespace ? textWidth(namespace, factFont) + 8 : 0)
  return Math.ceil(Math.min(280, Math.max(narrowest, text + besides)) + 2)
}

/** Load, p95 and, where there are any, errors: the line below a node's name. */
export function nodeFacts(node: FlowNode, period: Seconds | null): { plain: string; errors: string } {
  const { requestCount, errorCount, errorRate, p95Latency } = node.metrics
  const errors = errorCount > 0 ? (period ? formatRatio(errorRate) : `${errorCount} failed`) : ''
  return { plain: `${formatLoad(requestCount, period)} · ${formatMillis(p95Latency)}`, errors }
}

/** What an edge's label says besides the chosen number. */
export function edgeMarks(edge: FlowEdge): string {
  const retries = edge.retryCount ? ` ↻${edge.retryCount}` : ''
  const breaks = edge.circuitBreakCount ? ` ⚡${edge.circuitBreakCount}` : ''
  return retries + breaks
}

export function labelWidth(text: string): Pixels {
  return text ? Math.ceil(textWidth(text, factFont)) + 10 : 0
}

/** Room for an edge label in the layout: the longest usual one, so that changing numbers or labels do not move nodes. */
const labelRoom: Pixels = 58

export function layoutRequest(graph: Graph): LayoutRequest {
  return {
    boxes: graph.nodes.map((n) => ({ id: n.id, width: nodeWidth(n.id), height: nodeHeight })),
    lines: graph.edges.map((e) => ({ from: e.from, to: e.to, labelWidth: Math.max(labelRoom, labelWidth(edgeText(e, 'rate', null) + edgeMarks(e))) })),
  }
}

export function fullEdgeText(edge: FlowEdge, label: EdgeLabel, period: Seconds | null): string {
  return label === 'none' ? '' : (edgeText(edge, label, period) + edgeMarks(edge)).trim()
}

/** A node's name and namespace, cut to fit its box. */
export function nodeTitle(id: NodeId, width: Pixels): { name: string; namespace: string } {
  const { namespace, name } = splitNodeId(id)
  const room = width - besides
  const fitted = fitText(name, nameFont, room)
  const left = room - textWidth(fitted, nameFont) - 8
  return { name: fitted, namespace: namespace && left > 14 ? fitText(namespace, factFont, left) : '' }
}

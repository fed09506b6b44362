// The API's answers from made flows: a small, plain model of what the server computes.
import type { CriticalSegment, FlowDetail, FlowEdge, FlowNode, FlowSummary, Graph, NodeId, Span, Stats } from '../../src/api/types'
import { kindOf, splitNodeId } from '../../src/model/node'
import { at, type MadeFlow } from './traces'

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)

/** What Map.groupBy does, which Node 20 does not have. */
export function groupBy<T>(items: T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group) group.push(item)
    else groups.set(key(item), [item])
  }
  return groups
}

export function latencies(ns: number[]) {
  const ms = ns.map((v) => v / 1e6).sort((a, b) => a - b)
  const rank = (q: number) => ms[Math.min(ms.length - 1, Math.floor(q * ms.length))] ?? 0
  return { avgLatency: ms.length ? sum(ms) / ms.length : 0, p50Latency: rank(0.5), p95Latency: rank(0.95), p99Latency: rank(0.99) }
}

export function endNs(flow: MadeFlow): number {
  return Math.max(...flow.spans.map((s) => s.offset + s.duration))
}

export function criticalPath(flow: MadeFlow): CriticalSegment[] {
  const children = groupBy(flow.spans.slice(1), (s) => s.parentSpanId ?? '')
  const path: CriticalSegment[] = []
  const walk = (span: Span, until: number) => {
    let end = until
    const inner = (children.get(span.spanId) ?? []).filter((c) => c.offset < until).sort((a, b) => b.offset + b.duration - a.offset - a.duration)
    for (const child of inner) {
      const childEnd = child.offset + child.duration
      if (childEnd > end) continue
      if (end > childEnd) path.push({ spanId: span.spanId, service: span.nodeId, name: span.name, offset: childEnd, duration: end - childEnd })
      walk(child, childEnd)
      end = child.offset
    }
    if (end > span.offset) path.push({ spanId: span.spanId, service: span.nodeId, name: span.name, offset: span.offset, duration: end - span.offset })
  }
  const root = flow.spans[0]
  if (root) walk(root, root.offset + root.duration)
  return path.sort((a, b) => a.offset - b.offset)
}

export function graphOf(flows: MadeFlow[]): Graph {
  const shares = new Map<NodeId, number>()
  for (const flow of flows) for (const s of criticalPath(flow)) shares.set(s.service, (shares.get(s.service) ?? 0) + s.duration)
  const totalShare = sum([...shares.values()]) || 1
  const calls = flows.flatMap((f) => f.calls)
  const roots = flows.flatMap((f) => f.spans.slice(0, 1))
  const edges = [...groupBy(calls, (c) => `${c.from}>${c.to}`).values()].map((group): FlowEdge => {
    const errorCount = group.filter((c) => c.failed).length
    return {
      from: group[0]?.from ?? '',
      to: group[0]?.to ?? '',
      callCount: group.length,
      errorCount,
      errorRate: errorCount / group.length,
      ...latencies(group.map((c) => c.latencyNs)),
      retryCount: group.filter((c) => c.retry).length,
      circuitBreakCount: group.filter((c) => c.broken).length,
    }
  })
  const ids = new Set([...roots.map((s) => s.nodeId), ...calls.flatMap((c) => [c.from, c.to])])
  const nodes = [...ids].map((id): FlowNode => {
    const served = calls.filter((c) => c.to === id && !c.broken)
    const own = roots.filter((s) => s.nodeId === id)
    const requestCount = served.length + own.length
    const errorCount = served.filter((c) => c.failed).length + own.filter((s) => s.status === 'ERROR').length
    const errorRate = requestCount ? errorCount / requestCount : 0
    const { namespace, name } = splitNodeId(id)
    return {
      id,
      kind: kindOf(id),
      service: { name, namespace, pod: '', version: kindOf(id) === 'service' ? '1.4.2' : '', deployment: '' },
      metrics: { requestCount, errorCount, errorRate, ...latencies([...served.map((c) => c.latencyNs), ...own.map((s) => s.duration)]), selfTime: sum(flows.flatMap((f) => f.spans).filter((s) => s.nodeId === id).map((s) => s.selfTime)) / 1e6, criticalShare: (shares.get(id) ?? 0) / totalShare },
      status: errorRate >= 0.5 && requestCount >= 5 ? 'down' : errorRate >= 0.01 ? 'degraded' : 'healthy',
    }
  })
  return { nodes, edges }
}

export function statsOf(flows: MadeFlow[], seconds: number): Stats {
  const errorCount = flows.filter((f) => f.status !== 'success').length
  const timeoutCount = flows.filter((f) => f.status === 'timeout').length
  return {
    totalRequests: flows.length,
    successCount: flows.length - errorCount,
    errorCount,
    timeoutCount,
    errorRate: flows.length ? errorCount / flows.length : 0,
    rate: flows.length / seconds,
    ...latencies(flows.map((f) => f.spans[0]?.duration ?? 0)),
  }
}

export function summaryOf(flow: MadeFlow): FlowSummary {
  const root = flow.spans[0] as Span
  const services = [...new Set(flow.spans.map((s) => s.nodeId))]
  return {
    flowId: flow.id,
    traceId: flow.id,
    operationName: flow.operation,
    environment: flow.environment,
    startTime: at(flow.startMs, 0),
    endTime: at(flow.startMs, endNs(flow)),
    duration: root.duration,
    status: flow.status,
    rootService: root.nodeId,
    rootName: root.name,
    user: 'user-17',
    spanCount: flow.spans.length,
    serviceCount: services.length,
    errorCount: flow.spans.filter((s) => s.status === 'ERROR').length,
    orphanCount: flow.spans.filter((s) => s.orphan).length,
    complete: true,
    ...(flow.status === 'error' && root.statusMessage ? { error: root.statusMessage } : {}),
    services,
  }
}

export function detailOf(flow: MadeFlow): FlowDetail {
  const summary = summaryOf(flow)
  return {
    ...summary,
    graph: graphOf([flow]),
    metadata: { environment: flow.environment, operationName: flow.operation, totalDuration: summary.duration, totalSpans: summary.spanCount, errorCount: summary.errorCount },
    criticalPath: criticalPath(flow),
    sequence: flow.spans.map((s, i) => ({
      step: i + 1,
      spanId: s.spanId,
      parentSpanId: s.parentSpanId ?? '',
      service: s.nodeId,
      pod: s.service.pod,
      name: s.name,
      kind: s.kind,
      depth: s.depth,
      offset: s.offset,
      duration: s.duration,
      selfTime: s.selfTime,
      status: s.status,
      retry: flow.calls.some((c) => c.retry) && s.name === 'POST /authorize' && flow.spans.findLast((o) => o.name === s.name) === s,
      circuitBreak: s.statusMessage === 'circuit breaker is open',
      orphan: s.orphan ?? false,
      clockSkew: s.clockSkew ?? 0,
    })),
    errors: flow.errors,
  }
}

// Traces of the shop: every call becomes a client span at the caller and,
// where the callee has spans of its own, a server span.
import type { FlowError, FlowStatus, NodeId, Span } from '../../src/api/types'
import { kindOf, splitNodeId } from '../../src/model/node'
import { Random } from './random'
import type { Call, Operation, World } from './shop'

export interface MadeCall {
  from: NodeId
  to: NodeId
  failed: boolean
  retry: boolean
  broken: boolean
  latencyNs: number
}

export interface MadeFlow {
  id: string
  operation: string
  environment: string
  startMs: number
  status: FlowStatus
  spans: Span[]
  calls: MadeCall[]
  errors: FlowError[]
}

const ns = (ms: number) => Math.round(ms * 1e6)

/** RFC 3339 with nanoseconds. */
export function at(startMs: number, offsetNs: number): string {
  const total = BigInt(Math.floor(startMs)) * 1_000_000n + BigInt(offsetNs)
  const seconds = Number(total / 1_000_000_000n)
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(total % 1_000_000_000n).padStart(9, '0')}Z`
}

class Builder {
  readonly spans: Span[] = []
  readonly calls: MadeCall[] = []
  readonly errors: FlowError[] = []
  constructor(
    readonly random: Random,
    readonly traceId: string,
    readonly startMs: number,
  ) {}

  #span(node: NodeId, name: string, kind: string, parent: Span | null, offset: number, depth: number): Span {
    const { namespace, name: service } = splitNodeId(node)
    const v2 = service === 'catalog' && this.random.chance(0.3)
    const span: Span = {
      spanId: this.random.hex(16),
      ...(parent ? { parentSpanId: parent.spanId } : {}),
      traceId: this.traceId,
      name,
      kind,
      service: { name: service, namespace, pod: namespace && `${service}-${v2 ? '6c9d4' : '7f8b5'}-x2k${service.length}`, version: v2 ? '2.0.0' : '1.4.2', deployment: namespace && service },
      nodeId: node,
      startTime: at(this.startMs, offset),
      endTime: '',
      duration: 0,
      offset,
      depth,
      selfTime: 0,
      status: 'UNSET',
      attributes: kind === 'SERVER' ? { 'http.request.method': name.split(' ')[0] ?? 'GET', 'url.path': name.split(' ')[1] ?? '/', 'http.response.status_code': 200 } : {},
      events: [],
      links: [],
      flags: 1,
      resource: 0,
      scope: 0,
      critical: false,
    }
    this.spans.push(span)
    return span
  }

  /** Ends a span whose calls are made. */
  #end(span: Span, offset: number): void {
    span.duration = offset - span.offset
    span.endTime = at(this.startMs, offset)
    let covered = 0
    let reached = span.offset
    const calls = this.spans.filter((s) => s.parentSpanId === span.spanId).map((s): [number, number] => [s.offset, Math.min(offset, s.offset + s.duration)])
    for (const [from, to] of calls.sort((a, b) => a[0] - b[0])) {
      covered += Math.max(0, to - Math.max(from, reached))
      reached = Math.max(reached, to)
    }
    span.selfTime = Math.max(0, span.duration - covered)
  }

  #fail(span: Span, message: string): void {
    span.status = 'ERROR'
    span.statusMessage = message
    const offset = span.offset + Math.floor(span.duration * 0.9)
    span.events.push({ name: 'exception', timestamp: at(this.startMs, offset), offset, attributes: { 'exception.type': 'UpstreamError', 'exception.message': message } })
    this.errors.push({ spanId: span.spanId, service: span.nodeId, name: span.name, message, time: at(this.startMs, offset), type: 'UpstreamError', stacktrace: `UpstreamError: ${message}\n    at ${span.service.name}.handle (handler.go:118)\n    at net/http.HandlerFunc.ServeHTTP (server.go:2294)` })
  }

  /** The work of a service from an offset on. Returns where it ends. */
  serve(call: Call, parent: Span | null, offset: number, depth: number, kind: string): number {
    const span = this.#span(call.node, call.name, kind, parent, offset, depth)
    const own = this.random.latency(call.ownMs)
    let now = offset + ns(own * 0.4)
    let group = now
    for (const inner of call.calls ?? []) {
      const start = inner.parallel ? group : now
      const end = this.call(call.node, inner, span, start, depth + 1)
      now = Math.max(now, end)
      if (!inner.parallel) group = now
    }
    if (call.node === 'shop/cart') span.events.push({ name: 'cart loaded', timestamp: at(this.startMs, now), offset: now, attributes: { items: 3 } })
    const end = now + ns(own * 0.6)
    this.#end(span, end)
    const { fails = 0, message = 'failed' } = call
    if (kindOf(call.node) === 'service' && !call.breaks && this.random.chance(fails)) this.#fail(span, message)
    return end
  }

  /** A call from a service to a node, with its client span. Returns where it ends. */
  call(from: NodeId, call: Call, parent: Span, offset: number, depth: number, again = false): number {
    if (call.node === from) return this.serve(call, parent, offset, depth, 'INTERNAL')
    const kind = kindOf(call.node)
    const client = this.#span(from, call.name, kind === 'queue' ? 'PRODUCER' : 'CLIENT', parent, offset, depth)
    client.attributes = kind === 'database' ? { 'db.system.name': 'postgresql', 'db.query.text': `${call.name} WHERE id = $1` } : { 'server.address': splitNodeId(call.node).name }
    const broken = Boolean(call.breaks) && this.random.chance(call.fails ?? 0)
    let end = offset + ns(this.random.latency(broken ? 0.05 : kind === 'service' ? 0.3 : call.ownMs))
    let failed = broken
    if (kind === 'service' && !broken) {
      const server = this.spans.length
      end = this.serve(call, client, end, depth + 1, 'SERVER') + ns(0.2)
      failed = this.spans[server]?.status === 'ERROR'
    } else if (kind !== 'service' && !broken) failed = this.random.chance(call.fails ?? 0)
    const consumers = kind === 'queue' ? (call.calls ?? []) : []
    this.#end(client, end)
    if (failed && (broken || kind !== 'service')) this.#fail(client, call.message ?? 'failed')
    this.calls.push({ from, to: call.node, failed, retry: again, broken, latencyNs: end - offset })
    for (const consumer of consumers) {
      const start = end + ns(this.random.latency(3))
      this.calls.push({ from: call.node, to: consumer.node, failed: false, retry: false, broken: false, latencyNs: start - end })
      this.serve(consumer, client, start, depth + 1, 'CONSUMER')
    }
    if (failed && call.retried && !again) return this.call(from, call, parent, end + ns(8), depth, true)
    return end
  }
}

function pick(random: Random, { operations }: World): Operation {
  const total = operations.reduce((sum, o) => sum + o.weight, 0)
  let left = random.next() * total
  return operations.find((o) => (left -= o.weight) < 0) ?? (operations[0] as Operation)
}

/** One flow in this many has every oddity: skew, an orphan, a correction. */
const oddEvery = 50

export function makeFlow(world: World, index: number, startMs: number): MadeFlow {
  const random = new Random(index * 7919 + 1)
  const odd = index % oddEvery === 0 ? world.operations.find((o) => o.name === world.odd) : undefined
  const operation = odd ?? pick(random, world)
  const id = random.hex(32)
  const builder = new Builder(random, id, startMs)
  builder.serve(operation.root, null, 0, 0, 'SERVER')
  const { spans, calls, errors } = builder
  const root = spans[0] as Span
  const fatal = errors.some((e) => !/circuit/.test(e.message)) && random.chance(0.7)
  const late = random.chance(0.004)
  if (fatal) {
    Object.assign(root, { status: 'ERROR', statusMessage: errors[0]?.message })
    errors.push({ spanId: root.spanId, service: root.nodeId, name: root.name, message: errors[0]?.message ?? '', time: root.endTime })
  }
  if (odd && spans.length > 9) {
    Object.assign(spans[5] as Span, { clockSkew: 3_200_000 })
    Object.assign(spans[7] as Span, { corrections: ['end before start: swapped'] })
    Object.assign(spans[9] as Span, { orphan: true })
  }
  return { id, operation: operation.name, environment: random.chance(0.8) ? world.environments.usual : world.environments.other, startMs, status: late ? 'timeout' : fatal ? 'error' : 'success', spans, calls, errors }
}

// A trace as columns: one typed array per fact, one index per span in call
// order. Tens of thousands of spans cost a few megabytes and no objects.
import type { CriticalSegment, FlowDetail, NodeId, SequenceStep, Span, Trace } from '../api/types'
import type { Nanoseconds } from './units'

export const flag = { error: 1, retry: 2, break: 4, orphan: 8, skew: 16, corrected: 32, critical: 64 } as const

export interface TimelineEvent {
  name: string
  offset: Nanoseconds
  exception: boolean
}

export interface Timeline {
  readonly count: number
  readonly ids: string[]
  readonly names: string[]
  readonly services: NodeId[]
  /** What a span is coloured by: its service, or its name in a flow of one service. */
  readonly tints: string[]
  readonly kinds: string[]
  /** Whom a client's span called, where its trace says so and its name does not. */
  readonly peers: string[]
  /** Index of the parent, -1 for roots and orphans. */
  readonly parent: Int32Array
  readonly depth: Uint16Array
  /** One past the last descendant; a leaf's is its own index + 1. */
  readonly subtreeEnd: Int32Array
  readonly start: Float64Array
  readonly duration: Float64Array
  readonly self: Float64Array
  readonly flags: Uint8Array
  readonly events: Map<number, TimelineEvent[]>
  readonly critical: Map<number, { offset: Nanoseconds; duration: Nanoseconds }[]>
  readonly indexOf: Map<string, number>
  /** From the flow's start to the end of its last span. */
  readonly extent: Nanoseconds
}

/** Depths beyond this are drawn at this depth; it is what the depth column holds. */
const deepest = 0xffff

/** Builds the timeline from a flow; its trace, once there, adds events and corrections. */
export function buildTimeline(flow: FlowDetail, trace: Trace | null): Timeline {
  const steps = flow.sequence
  const count = steps.length
  const indexOf = new Map(steps.map((step, i) => [step.spanId, i]))
  const alone = steps.every((step) => step.service === steps[0]?.service)
  const spans = new Map((trace?.spans ?? []).map((span) => [span.spanId, span]))
  const t: Timeline = {
    count,
    ids: steps.map((s) => s.spanId),
    names: steps.map((s) => s.name),
    services: steps.map((s) => s.service),
    tints: steps.map((s) => (alone ? s.name : s.service)),
    kinds: steps.map((s) => s.kind),
    peers: steps.map((s) => peerOf(s, spans)),
    parent: Int32Array.from(steps, (s, i) => parentIndex(s, i, indexOf)),
    depth: Uint16Array.from(steps, (s) => Math.min(s.depth, deepest)),
    subtreeEnd: subtreeEnds(steps),
    start: Float64Array.from(steps, (s) => s.offset),
    duration: Float64Array.from(steps, (s) => s.duration),
    self: Float64Array.from(steps, (s) => s.selfTime),
    flags: Uint8Array.from(steps, (s) => flagsOf(s, spans.get(s.spanId))),
    events: eventsOf(steps, spans),
    critical: criticalOf(flow.criticalPath, indexOf),
    indexOf,
    extent: steps.reduce((end, s) => Math.max(end, s.offset + s.duration), flow.duration),
  }
  for (const i of t.critical.keys()) t.flags[i] = (t.flags[i] ?? 0) | flag.critical
  return t
}

/** The name that the call or the step around it gives, or an address. Databases are left out: the names of their spans say what is asked of them. */
function peerOf(step: SequenceStep, spans: Map<string, Span>): string {
  const span = spans.get(step.spanId)
  if (!span || !step.kind.endsWith('CLIENT') || 'db.system.name' in span.attributes || 'db.system' in span.attributes) return ''
  const around = spans.get(step.parentSpanId)
  const peer = span.attributes['peer.service'] ?? around?.attributes['peer.service'] ?? span.attributes['server.address'] ?? ''
  return typeof peer === 'string' && !step.name.includes(peer) ? peer : ''
}

/** A parent comes before its child in call order; anything else is no parent to draw. */
function parentIndex(step: SequenceStep, index: number, indexOf: Map<string, number>): number {
  const parent = indexOf.get(step.parentSpanId) ?? -1
  return parent < index ? parent : -1
}

function subtreeEnds(steps: SequenceStep[]): Int32Array {
  const ends = new Int32Array(steps.length)
  const open: number[] = []
  steps.forEach((step, i) => {
    while (open.length > 0 && (steps[open.at(-1) as number]?.depth ?? 0) >= step.depth) ends[open.pop() as number] = i
    open.push(i)
  })
  for (const i of open) ends[i] = steps.length
  return ends
}

function flagsOf(step: SequenceStep, span: Span | undefined): number {
  return (
    (step.status === 'ERROR' ? flag.error : 0) |
    (step.retry ? flag.retry : 0) |
    (step.circuitBreak ? flag.break : 0) |
    (step.orphan ? flag.orphan : 0) |
    (step.clockSkew ? flag.skew : 0) |
    (span?.corrections?.length ? flag.corrected : 0)
  )
}

function eventsOf(steps: SequenceStep[], spans: Map<string, Span>): Timeline['events'] {
  const events: Timeline['events'] = new Map()
  steps.forEach((step, i) => {
    const span = spans.get(step.spanId)
    if (!span || span.events.length === 0) return
    // An event's offset is from the flow's start, as its span's is.
    events.set(
      i,
      span.events.map((e) => ({ name: e.name, offset: e.offset, exception: e.name === 'exception' })),
    )
  })
  return events
}

function criticalOf(path: CriticalSegment[], indexOf: Map<string, number>): Timeline['critical'] {
  const critical: Timeline['critical'] = new Map()
  for (const { spanId, offset, duration } of path) {
    const i = indexOf.get(spanId)
    if (i === undefined) continue
    const segments = critical.get(i) ?? []
    segments.push({ offset, duration })
    critical.set(i, segments)
  }
  return critical
}

/** The rows to show when the given spans hide what is below them. */
export function visibleRows(t: Timeline, collapsed: ReadonlySet<number>): Int32Array {
  const rows = new Int32Array(t.count)
  let shown = 0
  for (let i = 0; i < t.count; ) {
    rows[shown++] = i
    i = collapsed.has(i) ? (t.subtreeEnd[i] ?? i + 1) : i + 1
  }
  return rows.subarray(0, shown)
}

export function hasChildren(t: Timeline, i: number): boolean {
  return (t.subtreeEnd[i] ?? 0) > i + 1
}

/** Spans with children that are at the deepest open level, or undefined when all is closed: what one more "[" closes. */
export function levelToCollapse(t: Timeline, collapsed: ReadonlySet<number>): number[] {
  let level = -1
  let found: number[] = []
  for (const i of visibleRows(t, collapsed)) {
    if (collapsed.has(i) || !hasChildren(t, i)) continue
    const depth = t.depth[i] ?? 0
    if (depth > level) [level, found] = [depth, []]
    if (depth === level) found.push(i)
  }
  return found
}

/** The next failed span after the given one (-1 for none), going round; -1 when nothing failed. */
export function nextError(t: Timeline, after: number, backwards = false): number {
  const step = backwards ? -1 : 1
  const from = after < 0 && backwards ? t.count : after
  for (let n = 1; n <= t.count; n++) {
    const i = (((from + step * n) % t.count) + t.count) % t.count
    if ((t.flags[i] ?? 0) & flag.error) return i
  }
  return -1
}

export function ancestors(t: Timeline, i: number): number[] {
  const path: number[] = []
  for (let p = t.parent[i] ?? -1; p >= 0; p = t.parent[p] ?? -1) path.push(p)
  return path
}

/** Whether a failure is hidden below a collapsed span. */
export function hidesError(t: Timeline, i: number): boolean {
  for (let d = i + 1; d < (t.subtreeEnd[i] ?? 0); d++) if ((t.flags[d] ?? 0) & flag.error) return true
  return false
}

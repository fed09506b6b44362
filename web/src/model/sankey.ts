// Where the time of one flow went, as a Sankey diagram: time enters at the roots,
// every step keeps its own time and hands the rest on. How a span's time is divided
// among its children is told in allot.ts; here spans become steps.
//
// - A step is all spans of one name and service below the same step: siblings and
//   retries are one step with a count.
// - Loops are folded: a span with the name and service of a step that it is already
//   within is part of that step. Its time goes back there, and no longer passes
//   through the steps between.
// - What lies deeper than can be drawn is part of the last step above it, which says so.
// - Of many steps the largest are named, each with all that lead to it; the others
//   of a column are one step, "others".
//
// For every step, in whole nanoseconds: links in + source = value = links out + own time.
import type { NodeId } from '../api/types'
import { allot, type Allotment } from './allot'
import { formatCount, formatNanos, formatRatio, plural } from './format'
import { flag, type Timeline } from './timeline'
import type { Nanoseconds } from './units'

export interface SankeyStep {
  readonly name: string
  /** Whom a client's step called, where that is known and its name does not say it. */
  readonly peer: string
  /** Empty for "others". */
  readonly service: NodeId
  /** What it is coloured by. */
  readonly tint: string
  /** Index of the step its time comes from, -1 for none. */
  parent: number
  /** The column, from 0. */
  depth: number
  /** All time that it has, that which came from no other step, and that which it kept. */
  value: Nanoseconds
  source: Nanoseconds
  self: Nanoseconds
  /** Spans below it that are too deep to be drawn, and what of the time it kept is theirs. */
  deeper: number
  deeperTime: Nanoseconds
  calls: number
  errors: number
  retries: number
  /** Its longest span; empty for "others". */
  spanId: string
  /** How many steps it stands for: 1, or more for "others". */
  steps: number
}

export interface SankeyLink {
  from: number
  to: number
  value: Nanoseconds
}

export interface Sankey {
  /** In call order; "others" come last. */
  readonly steps: SankeyStep[]
  readonly links: SankeyLink[]
  /** All sources together, which is all own times together. */
  readonly total: Nanoseconds
  /** The step of each span, -1 for one that took no time. */
  readonly stepOf: Int32Array
  /** Steps that took no time and are not drawn. */
  readonly untimed: number
}

/** As many names as can be read. */
const mostSteps = 60

/** As many columns as anyone scrolls through. */
export const mostColumns = 24

interface Draft extends SankeyStep {
  /** Number of its name and service. */
  kind: number
  level: number
  longest: Nanoseconds
  children: number[]
}

export function buildSankey(t: Timeline, most = mostSteps, columns = mostColumns): Sankey {
  const { drafts, stepOf } = draft(t, allot(t), columns)
  settle(drafts)
  const kept = largest(drafts, most)
  return arrange(drafts, kept, stepOf)
}

/** Makes steps of spans; values and columns are settled later. */
function draft(t: Timeline, { source, self }: Allotment, columns: number): { drafts: Draft[]; stepOf: Int32Array } {
  const drafts: Draft[] = []
  const stepOf = new Int32Array(t.count)
  const { kinds, count } = kindsOf(t)
  const known = new Map<number, number>() // by the step above and the kind
  for (let i = 0; i < t.count; i++) {
    const above = (t.parent[i] ?? -1) < 0 ? -1 : (stepOf[t.parent[i] ?? 0] ?? -1)
    const kind = kinds[i] ?? 0
    const key = (above + 1) * count + kind
    let step = around(drafts, above, kind) ?? known.get(key)
    const tooDeep = step === undefined && above >= 0 && (drafts[above]?.level ?? 0) + 1 >= columns
    if (tooDeep) step = above
    if (step === undefined) {
      step = drafts.push(empty(t, i, kind, above, above < 0 ? 0 : (drafts[above]?.level ?? 0) + 1)) - 1
      known.set(key, step)
      drafts[above]?.children.push(step)
    }
    stepOf[i] = step
    add(drafts[step] as Draft, t, i, source[i] ?? 0, self[i] ?? 0, tooDeep)
  }
  return { drafts, stepOf }
}

/** One number per name and service: comparing strings for each of 50,000 spans would be felt. */
function kindsOf(t: Timeline): { kinds: Int32Array; count: number } {
  const services = new Map<NodeId, Map<string, number>>()
  const kinds = new Int32Array(t.count)
  let count = 0
  for (let i = 0; i < t.count; i++) {
    const service = t.services[i] ?? ''
    const name = t.peers[i] ? `${t.names[i]}\0${t.peers[i]}` : (t.names[i] ?? '')
    let names = services.get(service)
    if (!names) services.set(service, (names = new Map()))
    let kind = names.get(name)
    if (kind === undefined) names.set(name, (kind = count++))
    kinds[i] = kind
  }
  return { kinds, count }
}

/** The step of this kind that a span below the given one is already within. */
function around(drafts: Draft[], above: number, kind: number): number | undefined {
  for (let s = above; s >= 0; s = drafts[s]?.parent ?? -1) {
    if (drafts[s]?.kind === kind) return s
  }
  return undefined
}

function empty(t: Timeline, i: number, kind: number, parent: number, level: number): Draft {
  return { name: t.names[i] ?? '', peer: t.peers[i] ?? '', service: t.services[i] ?? '', tint: t.tints[i] ?? '', parent, depth: 0, value: 0, source: 0, self: 0, deeper: 0, deeperTime: 0, calls: 0, errors: 0, retries: 0, spanId: t.ids[i] ?? '', steps: 1, kind, level, longest: -1, children: [] }
}

function add(step: Draft, t: Timeline, i: number, source: Nanoseconds, self: Nanoseconds, tooDeep: boolean): void {
  step.source += source
  step.self += self
  const flags = t.flags[i] ?? 0
  if (flags & flag.error) step.errors++
  if (tooDeep) {
    step.deeper++
    step.deeperTime += self
    return
  }
  step.calls++
  if (flags & flag.retry) step.retries++
  if ((t.duration[i] ?? 0) <= step.longest) return
  step.longest = t.duration[i] ?? 0
  step.spanId = t.ids[i] ?? ''
}

/** Adds values up from the leaves and finds the columns. A step that no time came to from its parent begins a flow of its own. */
function settle(drafts: Draft[]): void {
  for (const step of drafts) step.value = step.self
  for (let i = drafts.length - 1; i >= 0; i--) {
    const step = drafts[i] as Draft
    const parent = drafts[step.parent]
    if (!parent) continue
    // More came from no step than stayed: the rest went back to a step around, by a folded loop.
    const back = Math.max(0, step.source - step.value)
    step.source -= back
    parent.source += back
    parent.value += step.value - step.source
  }
  for (const step of drafts) {
    if (step.value === step.source) step.parent = -1
    step.depth = step.parent < 0 ? 0 : (drafts[step.parent]?.depth ?? 0) + 1
  }
}

/** The steps to name: largest first, each after the one it has its time from. */
function largest(drafts: Draft[], most: number): Set<number> {
  const kept = new Set<number>()
  const open: number[] = drafts.flatMap((step, i) => (step.parent < 0 && step.value > 0 ? [i] : []))
  const value = (i: number | undefined) => drafts[i ?? -1]?.value ?? -1
  while (open.length > 0 && kept.size < most) {
    let best = 0
    for (let n = 1; n < open.length; n++) if (value(open[n]) > value(open[best])) best = n
    const step = open[best] as number
    open[best] = open.at(-1) as number
    open.pop()
    kept.add(step)
    for (const child of drafts[step]?.children ?? []) if (drafts[child]?.parent === step && value(child) > 0) open.push(child)
  }
  return kept
}

/** Puts the kept steps in call order and the others of each column into one. */
function arrange(drafts: Draft[], kept: Set<number>, stepOf: Int32Array): Sankey {
  const steps: SankeyStep[] = []
  const placed = new Int32Array(drafts.length).fill(-1)
  for (const i of callOrder(drafts)) {
    if (!kept.has(i)) continue
    const { kind: _, level: __, longest: ___, children: ____, ...step } = drafts[i] as Draft
    placed[i] = steps.push({ ...step, parent: placed[step.parent] ?? -1 }) - 1
  }
  const links = steps.flatMap((step, to): SankeyLink[] => (step.parent < 0 ? [] : [{ from: step.parent, to, value: step.value - step.source }]))
  const others = new Map<number, number>() // by column
  drafts.forEach((step, i) => {
    if (kept.has(i) || step.value === 0) return
    // Below another of the others it goes where that went.
    const above = step.parent < 0 || kept.has(step.parent) ? -1 : (placed[step.parent] ?? -1)
    const to = above >= 0 ? above : (others.get(step.depth) ?? steps.push(nameless(step.depth)) - 1)
    if (above < 0) others.set(step.depth, to)
    placed[i] = to
    join(steps[to] as SankeyStep, step)
    if (above < 0 && step.parent >= 0) connect(links, placed[step.parent] ?? -1, to, step.value - step.source)
  })
  return {
    steps,
    links,
    total: steps.reduce((sum, step) => sum + step.source, 0),
    stepOf: stepOf.map((step) => placed[step] ?? -1),
    untimed: drafts.filter((step) => step.value === 0).length,
  }
}

function nameless(depth: number): SankeyStep {
  return { name: 'others', peer: '', service: '', tint: '', parent: -1, depth, value: 0, source: 0, self: 0, deeper: 0, deeperTime: 0, calls: 0, errors: 0, retries: 0, spanId: '', steps: 0 }
}

function join(other: SankeyStep, step: SankeyStep): void {
  other.steps++
  other.value += step.self
  other.self += step.self
  other.source += step.source
  other.deeper += step.deeper
  other.deeperTime += step.deeperTime
  other.calls += step.calls
  other.errors += step.errors
  other.retries += step.retries
}

function connect(links: SankeyLink[], from: number, to: number, value: Nanoseconds): void {
  const link = links.find((l) => l.from === from && l.to === to)
  if (link) link.value += value
  else links.push({ from, to, value })
}

/** Depth first, children in the order of their first call. */
function callOrder(drafts: Draft[]): number[] {
  const order: number[] = []
  const open = drafts.flatMap((step, i) => (step.parent < 0 ? [i] : [])).reverse()
  for (let i = open.pop(); i !== undefined; i = open.pop()) {
    order.push(i)
    const children = (drafts[i]?.children ?? []).filter((child) => drafts[child]?.parent === i)
    for (const child of children.reverse()) open.push(child)
  }
  return order
}

export function stepTitle(step: SankeyStep): string {
  if (step.service === '') return `others (${formatCount(step.steps)})`
  return step.calls > 1 ? `${step.name} ×${step.calls}` : step.name
}

/** Everything about a step in one sentence, for readers and tooltips. */
export function stepSentence(step: SankeyStep, total: Nanoseconds): string {
  const out = step.value - step.self
  const parts = [
    [stepTitle(step), step.peer].filter(Boolean).join(' '),
    `${formatNanos(step.value)}, ${formatRatio(total > 0 ? step.value / total : 0)} of all`,
    `${formatNanos(step.self - step.deeperTime)} own time`,
    ...(step.deeper > 0 ? [`${formatNanos(step.deeperTime)} in ${plural(step.deeper, 'span')} deeper`] : []),
    ...(out > 0 ? [`${formatNanos(out)} to the steps it calls`] : []),
    ...(step.source > 0 && step.parent >= 0 ? [`${formatNanos(step.source)} of it after its caller had ended`] : []),
    ...(step.errors > 0 ? [`${step.errors} failed`] : []),
    ...(step.retries > 0 ? [plural(step.retries, 'retry', 'retries')] : []),
  ]
  return parts.join(' · ')
}

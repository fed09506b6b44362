// How the time of a flow is divided among its spans, so that nothing is counted
// twice and nothing is lost: for every span
//
//   inflow = what its children get + its own time, exactly, in whole nanoseconds.
//
// A parent hands on the time during which any child ran (the union of their
// intervals, as far as they lie within its own); the rest is its own time. Where
// children ran in parallel, their intervals add up to more than that union: each
// gets its interval scaled down by the same factor, for together they kept the
// parent waiting only once. A child that got less than its duration hands on less
// in the same proportion. Shares are rounded cumulatively, so that the parts of a
// whole always add up to it.
//
// What a child did outside its parent's interval (a consumer, a goroutine that
// outlives its request) is time that no one handed to it: its source. A root's
// source is its whole duration. All own times together are all sources together.
import type { Timeline } from './timeline'

export interface Allotment {
  /** What the span has: its share of the parent's time and its source. */
  readonly inflow: Float64Array
  readonly source: Float64Array
  readonly self: Float64Array
}

type Spans = Pick<Timeline, 'count' | 'parent' | 'start' | 'duration'>

export function allot(t: Spans): Allotment {
  const inflow = new Float64Array(t.count)
  const source = Float64Array.from(t.duration)
  const self = new Float64Array(t.count)
  const { first, list } = childrenOf(t)
  // A parent comes before its children, so its inflow is known when it is handed on.
  for (let i = 0; i < t.count; i++) {
    if ((t.parent[i] ?? -1) < 0) inflow[i] = source[i] ?? 0
    const children = list.subarray(first[i] ?? 0, first[i + 1] ?? 0)
    self[i] = (inflow[i] ?? 0) - handOn(t, i, children, inflow, source)
  }
  return { inflow, source, self }
}

/** Gives the children of a span their inflow. Returns how much of the span's own that took. */
function handOn(t: Spans, i: number, children: Int32Array, inflow: Float64Array, source: Float64Array): number {
  if (children.length === 0) return 0
  const from = t.start[i] ?? 0
  const until = from + (t.duration[i] ?? 0)
  const lengths = Float64Array.from(children, (c) => Math.max(0, Math.min(until, endOf(t, c)) - Math.max(from, t.start[c] ?? 0)))
  const sum = lengths.reduce((total, length) => total + length, 0)
  const given = share(inflow[i] ?? 0, union(t, children, from, until), until - from)
  let passed = 0
  let handed = 0
  children.forEach((c, n) => {
    const length = lengths[n] ?? 0
    passed += length
    const upTo = share(given, passed, sum)
    source[c] = (t.duration[c] ?? 0) - length
    inflow[c] = upTo - handed + (source[c] ?? 0)
    handed = upTo
  })
  return handed
}

function endOf(t: Spans, i: number): number {
  return (t.start[i] ?? 0) + (t.duration[i] ?? 0)
}

/** How long any of the spans ran between two moments. */
function union(t: Spans, spans: Int32Array, from: number, until: number): number {
  let covered = 0
  let reached = from
  for (const i of spans.slice().sort((a, b) => (t.start[a] ?? 0) - (t.start[b] ?? 0))) {
    const end = Math.min(until, endOf(t, i))
    covered += Math.max(0, end - Math.max(reached, t.start[i] ?? 0))
    reached = Math.max(reached, end)
  }
  return covered
}

/** total × part / whole in whole numbers; part = whole gives the total, and total = whole gives the part, without rounding. */
function share(total: number, part: number, whole: number): number {
  if (whole === 0) return 0
  return total === whole ? part : Math.round(total * (part / whole))
}

/** The children of span i, in call order, are list[first[i]] to list[first[i + 1] - 1]. */
function childrenOf(t: Spans): { first: Int32Array; list: Int32Array } {
  const first = new Int32Array(t.count + 2)
  for (const p of t.parent) if (p >= 0) first[p + 2] = (first[p + 2] ?? 0) + 1
  for (let i = 2; i < first.length; i++) first[i] = (first[i] ?? 0) + (first[i - 1] ?? 0)
  const list = new Int32Array(t.count)
  t.parent.forEach((p, i) => {
    if (p < 0) return
    list[first[p + 1] ?? 0] = i
    first[p + 1] = (first[p + 1] ?? 0) + 1
  })
  return { first, list }
}

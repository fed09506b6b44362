import { expect, test } from 'vitest'
import type { FlowDetail, SequenceStep, Span, Trace } from '../../src/api/types'
import { ancestors, buildTimeline, flag, hasChildren, hidesError, levelToCollapse, nextError, visibleRows, type Timeline } from '../../src/model/timeline'
import { Random } from '../mock/random'

function step(i: number, parent: number, depth: number, more: Partial<SequenceStep> = {}): SequenceStep {
  return { step: i + 1, spanId: `s${i}`, parentSpanId: parent < 0 ? '' : `s${parent}`, service: 'web', pod: '', name: `n${i}`, kind: 'SERVER', depth, offset: i, duration: 10, selfTime: 1, status: 'OK', retry: false, circuitBreak: false, orphan: false, clockSkew: 0, ...more }
}

const build = (sequence: SequenceStep[], more: Partial<FlowDetail> = {}, trace: Trace | null = null): Timeline =>
  buildTimeline({ duration: 10, criticalPath: [], ...more, sequence } as FlowDetail, trace)

/** Spans in call order: each next one is below a span of the path open so far, or a root. */
function randomTree(seed: number, count: number): SequenceStep[] {
  const dice = new Random(seed)
  const open: number[] = []
  return Array.from({ length: count }, (_, i) => {
    const kept = dice.chance(0.95) ? 1 : 0 // mostly below the last root
    open.length = Math.min(open.length, kept + Math.floor(dice.next() * open.length))
    const made = step(i, open.at(-1) ?? -1, open.length, { status: dice.chance(0.1) ? 'ERROR' : 'OK' })
    open.push(i)
    return made
  })
}

test.each([1, 2, 3])('closed spans hide exactly their descendants, and say whether one failed (tree %d)', (seed) => {
  const t = build(randomTree(seed, 300))
  const dice = new Random(seed + 100)
  const collapsed = new Set(t.ids.map((_, i) => i).filter(() => dice.chance(0.2)))
  const all = Array.from({ length: t.count }, (_, i) => i)
  expect([...visibleRows(t, collapsed)]).toEqual(all.filter((i) => !ancestors(t, i).some((a) => collapsed.has(a))))
  const failedBelow = all.map((i) => all.some((d) => (t.flags[d]! & flag.error) !== 0 && ancestors(t, d).includes(i)))
  expect(all.map((i) => hidesError(t, i))).toEqual(failedBelow)
  expect(all.map((i) => hasChildren(t, i))).toEqual(all.map((i) => t.parent.includes(i)))
})

test('closing level by level ends with the roots', () => {
  const t = build(randomTree(4, 200))
  const collapsed = new Set<number>()
  for (let level = levelToCollapse(t, collapsed); level.length > 0; level = levelToCollapse(t, collapsed)) {
    expect(new Set(level.map((i) => t.depth[i])).size).toBe(1)
    for (const i of level) collapsed.add(i)
  }
  expect([...visibleRows(t, collapsed)].every((i) => t.parent[i] === -1)).toBe(true)
})

// 0 root ── 1 fails ── 2
//   3 orphan: its parent was never received
//   4 its parent comes later, 5 its own parent: no parents to draw
test('orphans and impossible parents are roots that hide nothing of others', () => {
  const t = build([step(0, -1, 0), step(1, 0, 1, { status: 'ERROR' }), step(2, 1, 2), step(3, 99, 0, { orphan: true }), step(4, 5, 0), step(5, 5, 0)])
  expect([...t.parent]).toEqual([-1, 0, 1, -1, -1, -1])
  expect([...visibleRows(t, new Set([0]))]).toEqual([0, 3, 4, 5])
  expect([3, 4, 5].map((i) => [hasChildren(t, i), ancestors(t, i)])).toEqual([[false, []], [false, []], [false, []]])
})

test('each mark is its own', () => {
  const marks: [Partial<SequenceStep>, number][] = [
    [{}, 0],
    [{ status: 'ERROR' }, flag.error],
    [{ status: 'UNSET' }, 0],
    [{ retry: true }, flag.retry],
    [{ circuitBreak: true }, flag.break],
    [{ orphan: true }, flag.orphan],
    [{ clockSkew: -3 }, flag.skew],
    [{ clockSkew: 3 }, flag.skew],
  ]
  expect([...build(marks.map(([more], i) => step(i, -1, 0, more))).flags]).toEqual(marks.map(([, flags]) => flags))
  expect(new Set(Object.values(flag)).size).toBe(Object.keys(flag).length)
})

test('the trace adds events and corrections to the spans it has', () => {
  const span = (i: number, more: Partial<Span>) => ({ spanId: `s${i}`, events: [], ...more }) as unknown as Span
  const events = [{ name: 'exception', timestamp: '', offset: 4, attributes: {} }, { name: 'cache miss', timestamp: '', offset: 2, attributes: {} }]
  const trace = { spans: [span(1, { events }), span(0, { corrections: ['end before start: swapped'] }), span(7, {})] } as unknown as Trace
  const t = build([step(0, -1, 0), step(1, 0, 1)], {}, trace)
  expect([...t.flags]).toEqual([flag.corrected, 0])
  expect([...t.events]).toEqual([[1, [{ name: 'exception', offset: 4, exception: true }, { name: 'cache miss', offset: 2, exception: false }]]])
})

test('a span may be critical in pieces; segments of spans not there are left out', () => {
  const segment = (spanId: string, offset: number) => ({ spanId, service: 'web', name: '', offset, duration: 2 })
  const t = build([step(0, -1, 0), step(1, 0, 1, { status: 'ERROR' })], { criticalPath: [segment('s0', 0), segment('s1', 2), segment('s0', 4), segment('gone', 6)] })
  expect([...t.critical]).toEqual([[0, [{ offset: 0, duration: 2 }, { offset: 4, duration: 2 }]], [1, [{ offset: 2, duration: 2 }]]])
  expect([...t.flags]).toEqual([flag.critical, flag.critical | flag.error])
})

test('errors are met one after another, both ways round, from nowhere too', () => {
  const t = build([0, 1, 2, 3].map((i) => step(i, -1, 0, { status: i === 1 || i === 3 ? 'ERROR' : 'OK' })))
  expect([-1, 0, 1, 2, 3].map((i) => nextError(t, i))).toEqual([1, 1, 3, 3, 1])
  expect([3, 2, 1, 0, -1].map((i) => nextError(t, i, true))).toEqual([1, 1, 3, 3, 3])
})

test('a flow without spans has no rows, no errors and its own extent', () => {
  const t = build([])
  expect([visibleRows(t, new Set()).length, nextError(t, -1), t.extent]).toEqual([0, -1, 10])
})

test('ten thousand spans, each below the one before, are built quickly', () => {
  const chain = Array.from({ length: 10_000 }, (_, i) => step(i, i - 1, i, { status: i === 9_999 ? 'ERROR' : 'OK' }))
  const began = performance.now()
  const t = build(chain)
  expect(performance.now() - began).toBeLessThan(500)
  expect(ancestors(t, 9_999)).toHaveLength(9_999)
  expect([t.subtreeEnd[0], hidesError(t, 0), visibleRows(t, new Set([5])).length]).toEqual([10_000, true, 6])
})

test('depths beyond what the column holds do not start again at zero', () => {
  expect([...build([step(0, -1, 70_000)]).depth]).toEqual([65_535])
})

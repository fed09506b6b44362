import { expect, test } from 'vitest'
import type { FlowDetail, SequenceStep, Trace } from '../../src/api/types'
import { sharesByService } from '../../src/model/critical'
import { sequenceRows } from '../../src/model/sequence'
import { ancestors, buildTimeline, flag, hidesError, levelToCollapse, nextError, visibleRows } from '../../src/model/timeline'

// 0 ─ web ─────────────────────────── 100
//   1  web → cart (client) ── 60
//     2  cart (server) ─ 50
//       3  db call, fails
//   4  web → mail
//   5  lost (orphan)
function step(i: number, depth: number, parent: number, service: string, more: Partial<SequenceStep> = {}): SequenceStep {
  return { step: i + 1, spanId: `s${i}`, parentSpanId: parent < 0 ? '' : `s${parent}`, service, pod: '', name: `n${i}`, kind: 'SERVER', depth, offset: i * 10, duration: 100 - i * 10, selfTime: 5, status: 'UNSET', retry: false, circuitBreak: false, orphan: false, clockSkew: 0, ...more }
}

const sequence = [
  step(0, 0, -1, 'web'),
  step(1, 1, 0, 'web'),
  step(2, 2, 1, 'cart'),
  step(3, 3, 2, 'cart', { status: 'ERROR', retry: true }),
  step(4, 1, 0, 'web', { duration: 200 }),
  step(5, 0, 77, 'mail', { orphan: true, clockSkew: -5 }),
]
const criticalPath = [
  { spanId: 's0', service: 'web', name: 'n0', offset: 0, duration: 25 },
  { spanId: 's3', service: 'cart', name: 'n3', offset: 25, duration: 75 },
]
const flow = { duration: 100, sequence, criticalPath } as unknown as FlowDetail
const timeline = buildTimeline(flow, null)

test('parents, subtrees and marks', () => {
  expect([...timeline.parent]).toEqual([-1, 0, 1, 2, 0, -1])
  expect([...timeline.subtreeEnd]).toEqual([5, 4, 4, 4, 5, 6])
  expect(timeline.flags[3]).toBe(flag.error | flag.retry | flag.critical)
  expect(timeline.flags[5]).toBe(flag.orphan | flag.skew)
})

test('the extent reaches the end of the last span, beyond its root', () => expect(timeline.extent).toBe(240))

test('a closed span hides what is below it and says that an error is there', () => {
  expect([...visibleRows(timeline, new Set([1]))]).toEqual([0, 1, 4, 5])
  expect(hidesError(timeline, 1)).toBe(true)
  expect(hidesError(timeline, 4)).toBe(false)
})

test('levels close from the deepest', () => {
  expect(levelToCollapse(timeline, new Set())).toEqual([2])
  expect(levelToCollapse(timeline, new Set([2]))).toEqual([1])
})

test('the next error goes round', () => {
  expect(nextError(timeline, -1)).toBe(3)
  expect(nextError(timeline, 3)).toBe(3)
  expect(nextError(buildTimeline({ ...flow, sequence: sequence.slice(0, 3), criticalPath: [] }, null), 0)).toBe(-1)
})

test('ancestors go up to the root', () => expect(ancestors(timeline, 3)).toEqual([2, 1, 0]))

test('fifty thousand spans are built in well under a second', () => {
  const many = Array.from({ length: 50_000 }, (_, i) => step(i, i % 20, i % 20 ? i - 1 : -1, `service-${i % 30}`))
  const began = performance.now()
  const built = buildTimeline({ ...flow, sequence: many }, null)
  expect(visibleRows(built, new Set()).length).toBe(50_000)
  expect(performance.now() - began).toBeLessThan(1000)
})

test('the sequence numbers hops, and a service that goes on keeps its number', () => {
  const hops = sequenceRows(sequence).filter((row) => row.type === 'hop')
  expect(hops.map((h) => [h.number, h.service, h.level, h.resumed])).toEqual([
    [1, 'web', 0, false],
    [2, 'cart', 1, false],
    [1, 'web', 0, true],
    [3, 'mail', 0, false],
  ])
})

test('critical path shares add up to one', () => {
  expect(sharesByService(criticalPath).map((s) => [s.service, s.share])).toEqual([['cart', 0.75], ['web', 0.25]])
})

test('spans are coloured by service, and by step where one service did all', () => {
  expect(timeline.tints).toEqual(timeline.services)
  const alone = buildTimeline({ ...flow, sequence: sequence.map((s) => ({ ...s, service: 'web' })) }, null)
  expect(alone.tints).toEqual(alone.names)
})

test('a call by a mere method says whom it called, a query does not', () => {
  const calls = [step(0, 0, -1, 'web', { name: 'POST', kind: 'SPAN_KIND_CLIENT' }), step(1, 0, -1, 'web', { name: 'POST payments', kind: 'CLIENT' }), step(2, 0, -1, 'web', { name: 'SELECT', kind: 'CLIENT' }), step(3, 0, -1, 'web')]
  const attributes = { 'server.address': '10.0.0.1', 'peer.service': 'payments' }
  const spans = calls.map(({ spanId }, i) => ({ spanId, events: [], attributes: i === 2 ? { ...attributes, 'db.system.name': 'sqlite' } : attributes }))
  const of = (trace: unknown) => buildTimeline({ ...flow, sequence: calls } as FlowDetail, trace as Trace).peers
  expect(of({ spans })).toEqual(['payments', '', '', ''])
  expect(of({ spans: [{ ...spans[0], attributes: { 'server.address': '10.0.0.1' } }] })[0]).toBe('10.0.0.1')
  expect(of(null)).toEqual(['', '', '', ''])
})

import { expect, test } from 'vitest'
import type { Stats, StatsAnswer, StatsSlot } from '../../src/api/types'
import { pointDelta, redTiles, relativeDelta } from '../../src/model/red'

test.each([
  [110, 100, 'bad', '10%', 'up', 'bad'],
  [80, 100, 'bad', '20%', 'down', 'good'],
  [110, 100, 'good', '10%', 'up', 'good'],
  [80, 100, 'neutral', '20%', 'down', 'neutral'],
  [100.4, 100, 'bad', '0.4%', 'flat', 'neutral'],
  [100.6, 100, 'bad', '0.6%', 'up', 'bad'],
  [0, 100, 'bad', '100%', 'down', 'good'],
  [1090, 100, 'bad', '990%', 'up', 'bad'],
  [1100, 100, 'bad', '×11', 'up', 'bad'],
] as const)('from %2$d to %1$d, when up is %s', (now, before, upIs, text, direction, tone) => expect(relativeDelta(now, before, upIs)).toEqual({ text, direction, tone }))

test('rates change in points', () => {
  expect(pointDelta(0.03, 0.01, 'bad')).toEqual({ text: '2.00 pt', direction: 'up', tone: 'bad' })
  expect(pointDelta(0.9, 0.95, 'good')).toEqual({ text: '5.00 pt', direction: 'down', tone: 'bad' })
  expect(pointDelta(0.01004, 0.01, 'bad').direction).toBe('flat')
})

const stats = (more: Partial<Stats>): Stats => ({ totalRequests: 1000, successCount: 990, errorCount: 10, timeoutCount: 0, errorRate: 0.01, rate: 2, avgLatency: 12, p50Latency: 10, p95Latency: 40, p99Latency: 90, ...more })
const slot = (count: number, errorCount: number): StatsSlot => ({ time: '', count, errorCount, p50Latency: 10, p95Latency: 40, p99Latency: 90 })

function tiles(now: Partial<Stats>, before: Partial<Stats>, series: StatsSlot[] = []) {
  const answer: StatsAnswer = { operationName: '', period: { start: '1969-12-31T23:57:00Z', end: '1970-01-01T00:00:00Z' }, stats: { ...stats(now), services: [] }, previous: stats(before), series }
  return Object.fromEntries(redTiles(answer, 0).map((tile) => [tile.id, tile]))
}

test('each tile is compared with the period before, worse in red', () => {
  const t = tiles({ successCount: 950, errorCount: 50, errorRate: 0.05, p95Latency: 60, p99Latency: 45 }, { totalRequests: 500, successCount: 495 })
  expect([t['requests']?.value, t['success']?.value, t['errors']?.value, t['p95']?.value]).toEqual(['1,000', '95%', '5%', '60 ms'])
  const deltas = Object.entries(t).map(([id, { delta }]) => [id, delta?.direction, delta?.tone])
  expect(deltas).toEqual([
    ['requests', 'up', 'neutral'],
    ['success', 'down', 'bad'],
    ['errors', 'up', 'bad'],
    ['p50', 'flat', 'neutral'],
    ['p95', 'up', 'bad'],
    ['p99', 'down', 'good'],
  ])
})

test('without a period before, or without requests now, there is nothing to compare', () => {
  const first = tiles({}, { totalRequests: 0, successCount: 0, p95Latency: 0 })
  expect(Object.values(first).map((t) => t.delta)).toEqual([null, null, null, null, null, null])
  const silent = tiles({ totalRequests: 0, successCount: 0 }, {})
  expect(silent['requests']?.delta).toEqual({ text: '100%', direction: 'down', tone: 'neutral' })
  expect([silent['success'], silent['errors'], silent['p95']].map((t) => [t?.value, t?.delta])).toEqual([['–', null], ['–', null], ['–', null]])
})

test('a slot without requests has no rate and no latency, but a count of none', () => {
  const t = tiles({}, {}, [slot(10, 1), slot(0, 0), slot(4, 4)])
  expect(t['requests']?.trend).toEqual([10, 0, 4])
  expect(t['errors']?.trend).toEqual([0.1, null, 1])
  expect(t['success']?.trend).toEqual([0.9, null, 0])
  expect(t['p99']?.trend).toEqual([90, null, 90])
})

test('timeouts are told only where there are any', () => {
  expect(tiles({ timeoutCount: 0 }, {})['errors']?.detail).toBe('10 failed')
  expect(tiles({ timeoutCount: 3 }, {})['errors']?.detail).toBe('7 errors, 3 timeouts')
  expect(tiles({ timeoutCount: 10 }, {})['errors']?.detail).toBe('10 timeouts')
})

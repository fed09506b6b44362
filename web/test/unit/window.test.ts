import { expect, test } from 'vitest'
import { onLine, smoothPath, sparkline } from '../../src/layout/curve'
import { ticks } from '../../src/layout/ticks'
import { clampWindow, panWindow, parseWindow, place, windowText, zoomWindow } from '../../src/layout/window'
import { Palette, hues } from '../../src/model/palette'
import { redTiles, pointDelta, relativeDelta } from '../../src/model/red'
import { searchOperations, sortOperations } from '../../src/model/operations'
import type { OperationRow, StatsAnswer } from '../../src/api/types'

const extent = 1_000_000

test('ticks are round and inside', () => {
  expect(ticks(0, 100, 5)).toEqual([0, 20, 40, 60, 80, 100])
  expect(ticks(13, 47, 4)).toEqual([20, 30, 40])
  expect(ticks(5, 5, 3)).toEqual([])
})

test('zooming keeps the place under the pointer, panning stops at the ends', () => {
  expect(zoomWindow({ from: 0, to: extent }, 0.5, 0.5, extent)).toEqual({ from: 250_000, to: 750_000 })
  expect(panWindow({ from: 250_000, to: 750_000 }, 1, extent)).toEqual({ from: 500_000, to: 1_000_000 })
  expect(zoomWindow({ from: 0, to: extent }, 4, 0.5, extent)).toEqual({ from: 0, to: extent })
  expect(clampWindow({ from: 10, to: 10 }, extent).to).toBe(1010)
})

test('a window reads back from the URL; the whole flow leaves no trace', () => {
  expect(parseWindow(windowText({ from: 1000, to: 9000 }, extent), extent)).toEqual({ from: 1000, to: 9000 })
  expect(windowText({ from: 0, to: extent }, extent)).toBeNull()
  expect(parseWindow('9-1', extent)).toEqual({ from: 0, to: extent })
})

test('a span is cut at the window, or not there at all', () => {
  const window = { from: 100, to: 200 }
  expect(place(window, 50, 100)).toEqual({ left: 0, width: 0.5 })
  expect(place(window, 0, 50)).toBeNull()
})

test('paths start and end where they should', () => {
  expect(smoothPath([{ x: 0, y: 0 }, { x: 5, y: 9 }, { x: 10, y: 0 }])).toMatch(/^M0 0C.* 10 0$/)
  expect(sparkline([1, 2, null, 4], 30, 10).line.match(/M/g)).toHaveLength(2)
  expect(sparkline([], 30, 10).line).toBe('')
})

test('twelve services get twelve colours and keep them', () => {
  const palette = new Palette()
  const slots = hues.map((_, i) => palette.slot(`service-${i}`))
  expect(new Set(slots).size).toBe(hues.length)
  expect(palette.slot('service-3')).toBe(slots[3])
})

test('deltas say better or worse', () => {
  expect(relativeDelta(150, 100, 'bad')).toEqual({ text: '50%', direction: 'up', tone: 'bad' })
  expect(relativeDelta(100.1, 100, 'bad')?.direction).toBe('flat')
  expect(relativeDelta(1, 0, 'bad')).toBeNull()
  expect(pointDelta(0.99, 0.98, 'good')).toEqual({ text: '1.00 pt', direction: 'up', tone: 'good' })
})

test('an empty period shows dashes, not zeros', () => {
  const none = { totalRequests: 0, successCount: 0, errorCount: 0, timeoutCount: 0, errorRate: 0, rate: 0, avgLatency: 0, p50Latency: 0, p95Latency: 0, p99Latency: 0 }
  const tiles = redTiles({ operationName: '', period: { start: '', end: '' }, stats: { ...none, services: [] }, series: [], previous: none } satisfies StatsAnswer, 0)
  expect(tiles.map((t) => t.value)).toEqual(['0', '–', '–', '–', '–', '–'])
  expect(tiles.every((t) => t.delta === null)).toBe(true)
})

test('operations are found by every word and sorted with ties by name', () => {
  const row = (name: string, count: number) => ({ name, count, environments: ['staging'] }) as unknown as OperationRow
  const rows = [row('b', 2), row('create_vm', 9), row('a', 2)]
  expect(searchOperations(rows, 'VM stag').map((r) => r.name)).toEqual(['create_vm'])
  expect(sortOperations(rows, 'count', true).map((r) => r.name)).toEqual(['create_vm', 'a', 'b'])
  expect(sortOperations(rows, 'name', false).map((r) => r.name)).toEqual(['a', 'b', 'create_vm'])
})

test('a label sits on its line, not on the point that the line leans on', () => {
  expect(onLine([{ x: 0, y: 0 }, { x: 10, y: 20 }, { x: 20, y: 0 }], { x: 10, y: 20 })).toEqual({ x: 10, y: 10 })
  expect(onLine([{ x: 0, y: 0 }, { x: 10, y: 0 }], { x: 5, y: 0 })).toEqual({ x: 5, y: 0 })
})

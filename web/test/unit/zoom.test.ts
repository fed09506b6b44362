import { expect, test } from 'vitest'
import { arrowHead, sparkline } from '../../src/layout/curve'
import { nearest, type Direction } from '../../src/layout/nearest'
import { ticks } from '../../src/layout/ticks'
import { clampWindow, isWhole, panWindow, parseWindow, place, wholeWindow, windowText, zoomWindow } from '../../src/layout/window'
import { Random } from '../mock/random'

test('ticks are inside, evenly apart at 1, 2 or 5 of a power of ten, and about as many as wanted', () => {
  const dice = new Random(1)
  for (let n = 0; n < 500; n++) {
    const from = Math.floor(dice.next() * 1e10)
    const to = from + 10 + Math.floor(dice.next() * 10 ** (1 + dice.next() * 9))
    const wanted = 2 + Math.floor(dice.next() * 12)
    const found = ticks(from, to, wanted)
    expect(found.length).toBeLessThanOrEqual(wanted + 1)
    expect(found.length).toBeGreaterThanOrEqual(Math.floor(wanted / 2.5))
    expect(found.every((tick) => tick >= from && tick <= to)).toBe(true)
    const [a, b] = found
    if (a !== undefined && b !== undefined && b - a >= 1) expect((b - a).toString().replace(/0+$/, '')).toMatch(/^[125]$/)
  }
})

test.each([[0, 0, 5], [10, 0, 5], [0, 10, 0], [NaN, 10, 5], [0, NaN, 5]])('an axis from %d to %d with %d ticks has none', (from, to, wanted) => expect(ticks(from, to, wanted)).toEqual([]))

const extent = 1_000_000

test('however one zooms and pans, the window stays inside, and in order', () => {
  const dice = new Random(2)
  let w = wholeWindow(extent)
  for (let n = 0; n < 1000; n++) {
    w = dice.chance(0.5) ? zoomWindow(w, 0.2 + dice.next() * 2, dice.next(), extent) : panWindow(w, dice.next() * 2 - 1, extent)
    expect([w.from >= 0, w.to <= extent + 1e-6, w.to - w.from >= 999.999]).toEqual([true, true, true])
    const again = parseWindow(windowText(w, extent), extent)
    expect(Math.abs(again.from - w.from)).toBeLessThanOrEqual(1)
    expect(Math.abs(again.to - w.to)).toBeLessThanOrEqual(1)
    expect(parseWindow(windowText(again, extent), extent)).toEqual(again)
  }
})

test('zooming holds the place under the pointer and back out is where it began', () => {
  const w = { from: 200_000, to: 600_000 }
  const near = zoomWindow(w, 0.5, 0.25, extent)
  expect(near).toEqual({ from: 250_000, to: 450_000 })
  expect(zoomWindow(near, 2, 0.25, extent)).toEqual(w)
})

test.each([0, 1, 500])('a flow of %d ns has a window that can be drawn', (short) => {
  const w = clampWindow(wholeWindow(short), short)
  expect(w.to).toBeGreaterThan(w.from)
  expect(isWhole(w, short)).toBe(true)
  expect(place(w, 0, short)?.left).toBe(0)
})

test.each(['', '5', '5-5', '-5-9', 'a-b', '1e3-2e3', '5000000-6000000-1'])('%j is no window: all is shown', (text) => expect(parseWindow(text, extent)).toEqual(wholeWindow(extent)))

test('a window beyond the flow is moved into it', () => expect(parseWindow('5000000-5100000', extent)).toEqual({ from: 900_000, to: 1_000_000 }))

test.each([
  [50, 300, { left: 0, width: 1 }],
  [150, 10, { left: 0.5, width: 0.1 }],
  [190, 50, { left: 0.9, width: 0.1 }],
  [150, 0, { left: 0.5, width: 0 }],
  [201, 5, null],
  [0, 99, null],
])('a span at %d for %d in a window from 100 to 200', (offset, duration, at) => {
  const found = place({ from: 100, to: 200 }, offset, duration)
  expect(found && { left: Number(found.left.toFixed(9)), width: Number(found.width.toFixed(9)) }).toEqual(at)
})

test('every node of a grid can be reached with the arrow keys, and back', () => {
  const places = Object.fromEntries([0, 1, 2].flatMap((x) => [0, 1, 2].map((y) => [`n${x}${y}`, { x: x * 200, y: y * 60 }])))
  const go = (from: string, ...keys: Direction[]) => keys.reduce((at, key) => nearest(places, at, key) ?? at, from)
  expect(go('n00', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowDown')).toBe('n22')
  expect(go('n22', 'ArrowUp', 'ArrowLeft', 'ArrowLeft', 'ArrowUp', 'ArrowUp')).toBe('n00')
  expect(nearest(places, 'gone', 'ArrowUp')).toBe('n00')
  expect(nearest({}, 'gone', 'ArrowUp')).toBeUndefined()
})

test('an arrow head ends at the tip and opens against the way', () => {
  const [tip, a, b] = [...arrowHead([{ x: 0, y: 0 }, { x: 100, y: 0 }], 10).matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }))
  expect(tip).toEqual({ x: 100, y: 0 })
  expect([a!.x < 100, b!.x < 100, a!.y === -b!.y, a!.y !== 0]).toEqual([true, true, true, true])
  expect(arrowHead([{ x: 0, y: 0 }], 10)).toBe('')
})

test('a sparkline reaches the top at its highest, the bottom at zero, and shows a lone value', () => {
  expect(sparkline([0, 5, 10], 20, 10).line).toBe('M0 10L10 5L20 0')
  expect(sparkline([0, 0], 20, 10).line).toBe('M0 10L20 10')
  expect(sparkline([null, 3, null], 20, 10).line).toBe('M10 0L11 0')
})

import { expect, test } from 'vitest'
import { formatAgo, formatBytes, formatCount, formatMillis, formatRate, formatRatio, formatShort, plural } from '../../src/model/format'

// One below and one at each border, where rounding would carry into the next unit.
test.each([
  [0.0009994, '999 ns'],
  [0.0009996, '1 µs'],
  [0.99949, '999 µs'],
  [0.9996, '1 ms'],
  [9.994, '9.99 ms'],
  [9.996, '10 ms'],
  [99.94, '99.9 ms'],
  [99.96, '100 ms'],
  [59_940, '59.9 s'],
  [60_000, '1 m 0 s'],
  [3_599_400, '59 m 59 s'],
  [3_600_000, '1 h 0 m'],
  [90_000e3, '25 h 0 m'],
  [-61_000, '-1 m 1 s'],
])('%d ms is never written with sixty seconds or a thousand of a unit: %s', (ms, text) => expect(formatMillis(ms)).toBe(text))

test.each([null, undefined, NaN, Infinity])('%s is no duration', (ms) => expect(formatMillis(ms)).toBe('–'))

test('a longer duration never reads as a shorter one', () => {
  const units: Record<string, number> = { ns: 1e-6, µs: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 }
  const read = (text: string) => [...text.matchAll(/([\d.]+) (\S+)/g)].reduce((sum, [, n, unit]) => sum + Number(n) * (units[unit ?? ''] ?? NaN), 0)
  let before = 0
  for (let ms = 1e-6; ms < 1e9; ms *= 1.003) {
    const value = read(formatMillis(ms))
    expect(value).toBeGreaterThanOrEqual(before)
    expect(Math.abs(value / ms - 1)).toBeLessThan(0.02)
    before = value
  }
})

test.each([
  [0.0001, '0.01%'],
  [0.0999, '9.99%'],
  [0.12345, '12.3%'],
  [0.999, '99.90%'],
  [0.99994, '99.99%'],
])('a ratio of %d reads %s', (ratio, text) => expect(formatRatio(ratio)).toBe(text))

test('a flow that failed once in ten thousand is not free of errors, nor one that succeeded once without success', () => {
  for (const ratio of [1e-9, 1e-4, 0.5, 1 - 1e-4, 1 - 1e-9]) expect(['0%', '100%']).not.toContain(formatRatio(ratio))
})

test.each([
  [1 / 86_400, '0.04/h'],
  [1 / 60, '1/min'],
  [1, '1/s'],
  [2_500_000, '2.5M/s'],
])('%d a second reads %s', (rate, text) => expect(formatRate(rate)).toBe(text))

test.each([[0, '0'], [999, '999'], [1000, '1k'], [99_960, '100k'], [1_234_567, '1.23M'], [3e9, '3G']])('%d in short is %s', (count, text) => expect(formatShort(count)).toBe(text))

test('bytes, ages and plurals', () => {
  expect([0, 1023, 1536, 5 * 2 ** 30, 2 ** 60].map(formatBytes)).toEqual(['0 B', '1023 B', '1.5 KiB', '5 GiB', '1048576 TiB'])
  expect([-5000, 1999, 59_999, 60_000, 7_200_000, 172_800_000].map(formatAgo)).toEqual(['now', 'now', '59 s ago', '1 min ago', '2 h ago', '2 d ago'])
  expect([plural(1, 'span'), plural(0, 'span'), plural(1200, 'entry', 'entries')]).toEqual(['1 span', '0 spans', '1,200 entries'])
  expect(formatCount(NaN)).toBe('–')
})

import { expect, test } from 'vitest'
import { formatAge, formatCount, formatMillis, formatNanos, formatRate, formatRatio, formatShort } from '../../src/model/format'

test.each([
  [0, '0 ms'],
  [0.0000004, '0.4 ns'],
  [0.00042, '420 ns'],
  [0.457, '457 µs'],
  [1, '1 ms'],
  [1.234, '1.23 ms'],
  [23.84, '23.8 ms'],
  [999.4, '999 ms'],
  [999.6, '1 s'],
  [1500, '1.5 s'],
  [59_960, '0 m 59 s'],
  [61_000, '1 m 1 s'],
  [3_661_000, '1 h 1 m'],
  [-2.5, '-2.5 ms'],
  [NaN, '–'],
])('%d ms reads %s', (ms, text) => expect(formatMillis(ms)).toBe(text))

test('nanoseconds are converted, not rounded to milliseconds', () => expect(formatNanos(1_500)).toBe('1.5 µs'))

test.each([
  [0, '0%'],
  [0.00001, '<0.01%'],
  [0.0123, '1.23%'],
  [0.5, '50%'],
  [0.9951, '99.51%'],
  [0.99999, '>99.99%'],
  [1, '100%'],
  [NaN, '–'],
])('a ratio of %d reads %s', (ratio, text) => expect(formatRatio(ratio)).toBe(text))

test.each([
  [0, '0/s'],
  [12.34, '12.3/s'],
  [1234, '1.23k/s'],
  [0.5, '30/min'],
  [0.001, '3.6/h'],
])('%d a second reads %s', (rate, text) => expect(formatRate(rate)).toBe(text))

test('counts are grouped, or short where there is no room', () => {
  expect(formatCount(1234567)).toBe('1,234,567')
  expect(formatShort(999_900)).toBe('1M')
  expect(formatAge(7300)).toBe('2 h')
})

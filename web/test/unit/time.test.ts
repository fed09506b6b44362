import { expect, test } from 'vitest'
import { apiTime, parseMillis, parseNanos, pin, resolveRange, seenSeconds, spanOf } from '../../src/model/time'

test('nanoseconds survive, which a double would not hold', () => {
  expect(parseNanos('2026-03-01T12:00:00.123456789Z')).toBe(1772366400123456789n)
  expect(parseNanos('2026-03-01T13:00:00.5+01:00')).toBe(1772366400500000000n)
})

test.each(['', 'now', '2026-03-01', '2026-13-01T00:00:00Z', '2026-03-01T12:00:00'])('%j is no RFC 3339 time', (text) => {
  expect(parseNanos(text)).toBeUndefined()
  expect(parseMillis(text)).toBeNaN()
})

test('milliseconds keep microseconds as a fraction', () => expect(parseMillis('2026-03-01T12:00:00.000250Z') % 1).toBeCloseTo(0.25, 2))

test('a moving range is asked for as such, a fixed one exactly', () => {
  expect(apiTime({ last: '15m' })).toEqual({ start: 'now-15m', end: 'now' })
  const fixed = { start: '2026-03-01T12:00:00Z', end: '2026-03-01T13:00:00Z' }
  expect(apiTime(fixed)).toEqual(fixed)
})

test('pinning a range keeps its length', () => {
  const pinned = resolveRange(pin({ last: '6h' }, 1772366400000), 0)
  expect(pinned.end - pinned.start).toBe(6 * 3600e3)
})

test.each([['15m', 900e3], ['7d', 604800e3], ['0m', undefined], ['1w', undefined], ['-1h', undefined]])('%s spans %s ms', (text, ms) => expect(spanOf(text)).toBe(ms))

test('a rate is over what has passed of a period and was seen', () => {
  const period = { start: '2026-03-01T12:00:00Z', end: '2026-03-01T12:15:00Z' }
  const at = (text: string) => Date.parse(`2026-03-01T${text}Z`)
  expect(seenSeconds(period, at('13:00:00'))).toBe(900)
  expect(seenSeconds(period, at('12:14:20'))).toBe(860)
  expect(seenSeconds(period, at('12:14:20'), '2026-03-01T12:13:50.5Z')).toBe(29.5)
  expect(seenSeconds(period, at('12:14:20'), '2026-03-01T11:00:00Z')).toBe(860)
  expect(seenSeconds(period, at('12:00:00.1'))).toBe(1)
})

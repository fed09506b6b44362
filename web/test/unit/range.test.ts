import { expect, test } from 'vitest'
import { formatClock, formatDateTime } from '../../src/model/format'
import { defaultRange, fromLocalInput, isMoving, parseMillis, parseNanos, pin, presets, resolveRange, spanOf, toLocalInput } from '../../src/model/time'
import { changed, isDuration, parseRange, rangeChanges } from '../../src/model/view'

const now = Date.parse('2026-03-01T12:00:00Z')

test('presets are understood, distinct and from short to long', () => {
  const lengths = presets.map((p) => spanOf(p.id) ?? 0)
  expect(lengths[0]).toBe(300e3)
  expect(lengths).toEqual([...new Set(lengths)].sort((a, b) => a - b))
})

test('the default is one of the presets and leaves no trace in the URL', () => {
  expect(presets.map((p) => p.id)).toContain(isMoving(defaultRange) && defaultRange.last)
  expect(changed(new URLSearchParams('range=6h'), rangeChanges(defaultRange)).toString()).toBe('')
  expect(parseRange(new URLSearchParams(''))).toEqual(defaultRange)
})

test.each([...presets.map((p) => p.id), '90s', '999999d'])('the range %s survives the URL', (last) => {
  const query = changed(new URLSearchParams('from=2026-03-01T12:00:00Z&to=2026-03-01T13:00:00Z'), rangeChanges({ last }))
  expect(parseRange(new URLSearchParams(query.toString()))).toEqual({ last })
})

test('one kind of range takes the other out of the URL', () => {
  const fixed = changed(new URLSearchParams('range=6h'), rangeChanges({ start: 'a', end: 'b' }))
  expect(fixed.toString()).toBe('from=a&to=b')
  expect(changed(fixed, rangeChanges({ last: '6h' })).toString()).toBe('range=6h')
})

test('a fixed range wins over a moving one; half of one, an empty or a broken one does not', () => {
  const range = (text: string) => parseRange(new URLSearchParams(text))
  const [start, end] = ['2026-03-01T12:00:00.000000001Z', '2026-03-01T12:00:00.000002Z']
  expect(range(`range=6h&from=${start}&to=${end}`)).toEqual({ start, end })
  for (const text of [`from=${start}`, `to=${end}`, `from=${start}&to=${start}`, `from=${start}&to=now`]) expect(range(`range=6h&${text}`)).toEqual({ last: '6h' })
})

test('a moving range ends now and a pinned one stands still', () => {
  expect(resolveRange({ last: '15m' }, now)).toEqual({ start: now - 900e3, end: now })
  const pinned = pin({ last: '15m' }, now)
  expect(pinned).toEqual({ start: '2026-03-01T11:45:00.000Z', end: '2026-03-01T12:00:00.000Z' })
  expect(resolveRange(pinned, now + 1e9)).toEqual({ start: now - 900e3, end: now })
})

test('zones and times before 1970 are exact', () => {
  expect(parseNanos('2026-03-01T05:30:00.000000001-06:30')).toBe(BigInt(now) * 1_000_000n + 1n)
  expect(parseNanos('1969-12-31T23:59:59.999999999Z')).toBe(-1n)
  expect(parseNanos('2026-03-01T12:00:00.1234567890Z')).toBeUndefined()
})

test('neighbouring microseconds stay apart as milliseconds', () => {
  const at = (micros: string) => parseMillis(`2026-03-01T12:00:00.${micros}Z`)
  expect(at('000001')).toBeGreaterThan(at('000000'))
  expect(at('999999')).toBeLessThan(now + 1000)
})

test('local input fields give back what they were given, to the second', () => {
  for (const at of [now, Date.parse('2026-07-01T00:00:01Z')]) expect(fromLocalInput(toLocalInput(at))).toBe(new Date(at).toISOString())
  expect(fromLocalInput('')).toBeUndefined()
})

test('clocks show milliseconds without rounding into the next second', () => {
  expect(formatClock('2026-03-01T12:00:00.999999999Z')).toMatch(/:00\.999$/)
  expect(formatClock('2026-03-01T12:00:07.004Z')).toMatch(/:07\.004$/)
  expect(formatDateTime('2026-03-15T12:00:00Z')).toMatch(/^2026-03-15 \d\d:00:00\.000$/)
  expect(formatDateTime('yesterday')).toBe('–')
})

test.each([['250ms', true], ['1.5s', true], ['10µs', true], ['10us', true], ['2h', true], ['250', false], ['ms', false], ['-1s', false], ['1s2', false], ['', false]])('%j is a duration: %s', (text, is) =>
  expect(isDuration(text)).toBe(is),
)

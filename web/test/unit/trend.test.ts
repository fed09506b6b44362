import { expect, test } from 'vitest'
import { lastSlotPassed, paced } from '../../src/model/trend'

const at = (text: string) => Date.parse(`2026-03-01T${text}Z`)
const period = (start: string, end: string) => ({ start: `2026-03-01T${start}Z`, end: `2026-03-01T${end}Z` })

test.each([
  ['12:00:00', '12:15:00', 15, '12:14:45', 0.75],
  ['12:00:00', '12:15:00', 15, '12:15:00', 1],
  ['12:00:00', '13:00:00', 30, '12:59:00', 0.5],
  // The last slot may reach beyond the period.
  ['12:00:00', '12:31:00', 16, '12:31:00', 0.5],
])('from %s to %s in %d slots, at %s', (start, end, slots, now, passed) => expect(lastSlotPassed(period(start, end), slots, at(now))).toBeCloseTo(passed))

test('the open slot is no plunge', () => {
  expect(paced([10, 10, 6], 0.6)).toEqual([10, 10, 10])
  expect(paced([10, 10, 1], 0.1)).toEqual([10, 10, null])
  expect(paced([10, 10, 4], 1)).toEqual([10, 10, 4])
  expect(paced([10, 10, 4], 20)).toEqual([10, 10, 4])
  expect(paced([0, 0, 5], 0.1)).toEqual([0, 0, 5])
  expect(paced([3], 0.1)).toEqual([3])
  expect(paced([], 0.1)).toEqual([])
})
